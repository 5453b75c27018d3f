"""Alarms about stock, returns, prices and feeds: what rings, what must not, and how often by chance."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from skuwise.core.catalog.inputs import Feeds, PlanInputs
from skuwise.core.monitoring import feed, feed_days, supplier
from skuwise.core.monitoring.alarm import KINDS, Monitor
from skuwise.core.monitoring.dead_and_excess import dead_and_excess
from skuwise.core.monitoring.lead_time_drift import lead_time_drift
from skuwise.core.monitoring.price_change import price_change
from skuwise.core.monitoring.returns import returns_jump, run_of_returns
from skuwise.core.monitoring.stock_record import stock_record
from skuwise.core.monitoring.stockout_ahead import stockout_ahead
from skuwise.core.monitoring.supplier import late_supplier, orders_overdue, short_supplier
from skuwise.core.monitoring.watch import MONITORS
from tests.builders import AS_OF, Item
from tests.monitored import STEADY, seen_of, told

# Dead stock and excess.


def test_stock_is_dead_after_half_a_year_without_a_sale_unless_it_always_sold_seldom() -> None:
    dead, slow = [3] * 70 + [0] * 34, ([1] + [0] * 12) * 8
    seen = seen_of(
        [Item("DEAD", dead, on_hand=40), Item("SLOW", slow, on_hand=4), Item("SOLD", STEADY, on_hand=40)],
        settings_={"dead_stock_weeks_min": 12},
    )
    assert told(dead_and_excess, seen)["dead_stock"] == ["DEAD"]
    alarms = dead_and_excess(seen)
    (row,) = np.flatnonzero(alarms.kind == "dead_stock")
    assert alarms.money_minor[row] == 40_000
    assert alarms.facts[row, :2].tolist() == [40.0, 34.0]
    assert alarms.since[row] == np.datetime64(AS_OF) - 34 * 7


def test_excess_is_what_lies_or_is_ordered_beyond_the_weeks_it_may_last() -> None:
    items = [
        Item("OVER", STEADY, on_hand=400),
        Item("ORDERED", STEADY, on_hand=100, due=[(300, 10)]),
        Item("WELL", STEADY, on_hand=200),
    ]
    seen = seen_of(items)
    assert told(dead_and_excess, seen) == {"excess": ["OVER", "ORDERED"]}
    alarms = dead_and_excess(seen)
    over, weeks, in_all, on_order = alarms.facts[0, :4]
    assert weeks == 26.0
    assert over == pytest.approx(140, abs=3)
    assert in_all == pytest.approx(40, abs=1)
    assert on_order == 0
    assert alarms.money_minor[0] == over * 1000
    assert alarms.facts[1, 3] == pytest.approx(140, abs=3)


def test_excess_is_offered_to_the_locations_that_would_buy_it() -> None:
    seen = seen_of([Item("A", STEADY, location="EAST", on_hand=400), Item("A", STEADY, location="WEST", on_hand=0)])
    alarms = dead_and_excess(seen)
    assert alarms.item.tolist() == [0]
    assert alarms.facts[0, 4] == seen.columns["order_quantity_units"][1] > 0


def test_a_large_lot_that_the_plan_itself_would_buy_is_no_excess() -> None:
    seen = seen_of([Item("LOT", STEADY, on_hand=500, moq=500)])
    assert told(dead_and_excess, seen) == {}


# Returns.


def returned(weekly: Sequence[int]) -> Callable[[PlanInputs], PlanInputs]:
    def change(inputs: PlanInputs) -> PlanInputs:
        units = np.zeros_like(inputs.history.sales_units)
        units[0, -len(weekly) :] = weekly
        return replace(inputs, history=replace(inputs.history, returned_units=units))

    return change


def test_returns_that_double_and_more_are_told_with_what_they_cost() -> None:
    items = [Item("A", [50] * 104, on_hand=100), Item("B", [50] * 104, on_hand=100)]
    seen = seen_of(items, change=returned([2, 3] * 46 + [9, 8, 10, 9, 8, 11, 9, 10, 9, 8]))
    assert told(returns_jump, seen) == {"returns_jump": ["A"]}
    alarm = returns_jump(seen)
    units, weeks, share, usual = alarm.facts[0, :4]
    assert weeks == pytest.approx(10, abs=2)
    assert share == pytest.approx(0.18, abs=0.04)
    assert usual == pytest.approx(0.05, abs=0.01)
    assert alarm.money_minor[0] == pytest.approx((units - usual * 50 * weeks) * 2000, rel=0.02)


def test_as_many_returns_as_ever_are_no_jump_and_neither_are_those_after_a_peak_of_sales() -> None:
    peak = [50] * 90 + [250] * 6 + [50] * 8
    cases: list[tuple[list[int], list[int]]] = [
        ([50] * 104, [2, 3] * 52),
        (peak, [2, 3] * 45 + [5, 7, 9, 12, 13, 12] + [10, 8, 6, 4, 3, 2, 3, 2]),
    ]
    for sales, back in cases:
        assert told(returns_jump, seen_of([Item("A", sales, on_hand=100)], change=returned(back))) == {}


def test_steady_returns_jump_by_chance_less_than_once_in_fifty_years() -> None:
    rng = np.random.Generator(np.random.Philox(13))
    items, years, spread = 400, 4, 1.6
    threshold, rung = math.log(50 * 52), 0
    for mean in (0.2, 1.0, 5.0):
        expected = np.full((items, 52 * years), mean)
        back = rng.negative_binomial(mean / (spread - 1), 1 / spread, expected.shape).astype(np.float64)
        ringing = np.zeros(items, bool)
        for week in range(26, expected.shape[1] + 1, 2):
            run = run_of_returns(back[:, week - 26 : week], expected[:, week - 26 : week], spread, threshold)
            now = run.evidence >= threshold
            rung += int((now & ~ringing).sum())
            ringing = now
    assert rung / (3 * items * years) <= 0.02


# Prices.


def paid(weekly: Sequence[float]) -> Callable[[PlanInputs], PlanInputs]:
    def change(inputs: PlanInputs) -> PlanInputs:
        prices = np.full(inputs.history.sales_units.shape, np.nan, np.float32)
        prices[0, -len(weekly) :] = weekly
        return replace(inputs, history=replace(inputs.history, paid_price_minor=prices))

    return change


NAN = float("nan")


@pytest.mark.parametrize(
    ("weekly", "rings"),
    [
        ([1000] * 30 + [1250] * 4, True),
        ([1000, NAN] * 15 + [1250, NAN, 1250], True),
        ([1000] * 30 + [800] * 4, True),
        ([1000] * 34, False),
        ([1000] * 33 + [1250], False),  # One week may be a mistake.
        ([1000] * 30 + [1050] * 4, False),  # A small step.
        ([1000] * 30 + [1250] * 3 + [1000], False),  # It has not stayed.
        ([1000, 1250] * 16 + [1250] * 2, False),  # Prices that wander.
        ([1000] * 10 + [1250] * 24, False),  # Old news.
    ],
)
def test_a_price_that_moved_and_stayed_is_told(weekly: list[float], rings: bool) -> None:
    seen = seen_of([Item("A", STEADY, on_hand=100), Item("B", STEADY, on_hand=100)], change=paid(weekly))
    assert told(price_change, seen) == ({"price_change": ["A"]} if rings else {})


def test_a_price_change_tells_before_after_and_since() -> None:
    alarm = price_change(seen_of([Item("A", STEADY, on_hand=100)], change=paid([1000] * 30 + [1250] * 4)))
    assert alarm.facts[0, :4].tolist() == [1000.0, 1250.0, 0.25, 4.0]
    assert alarm.since[0] == np.datetime64(AS_OF) - 28
    # A quarter of the price on thirteen weeks of ten units.
    assert alarm.money_minor[0] == pytest.approx(250 * 130, rel=0.02)


# Stock records.


def test_stock_records_that_cannot_be_right_are_told() -> None:
    items = [
        Item("NEGATIVE", STEADY, on_hand=-3),
        Item("OLD", STEADY, on_hand=50),
        Item("FROZEN", STEADY, on_hand=50),
        Item("HUGE", STEADY, on_hand=6000),
        Item("WELL", STEADY, on_hand=40),
    ]
    counted = np.full((5, 104), np.nan, np.float32)
    counted[2, -8:] = 50
    counted[3, -20:] = 60
    counted[4, -8:] = [60, 50, 40, 90, 80, 70, 60, 50]
    age = np.array([1, 60, 1, 1, 1])

    def change(inputs: PlanInputs) -> PlanInputs:
        return replace(
            inputs,
            stock=replace(inputs.stock, counted_days_ago=age),
            history=replace(inputs.history, on_hand_units_mean=counted),
        )

    assert told(stock_record, seen_of(items, change=change)) == {
        "stock_negative": ["NEGATIVE"],
        "count_old": ["OLD"],
        # HUGE too stood still until its count went wrong.
        "stock_frozen": ["FROZEN", "HUGE"],
        "stock_implausible": ["HUGE"],
    }


# Feeds.


def fed(daily: np.ndarray, units_a_row: float = 2.0, price: int = 1000) -> Callable[[PlanInputs], PlanInputs]:
    rows = daily.astype(np.int64)
    units = np.rint(rows * units_a_row).astype(np.int64)
    nothing = np.empty(0, np.int64)
    return lambda inputs: replace(inputs, feeds=Feeds(rows, units, units * price, nothing, nothing))


def days_of(weeks: int = 104, rows_a_day: int = 100, seed: int = 5) -> np.ndarray:
    return np.random.Generator(np.random.Philox(seed)).poisson(rows_a_day, weeks * 7)


FEED_ITEMS = [Item(f"S{number}", STEADY, on_hand=100) for number in range(8)]


def test_a_doubled_a_halved_and_a_cut_feed_ring_and_an_ordinary_week_does_not() -> None:
    for factor, rings in ((1.0, False), (2.0, True), (0.5, True), (1.1, False)):
        daily = days_of().astype(np.float64)
        daily[-7:] *= factor
        found = told(feed.feed_jumps, seen_of(FEED_ITEMS, change=fed(daily)))
        assert found == ({"feed_jump": ["sales"]} if rings else {}), factor


def test_cartons_counted_as_pieces_and_another_currency_ring() -> None:
    daily = days_of()
    inputs_change = fed(daily)

    def cartons(inputs: PlanInputs) -> PlanInputs:
        made = inputs_change(inputs)
        assert made.feeds is not None
        units = made.feeds.sales_units.copy()
        units[-7:] *= 12
        return replace(made, feeds=replace(made.feeds, sales_units=units, sales_value_minor=units * 1000))

    def currency(inputs: PlanInputs) -> PlanInputs:
        made = inputs_change(inputs)
        assert made.feeds is not None
        value = made.feeds.sales_value_minor.copy()
        value[-7:] *= 7
        return replace(made, feeds=replace(made.feeds, sales_value_minor=value))

    assert told(feed.feed_jumps, seen_of(FEED_ITEMS, change=cartons)) == {"feed_units": ["sales"]}
    assert told(feed.feed_jumps, seen_of(FEED_ITEMS, change=currency)) == {"feed_prices": ["sales"]}


def test_one_item_that_fills_the_feed_rings() -> None:
    items = [*FEED_ITEMS[:-1], Item("TYPO", [10] * 103 + [10_000], on_hand=100)]
    assert told(feed.feed_jumps, seen_of(items, change=fed(days_of()))) == {"feed_one_item": ["sales"]}


def test_a_christmas_that_was_there_last_year_does_not_ring() -> None:
    week = np.arange(104)
    shape = np.where(week % 52 == 50, 2.5, np.where(week % 52 == 51, 0.3, 1.0))
    rows = np.random.Generator(np.random.Philox(6)).poisson(700 * shape).astype(np.float64)
    for last in (103, 104):
        jump = feed.jump_of(rows[:last], None, rows[:last], 52)
        assert jump is not None
        assert not feed.is_told(jump, 0.3), last
    first = feed.jump_of(rows[:51], None, rows[:51], 52)
    assert first is not None
    assert feed.is_told(first, 0.3)


def test_a_steady_feed_of_two_known_years_rings_at_most_once_in_two_years() -> None:
    for season, noise in ((0.0, 0.05), (0.3, 0.1), (0.6, 0.15)):
        rung, weeks = 0, 0
        for number in range(12):
            rng = np.random.Generator(np.random.Philox(key=[14, number]))
            week = np.arange(208)
            mean = 2000 * (1 + season * np.sin(2 * np.pi * week / 52)) * np.exp(rng.normal(0, noise, 208))
            rows, ringing = rng.poisson(mean).astype(np.float64), False
            for last in range(110, 209):
                jump = feed.jump_of(rows[:last], None, rows[:last], 52)
                now = jump is not None and feed.is_told(jump, 0.3)
                rung, weeks, ringing = rung + (now and not ringing), weeks + 1, now
        assert rung / (weeks / 52) <= 0.5, (season, noise)


def test_a_missing_day_rings_where_the_shop_never_closes_and_not_where_it_does() -> None:
    daily = days_of()
    daily[-4] = 0
    assert told(feed_days.feed_days, seen_of(FEED_ITEMS, change=fed(daily))) == {"feed_days_missing": ["sales"]}
    closed = days_of()
    closed[-4] = 0
    closed[[-100, -200, -300]] = 0
    assert told(feed_days.feed_days, seen_of(FEED_ITEMS, change=fed(closed))) == {}
    closed[-5] = 0
    assert told(feed_days.feed_days, seen_of(FEED_ITEMS, change=fed(closed))) == {"feed_days_missing": ["sales"]}
    weekdays = days_of()
    weekdays[5::7] = weekdays[6::7] = 0
    assert told(feed_days.feed_days, seen_of(FEED_ITEMS, change=fed(weekdays))) == {}


def test_a_feed_that_has_stopped_is_told_as_such_and_not_as_missing_days() -> None:
    daily = days_of()
    daily[-3:] = 0
    assert told(feed_days.feed_days, seen_of(FEED_ITEMS, change=fed(daily))) == {"feed_stale": ["sales"]}


def test_stock_counts_that_no_longer_come_are_told() -> None:
    nothing = np.empty(0, np.int64)
    weekly = np.zeros(104 * 7, np.int64)
    weekly[6::7] = 40

    def counted(rows: np.ndarray) -> Callable[[PlanInputs], PlanInputs]:
        return lambda inputs: replace(inputs, feeds=Feeds(nothing, nothing, nothing, rows, nothing))

    assert told(feed_days.feed_days, seen_of(FEED_ITEMS, change=counted(weekly))) == {}
    stopped = weekly.copy()
    stopped[-20:] = 0
    assert told(feed_days.feed_days, seen_of(FEED_ITEMS, change=counted(stopped))) == {"feed_stale": ["stock"]}


# All of them.


def test_a_shop_of_which_nothing_more_is_known_rings_no_bell_of_supply() -> None:
    seen = seen_of([Item("A", STEADY, on_hand=100)])
    own = (*MONITORS_OF_SUPPLY,)
    assert {name for monitor in own for name in told(monitor, seen)} == set()


MONITORS_OF_SUPPLY: tuple[Monitor, ...] = (
    stockout_ahead,
    orders_overdue,
    late_supplier,
    short_supplier,
    lead_time_drift,
    returns_jump,
    price_change,
    dead_and_excess,
    stock_record,
    feed.feed_jumps,
    feed_days.feed_days,
)


def test_every_monitor_of_supply_is_looked_at_when_a_plan_is_watched() -> None:
    assert set(MONITORS_OF_SUPPLY) <= set(MONITORS)


def test_an_alarm_of_little_money_is_not_raised() -> None:
    items = [Item("DRY", STEADY, on_hand=5, lead_days=28.0)]
    for least, expected in ((0, {"stockout_too_late": ["DRY"]}), (10**9, {})):
        assert told(stockout_ahead, seen_of(items, settings_={"alarm_money_minor_min": least})) == expected


def test_a_test_that_states_a_rate_states_it_in_words() -> None:
    tested = {"late_supplier", "short_supplier", "lead_time_drift", "returns_jump", "feed_jump", "feed_units"}
    assert all(KINDS[name].false_alarms for name in tested)
    assert supplier.ORDERS_OVERDUE.false_alarms == ""
