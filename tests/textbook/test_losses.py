"""Losses by hand: what an empty shelf cannot sell before the receipt is not ordered; paths that keep their moments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from skuwise.core.forecast.paths import PATHS, demand_strata, path_tables
from skuwise.core.periods import DAYS_PER_YEAR
from skuwise.core.plan import plan
from skuwise.core.policy.levels import COST, LOST, SERVICE_MEASURES, UNMET_DEMAND, critical_ratio
from skuwise.core.policy.losses import position_relief
from skuwise.core.quantities import ceil_units
from skuwise.core.steps import STEPS
from tests.builders import Item, inputs_of, plain_rules, row

WEEK = 7
MEASURES = ["fill_rate", "cycle_service_level", "cost"]


def walked(
    on_hand: int,
    due: list[int] = [0],  # noqa: B006 - read only
    *,
    weekly: float = 4_000.0,
    sd: float = 0.1,
    lead: float = 14.0,
    lead_sd: float = 0.0,
    safety: float = 0.0,
    measure: str = "fill_rate",
    unmet: str = "lost",
    backlog: int = 0,
) -> tuple[int, float, float]:
    """Relief, lost units and chance of one item with flat demand and weekly reviews; nearly certain by default."""
    periods = lead / WEEK
    columns: dict[str, Any] = {
        "on_hand_units": on_hand,
        "reserved_units": 0,
        "backlog_units": backlog,
        "stock_known": True,
        "awaited_units": np.array([due]),
        "inventory_position_units": on_hand - backlog + sum(due[: int(np.ceil(periods + 1))]),
        "reorder_point_units": ceil_units(np.array([(periods + 1) * weekly + safety])),
        "unmet_demand": UNMET_DEMAND.index(unmet),
        "service_measure": SERVICE_MEASURES.index(measure),
        "critical_ratio_share": 0.9 if measure == "cost" else np.nan,
        "safety_stock_units": safety,
        "cover_mean_units": (periods + 1) * weekly,
        "cover_sd_units": np.sqrt((periods + 1) * sd**2 + (weekly / WEEK * lead_sd) ** 2),
        "undershoot_mean_units": 0.0,
        "lead_mean_units": periods * weekly,
        "lead_sd_units": np.sqrt(periods * sd**2 + (weekly / WEEK * lead_sd) ** 2),
        "daily_mean_units": weekly / WEEK,
        "lead_time_days_mean": lead,
        "lead_time_days_sd": lead_sd,
        "protection_interval_days": lead + WEEK,
        "mean_units": np.full((1, 26), weekly),
        "period_days": WEEK,
    }
    inputs = STEPS["position_relief_units"].inputs
    assert set(inputs) == set(columns)
    given = [columns[name] if name == "period_days" else np.atleast_1d(columns[name]) for name in inputs]
    relief, lost, chance = position_relief(*given)
    return int(relief[0]), float(lost[0]), float(chance[0])


# --- by hand: four packs of 1,000 a week, two weeks of lead time


def test_a_shelf_that_runs_empty_does_not_sell_what_is_then_wanted() -> None:
    # 5 packs, 8 wanted in the lead time: 3 are lost. The order is 4 for the week after, and not 3 × 4 − 5 = 7.
    relief, lost, chance = walked(5_000)
    assert (relief, round(lost), round(chance, 9)) == (3_000, 3_000, 1.0)


def test_nothing_is_lost_and_nothing_relieved_where_the_shelf_lasts() -> None:
    assert walked(8_002) == (0, 0.0, 0.0)


def test_what_arrives_in_time_is_sold_and_what_arrives_too_late_is_not_missed_any_less() -> None:
    # 1 pack today, 7 due in a week: 3 are lost in the first week, and all of the second week's 4 are served.
    assert walked(1_000, [0, 7_000])[0] == 3_000
    # The same 8 packs, all here today: enough.
    assert walked(8_002, [0, 0])[0] == 0
    # 7 due after today's order has come: the shelf is empty for 7 of 8 packs of demand until then.
    assert walked(1_000, [0, 0, 7_000])[0] == 7_000


def test_what_is_overdue_counts_as_there() -> None:
    assert walked(1_000, [4_000, 0]) == walked(5_000)


def test_customers_who_wait_are_no_loss() -> None:
    assert walked(5_000, unmet="backordered") == (0, 0.0, 0.0)


def test_a_backlog_is_served_from_the_next_receipt_and_until_then_nothing_is_sold() -> None:
    # 2 packs owed, 6 due in a week: a week's 4 are lost, then 6 − 2 serve the second week.
    assert walked(0, [0, 6_000], backlog=2_000)[0] == 4_000


def test_a_part_of_a_period_sells_its_part() -> None:
    # 10.5 days: 6 packs wanted, 5 there.
    relief, lost, _ = walked(5_000, lead=10.5)
    assert (relief, round(lost)) == (1_000, 1_000)


def test_a_lead_time_that_varies_loses_on_average_what_its_late_receipts_lose() -> None:
    # Enough for the mean lead time, so that every loss is of a late receipt: E[(L − 2 weeks)+] × 4 packs.
    rng = np.random.default_rng(0)
    weeks = rng.gamma((14 / 5) ** 2, 25 / 14, 400_000) / 7
    expected = 4_000 * np.maximum(weeks - 2, 0).mean()
    assert walked(8_000, lead_sd=5.0)[1] == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("measure", MEASURES)
def test_the_order_is_that_of_a_newsvendor_on_what_will_be_left(measure: str) -> None:
    # The shelf is sure to be empty at the receipt: what is ordered faces the review period's demand alone.
    weekly, sd = 400.0, 80.0
    relief, _, _ = walked(0, weekly=weekly, sd=sd, safety=150.0, measure=measure)
    order = ceil_units(np.array([3 * weekly + 150.0]))[0] - relief
    draws = np.random.default_rng(1).gamma((weekly / sd) ** 2, sd**2 / weekly, (400_000, 3))
    total, earlier, after = draws.sum(axis=1), draws[:, :2].sum(axis=1), draws[:, 2]
    level = 3 * weekly + 150.0
    if measure == "fill_rate":
        allowed = (np.maximum(total - level, 0) - np.maximum(earlier - level, 0)).mean()
        left = np.maximum(after - order, 0).mean(), np.maximum(after - order + 2, 0).mean()
    else:
        begun = (earlier <= level).mean() if measure == "cost" else 1.0
        allowed = 1 - (total <= level).mean() / begun
        left = (after > order + 1).mean(), (after > order - 3).mean()
    assert left[0] <= allowed * 1.02 and allowed * 0.98 <= left[1]


def test_an_order_in_the_plan_is_level_less_position_less_relief() -> None:
    rules = plain_rules(service_target=0.95)
    found = row(plan(inputs_of([Item("A", [10, 12, 9, 11] * 20, lead_days=28, on_hand=12)]), rules), "A")
    assert found["position_relief_units"] > 20  # four weeks want 42 and 12 are there
    assert found["order_quantity_units"] == found["order_up_to_level_units"] - 12 - found["position_relief_units"]
    assert found["cap_units"] > found["order_quantity_units"]
    waits = plain_rules(service_target=0.95, unmet_demand="backordered")
    other = row(plan(inputs_of([Item("A", [10, 12, 9, 11] * 20, lead_days=28, on_hand=12)]), waits), "A")
    assert other["position_relief_units"] == 0
    assert other["order_up_to_level_units"] == found["order_up_to_level_units"]


def test_an_order_of_a_lot_is_not_put_off_because_the_shelf_will_be_empty() -> None:
    item = Item("A", [10, 12, 9, 11] * 20, lead_days=28, on_hand=12, order_cost_minor=50_000)
    found = row(plan(inputs_of([item]), plain_rules()), "A")
    assert found["lot_units"] > found["review_mean_units"]
    assert found["lost_before_receipt_units"] > 20
    assert (found["position_relief_units"], found["order_quantity_units"] > 0) == (0, True)


# --- paths


@pytest.mark.parametrize(
    ("mean", "variance"),
    [(0.3, 0.3), (2.0, 2.0), (2.0, 9.0), (10.0, 10.0), (20.0, 60.0), (31.9, 900.0), (40.0, 40.0), (1e6, 1e10)],
)
def test_strata_keep_the_mean_and_all_but_the_far_tail_of_the_variance(mean: float, variance: float) -> None:
    units = demand_strata(mean, variance)
    assert units.mean() == pytest.approx(mean, rel=1e-9)
    assert 0.97 * variance <= units.var() <= 1.005 * variance
    assert (np.diff(units) >= 0).all()
    assert units[0] >= 0


def test_sums_over_periods_have_the_variance_of_independent_periods() -> None:
    orders = path_tables().orders
    for mean, variance in [(2.0, 9.0), (10.0, 10.0), (100.0, 400.0)]:
        units = demand_strata(mean, variance)
        total = sum(units[orders[source]] for source in (0, 2, 3, 4))
        assert total.var() == pytest.approx(4 * variance, rel=0.05)


def test_every_source_of_luck_meets_every_stratum_once() -> None:
    for order in path_tables().orders:
        assert sorted(order.tolist()) == list(range(PATHS))


# --- money


def ratio(**terms: Any) -> float:
    """Critical ratio of ten a week at 30 for what cost 20; four weeks of lead time."""
    given = {
        "service_measure": COST,
        "unmet_demand": 1 - LOST,
        "unit_price_minor": 3_000,
        "unit_cost_minor": 2_000,
        "shortage_cost_minor": -1,
        "shortage_cost_share_of_margin": 1.0,
        "holding_cost_share_per_year": 0.25,
        "cycle_quantity_units": 10.0,
        "daily_mean_units": 10 / 7,
        "review_period_days": 7,
        "lead_time_days_mean": 28.0,
        "review_mean_units": 10.0,
        "lead_sd_units": 8.0,
        "protection_sd_units": 9.0,
    } | terms
    return float(critical_ratio(*(np.array([given[name]]) for name in STEPS["critical_ratio_share"].inputs))[0])


def test_the_critical_ratio_is_shortage_over_shortage_and_holding() -> None:
    holding = 2_000 * 0.25 * 7 / DAYS_PER_YEAR
    assert ratio() == pytest.approx(1_000 / (1_000 + holding))
    assert ratio(shortage_cost_share_of_margin=2.0) == pytest.approx(2_000 / (2_000 + holding))
    assert ratio(shortage_cost_minor=500) == pytest.approx(500 / (500 + holding))
    assert ratio(shortage_cost_minor=500, unit_price_minor=-1) == pytest.approx(500 / (500 + holding))


def test_a_lot_of_many_weeks_waits_as_long_and_leaves_fewer_cycles_to_run_out_in() -> None:
    # Hadley & Whitin: p(out) = h Q ÷ (b D + h Q), a year's figures: Q = 130, D = 10 × 365 ÷ 7, h = 500.
    yearly = 10 * DAYS_PER_YEAR / 7
    assert 1 - ratio(cycle_quantity_units=130.0) == pytest.approx(500 * 130 / (1_000 * yearly + 500 * 130))


def test_money_cannot_say_without_cost_or_price_or_where_nothing_is_earned() -> None:
    for terms in (
        {"unit_price_minor": -1},
        {"unit_cost_minor": -1},
        {"unit_price_minor": 2_000},
        {"unit_price_minor": 1_500},
        {"service_measure": SERVICE_MEASURES.index("fill_rate")},
    ):
        assert np.isnan(ratio(**terms)), terms


def test_where_sales_are_lost_a_long_lead_time_makes_a_shortage_cost_less_and_none_makes_no_difference() -> None:
    lost = {"unmet_demand": LOST}
    assert ratio(**lost) < ratio(**lost, lead_time_days_mean=3.0) < ratio(**lost, lead_time_days_mean=0.0) == ratio()


def planned_by_money(**terms: Any) -> dict[str, Any]:
    rules = {"service_measure": "cost"} | terms.pop("rules", {})
    made = plan(inputs_of([Item("A", [10, 14, 6, 10] * 20, lead_days=14, **terms)]), plain_rules(**rules))
    return row(made, "A") | {"codes": [finding.code for finding in made.findings]}


def test_where_holding_is_dear_money_wants_less_than_the_expected_demand_unless_a_rule_sets_a_least() -> None:
    dear = {"holding_cost_share_per_year": 5.0, "shortage_cost_minor": 20}
    found = planned_by_money(rules=dear)
    assert found["critical_ratio_share"] < 0.5
    assert found["safety_stock_units"] < 0
    assert 0 <= found["reorder_point_units"] < found["cover_mean_units"]
    assert planned_by_money(rules=dear | {"safety_stock_units_min": 3})["safety_stock_units"] == 3


def test_where_money_cannot_say_the_service_target_stands_in_and_it_is_told() -> None:
    found = planned_by_money(price_minor=-1)
    promised = planned_by_money(price_minor=-1, rules={"service_measure": "fill_rate"})
    assert found["safety_stock_units"] == promised["safety_stock_units"] > 0
    assert "POL-007" in found["codes"]
    assert "POL-007" not in promised["codes"]
    assert "POL-007" not in planned_by_money()["codes"]


# --- orders that never arrive


def test_of_what_a_supplier_often_fails_to_deliver_only_the_rest_counts() -> None:
    items = [
        Item("SURE", [10] * 60, lead_days=28, due=[(40, 8)], undelivered=0.0),
        Item("OFTEN", [10] * 60, lead_days=28, due=[(40, 8)], undelivered=0.25),
    ]
    made = plan(inputs_of(items), plain_rules())
    sure, often = row(made, "SURE"), row(made, "OFTEN")
    assert (sure["undelivered_share"], often["undelivered_share"]) == (0, 0.25)
    assert (sure["on_order_in_time_units"], often["on_order_in_time_units"]) == (40, 30)
    assert (sure["inventory_position_units"], often["inventory_position_units"]) == (40, 30)
    assert often["on_order_units"] == 40
    assert often["lost_before_receipt_units"] > sure["lost_before_receipt_units"]
    assert often["order_quantity_units"] > sure["order_quantity_units"]


def test_an_empty_shelf_before_a_large_receipt_is_a_stockout_though_the_receipt_covers_all() -> None:
    late = Item("A", [10] * 60, lead_days=28, on_hand=2, due=[(400, 15)])
    lost = row(plan(inputs_of([late]), plain_rules()), "A")
    assert lost["stockout_risk_share"] > 0.99
    assert lost["expected_short_units"] == pytest.approx(18, rel=0.05)  # two weeks want 20
    waits = row(plan(inputs_of([late]), plain_rules(unmet_demand="backordered")), "A")
    assert waits["stockout_risk_share"] < 0.01
