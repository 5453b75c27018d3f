"""An import is read, shown, committed once, and taken back exactly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from skuwise.server import bulk
from skuwise.server.accounts.actor import SYSTEM, Actor, HeldGrant
from skuwise.server.audit.models import AuditEntry
from skuwise.server.catalog.models import Sku
from skuwise.server.errors import ConflictError, NotAllowedError, RefusedError
from skuwise.server.imports.committing import commit, discard, release, reverse
from skuwise.server.imports.models import ImportBatch, QuarantinedRow
from skuwise.server.imports.registry import KEPT
from skuwise.server.imports.staging import stage
from skuwise.server.sales.models import OrderLine
from skuwise.server.stock import ledger
from skuwise.server.stock.models import StockLevel

SKUS = [{"sku_id": "TEE", "name": "Tee", "brand": "Alder", "unit_price": 20.0}, {"sku_id": "CAP", "name": "Cap"}]
SALES = [
    {"date": "2026-03-01", "sku": "TEE", "qty": 2, "order_id": "A1", "line_id": "1"},
    {"date": "2026-03-02", "sku": "CAP", "qty": 1, "order_id": "A2", "line_id": "1"},
]
STOCK = [{"sku": "TEE", "on_hand": 12, "date": "2026-03-02"}, {"sku": "CAP", "on_hand": 5, "date": "2026-03-02"}]
FIRST = {"skus": SKUS, "sales": SALES, "stock": STOCK}


def _take(tables: dict[str, Any], source: str = "shop", **more: Any) -> ImportBatch:
    return commit(SYSTEM, stage(SYSTEM, tables, source, **more).pk)


def _everything() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every kept table but its database number, and the levels of stock."""
    told = {}
    for model in [*(kept.model for kept in KEPT.values()), StockLevel]:
        columns = [f.column for f in model._meta.fields if f.column not in ("id", "updated_at")]
        named = ", ".join(f'"{name}"' for name in columns)
        rows = bulk.read(f"SELECT {named} FROM {bulk.table_of(model)}").rows()
        told[model.__name__] = sorted((row for row in rows if model is not StockLevel or row[-1]), key=str)
    return told


@pytest.mark.django_db
def test_a_preview_tells_what_would_change_and_changes_nothing() -> None:
    _take(FIRST)
    before = _everything()
    batch = stage(SYSTEM, {"skus": [SKUS[0] | {"unit_price": 22.0}, SKUS[1], {"sku_id": "MUG"}]}, "shop")
    told = batch.tables["skus"]
    assert (told["new"], told["changed"], told["unchanged"], told["gone"]) == (1, 1, 1, 0)
    assert told["examples"] == [{"key": {"sku_id": "TEE"}, "from_to": {"unit_price_minor": [2000, 2200]}}]
    assert _everything() == before
    commit(SYSTEM, batch.pk)
    assert Sku.objects.get(sku_id="TEE").unit_price_minor == 2200


@pytest.mark.django_db
def test_the_same_files_twice_are_once() -> None:
    first = _take(FIRST)
    again = _take(FIRST)
    assert again.pk == first.pk
    before = _everything()
    _take({**FIRST, "channels": [{"channel_id": "web"}]})
    after = _everything()
    assert {name for name in before if before[name] != after[name]} == {"Channel"}


@pytest.mark.django_db
def test_refused_lines_are_kept_with_file_row_reason_and_content(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text("date,sku,qty\n2026-03-01,TEE,2\nnever,TEE,3\n2026-03-01,TEE,many\n")
    batch = stage(SYSTEM, tmp_path)
    assert batch.quarantined_rows == 2
    rows = list(QuarantinedRow.objects.filter(batch=batch).values_list("file", "row", "code"))
    assert rows == [("sales.csv", 3, "DAT-DATE"), ("sales.csv", 4, "DAT-NUMBER")]
    assert "'many'" in QuarantinedRow.objects.filter(batch=batch).last().reason


@pytest.mark.django_db
def test_taking_a_batch_back_restores_every_row_and_every_level() -> None:
    _take(FIRST)
    before = _everything()
    second = _take(
        {
            "skus": [SKUS[0] | {"name": "Tee, heavy"}, {"sku_id": "MUG"}],
            "sales": [SALES[0] | {"qty": 3}, SALES[0] | {"line_id": "2", "sku": "MUG"}],
            "stock": [{"sku": "TEE", "on_hand": 7, "date": "2026-03-03"}],
            "open_orders": [{"order_id": "PO1", "sku_id": "TEE", "units": 5}],
        }
    )
    assert _everything() != before
    reverse(SYSTEM, second.pk, "the wrong file")
    assert _everything() == before
    assert ledger.differences().is_empty()
    assert AuditEntry.objects.last().reason == "the wrong file"


@pytest.mark.django_db
def test_a_batch_that_a_later_one_stands_on_is_not_taken_back() -> None:
    first = _take(FIRST)
    second = _take({"skus": [SKUS[0] | {"name": "Tee, heavy"}]})
    with pytest.raises(RefusedError) as refused:
        reverse(SYSTEM, first.pk, "wrong")
    assert refused.value.code == "IMP-CHANGED-SINCE"
    assert refused.value.details["later_batches"] == [second.pk]
    reverse(SYSTEM, second.pk, "wrong")
    reverse(SYSTEM, first.pk, "wrong")
    assert not Sku.objects.exists()
    assert not any(StockLevel.objects.values_list("units", flat=True))


@pytest.mark.django_db
def test_an_order_that_its_source_no_longer_lists_is_gone_and_comes_back_with_the_reversal() -> None:
    orders = [{"order_id": "PO1", "sku_id": "TEE", "units": 5}, {"order_id": "PO2", "sku_id": "TEE", "units": 6}]
    _take({**FIRST, "open_orders": orders})
    second = _take({"open_orders": orders[1:]})
    told = KEPT["open_orders"].model.objects.values_list("order_id", flat=True)
    assert (second.tables["open_orders"]["gone"], list(told)) == (1, ["PO2"])
    reverse(SYSTEM, second.pk, "wrong")
    assert sorted(told.all()) == ["PO1", "PO2"]


@pytest.mark.django_db
def test_a_feed_that_jumps_is_held_until_a_person_lets_it_go() -> None:
    many = [{"date": "2026-03-01", "sku": f"S{n}", "qty": 1, "order_id": f"A{n}", "line_id": "1"} for n in range(100)]
    _take({"sales": many}, "feed")
    held = stage(SYSTEM, {"sales": many[:40]}, "feed")
    assert held.state == "held"
    assert held.held_reasons[0].startswith("sales: 40 rows, 100 in the last good feed")
    with pytest.raises(ConflictError, match="is held"):
        commit(SYSTEM, held.pk)
    assert OrderLine.objects.count() == 100
    release(SYSTEM, held.pk, "the shop was closed")
    assert commit(SYSTEM, held.pk).state == "committed"
    assert stage(SYSTEM, {"sales": many[:40]}, "another feed").state == "previewed"


@pytest.mark.django_db
def test_states_and_versions_are_kept_to() -> None:
    batch = stage(SYSTEM, FIRST)
    with pytest.raises(ConflictError) as conflict:
        commit(SYSTEM, batch.pk, version=batch.version + 1)
    assert conflict.value.details["version"] == batch.version
    discard(SYSTEM, batch.pk)
    with pytest.raises(ConflictError, match="discarded"):
        commit(SYSTEM, batch.pk)
    assert not Sku.objects.exists()


@pytest.mark.django_db
def test_who_may_not_import_for_the_whole_shop_imports_nothing() -> None:
    planner = Actor("pat", (HeldGrant("planner", brand="Alder"),))
    with pytest.raises(NotAllowedError):
        stage(planner, FIRST)
    with pytest.raises(RefusedError, match="no line of a table"):
        stage(SYSTEM, {})


@pytest.mark.django_db
def test_a_file_with_hostile_cells_is_data_and_no_more(tmp_path: Path) -> None:
    nasty = [
        '"=HYPERLINK(""http://x"")"',
        "<script>alert(1)</script>",
        "'; DROP TABLE sales_orderline; --",
        "a" * 190,
        "Ω≈ç√",
    ]
    lines = "\n".join(f"{text},Alder" for text in nasty)
    (tmp_path / "skus.csv").write_text(f"sku_id,brand\n{lines}\n", encoding="utf-8")
    _take(tmp_path)  # type: ignore[arg-type]
    assert Sku.objects.count() == len(nasty)
    assert Sku.objects.filter(sku_id="'; DROP TABLE sales_orderline; --").exists()


LINES = st.lists(
    st.fixed_dictionaries(
        {
            "date": st.sampled_from(["2026-03-01", "2026-03-02"]),
            "sku": st.sampled_from(["TEE", "CAP"]),
            "qty": st.integers(1, 3),
            "order_id": st.sampled_from(["A1", "A2", "A3"]),
            "line_id": st.sampled_from(["1", "2"]),
        }
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda line: (line["order_id"], line["line_id"]),
)


class PagesInAnyOrder(TestCase):
    @examples(max_examples=15, deadline=None)
    @given(LINES, st.integers(0, 7), st.booleans())
    def test_and_sent_again_end_the_same(self, lines: list[dict[str, Any]], cut: int, turned: bool) -> None:
        pages = [page for page in (lines[:cut], lines[cut:]) if page]
        for page in [*reversed(pages), *pages] if turned else [*pages, *reversed(pages)]:
            _take({"sales": page}, "pages")
        kept = OrderLine.objects.values_list("order_id", "line_id", "sku_id", "units")
        assert sorted(kept) == sorted((x["order_id"], x["line_id"], x["sku"], x["qty"]) for x in lines)


@pytest.mark.django_db(transaction=True)
def test_a_commit_that_fails_half_way_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = stage(SYSTEM, FIRST)

    def fail(*_: object, **__: object) -> int:
        raise ConnectionError("the power went")

    monkeypatch.setattr(ledger, "count", fail)
    with pytest.raises(ConnectionError):
        commit(SYSTEM, batch.pk)
    batch.refresh_from_db()
    assert (batch.state, Sku.objects.count(), OrderLine.objects.count()) == ("previewed", 0, 0)
