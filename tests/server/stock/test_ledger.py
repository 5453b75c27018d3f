"""The ledger's sum is the stock, whatever happens in whatever order."""

from __future__ import annotations

from datetime import date, timedelta
from threading import Barrier, Thread

import polars as pl
import pytest
from django.db import connection
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from skuwise.server.accounts.actor import SYSTEM
from skuwise.server.errors import ConflictError
from skuwise.server.stock import ledger
from skuwise.server.stock.ledger import Movement
from skuwise.server.stock.models import MovementKind, StockLevel, StockMovement, StockState

DAY = date(2026, 5, 1)


def _receipt(units: int, key: str, sku: str = "TEE", day: date = DAY) -> Movement:
    return Movement(sku, "MAIN", StockState.ON_HAND, units, MovementKind.RECEIPT, key, day)


def _counted(units: int, sku: str = "TEE", day: date = DAY) -> pl.DataFrame:
    return pl.DataFrame({"sku_id": [sku], "location_id": ["MAIN"], "date": [day], "on_hand_units": [units]})


def _level(sku: str = "TEE", state: str = StockState.ON_HAND) -> int:
    return sum(StockLevel.objects.filter(sku_id=sku, state=state).values_list("units", flat=True))


@pytest.mark.django_db
def test_a_movement_happens_once_however_often_it_is_asked_for() -> None:
    assert ledger.post(SYSTEM, [_receipt(5, "r1"), _receipt(7, "r2")]) == 2
    assert ledger.post(SYSTEM, [_receipt(5, "r1"), _receipt(1, "r3")]) == 1
    assert (_level(), StockMovement.objects.count()) == (13, 3)
    assert ledger.differences().is_empty()


@pytest.mark.django_db
def test_two_different_movements_may_not_share_a_key() -> None:
    with pytest.raises(ValueError, match="'r1'"):
        ledger.post(SYSTEM, [_receipt(5, "r1"), _receipt(6, "r1")])


@pytest.mark.django_db
def test_what_is_not_there_cannot_be_taken_and_nothing_of_the_rest_happens() -> None:
    ledger.post(SYSTEM, [_receipt(5, "r1")])
    with pytest.raises(ConflictError) as refused:
        ledger.post(SYSTEM, [_receipt(9, "r2", "CAP"), _receipt(-6, "r3")])
    assert refused.value.code == "LED-BELOW-NOTHING"
    assert "TEE at MAIN has 5 units on hand: 6 cannot be taken" in refused.value.message
    assert (_level(), _level("CAP")) == (5, 0)


@pytest.mark.django_db
def test_a_count_corrects_the_ledger_and_what_came_after_the_day_stands_beside_it() -> None:
    ledger.post(SYSTEM, [_receipt(10, "r1"), _receipt(4, "r2", day=DAY + timedelta(days=1))])
    assert ledger.count(SYSTEM, 1, _counted(8)) == 1, "ten were believed at the end of the day, eight lay there"
    assert _level() == 12, "the four of the next day were not in the count"
    assert ledger.count(SYSTEM, 2, _counted(12, day=DAY + timedelta(days=1))) == 0
    assert ledger.differences().is_empty()


@pytest.mark.django_db
def test_an_import_taken_back_leaves_the_level_of_before_once() -> None:
    ledger.post(SYSTEM, [_receipt(10, "r1")])
    ledger.count(SYSTEM, 7, _counted(3))
    assert ledger.reverse(SYSTEM, 7, "the wrong file") == 1
    assert ledger.reverse(SYSTEM, 7, "the wrong file") == 0
    assert _level() == 10
    assert ledger.differences().is_empty()


@pytest.mark.django_db
def test_a_changed_level_or_a_lost_movement_is_found() -> None:
    ledger.post(SYSTEM, [_receipt(10, "r1")])
    StockLevel.objects.update(units=11)
    assert ledger.differences().rows() == [("TEE", "MAIN", "on_hand", 11, 10)]


class AnySequence(TestCase):
    @examples(max_examples=25, deadline=None)
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["post", "count", "reverse"]),
                st.sampled_from("ab"),
                st.integers(-5, 9),
                st.integers(0, 2),
            ),
            max_size=12,
        )
    )
    def test_keeps_the_sum_of_the_ledger_equal_to_the_stock(self, steps: list[tuple[str, str, int, int]]) -> None:
        for place, (what, sku, units, later) in enumerate(steps):
            day = DAY + timedelta(days=later)
            try:
                if what == "post":
                    ledger.post(SYSTEM, [_receipt(units, f"k{place}", sku, day)])
                elif what == "count":
                    ledger.count(SYSTEM, place, _counted(abs(units), sku, day))
                else:
                    ledger.reverse(SYSTEM, abs(units), "")
            except ConflictError:
                pass
            assert ledger.differences().is_empty(), steps


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_lose_nothing_and_never_lock_each_other_out() -> None:
    ledger.post(SYSTEM, [_receipt(30, f"start-{sku}", sku) for sku in ("a", "b")])
    start, refused = Barrier(50), []

    def take(number: int) -> None:
        order = ("a", "b") if number % 2 else ("b", "a")
        start.wait()
        try:
            ledger.post(SYSTEM, [_receipt(-1, f"take-{number}-{sku}", sku) for sku in order])
        except ConflictError:
            refused.append(number)
        finally:
            connection.close()

    threads = [Thread(target=take, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(refused) == 20, "thirty pieces serve thirty"
    assert (_level("a"), _level("b")) == (0, 0)
    assert ledger.differences().is_empty()
