"""Policy: loss functions against integrals, levels against the books, and orders against the order of their steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from skuwise.core.periods import DAYS_PER_YEAR
from skuwise.core.plan import plan
from skuwise.core.policy.distribution import exceedance, expected_shortage, point_for_shortage, quantile
from skuwise.core.policy.levels import cycle_quantity, demand_to_cover, economic_lot, safety_stock, stock_levels
from tests.builders import Item, inputs_of, plain_rules, row


def gamma(mean: float, sd: float) -> Any:
    return stats.gamma(a=(mean / sd) ** 2, scale=sd**2 / mean)


def one(*values: float) -> list[np.ndarray]:
    return [np.array([value]) for value in values]


MEAN_AND_SD = [(100.0, 10.0), (100.0, 60.0), (5.0, 5.0), (2.0, 3.5), (0.4, 0.9), (4e4, 700.0)]


# --- the distribution


@pytest.mark.parametrize(("mean", "sd"), MEAN_AND_SD)
@pytest.mark.parametrize("share", [0.5, 0.8, 0.95, 0.999])
def test_quantile_and_exceedance_are_those_of_the_gamma(mean: float, sd: float, share: float) -> None:
    at = gamma(mean, sd).ppf(share)
    assert quantile(*one(share, mean, sd))[0] == pytest.approx(at, rel=1e-9)
    assert exceedance(*one(at, mean, sd))[0] == pytest.approx(1 - share, rel=1e-9)


@pytest.mark.parametrize(("mean", "sd"), MEAN_AND_SD)
@pytest.mark.parametrize("deviations", [-1.0, 0.0, 0.5, 2.0, 4.0])
def test_expected_shortage_is_the_integral_over_the_tail(mean: float, sd: float, deviations: float) -> None:
    # E[(D − x)+] = ∫ P(D > u) du from x on (Snyder & Shen, loss functions).
    at = max(0.0, mean + deviations * sd)
    far = gamma(mean, sd).ppf(1 - 1e-14)
    tail, _ = integrate.quad(gamma(mean, sd).sf, at, max(far, at), limit=500)
    assert expected_shortage(*one(at, mean, sd))[0] == pytest.approx(tail, rel=1e-6, abs=1e-9 * mean)


@pytest.mark.parametrize("at", [0.0, 2.0, 5.0, 20.0])
def test_with_deviation_equal_to_the_mean_demand_is_exponential(at: float) -> None:
    assert exceedance(*one(at, 5, 5))[0] == pytest.approx(np.exp(-at / 5))
    assert expected_shortage(*one(at, 5, 5))[0] == pytest.approx(5 * np.exp(-at / 5))


def test_nothing_on_the_shelf_misses_all_of_the_demand_and_a_backlog_more() -> None:
    assert expected_shortage(*one(0, 12, 5))[0] == pytest.approx(12)
    assert expected_shortage(*one(-3, 12, 5))[0] == pytest.approx(15)
    assert exceedance(*one(-3, 12, 5))[0] == 1


def test_a_little_spread_makes_the_gamma_normal() -> None:
    # Normal loss function (Silver, Pyke & Thomas, table of k and G(k)): G(1) = 0.0833, so E[short] = 0.0833 σ.
    assert expected_shortage(*one(1e6 + 1e3, 1e6, 1e3))[0] == pytest.approx(83.32, rel=2e-3)
    assert quantile(*one(0.95, 1e6, 1e3))[0] == pytest.approx(1e6 + 1.645 * 1e3, rel=1e-5)


def test_the_critical_ratio_balances_the_newsvendor_costs() -> None:
    # Newsvendor: underage 18, overage 6, ratio 0.75. Exponential demand with mean 50: Q = −50 ln(1 − 0.75) = 69.3,
    # and no other quantity costs less.
    best = quantile(*one(18 / (18 + 6), 50, 50))[0]
    assert best == pytest.approx(-50 * np.log(0.25))

    def cost(units: float) -> float:
        short = expected_shortage(*one(units, 50, 50))[0]
        return float(18 * short + 6 * (units - 50 + short))

    assert cost(best) < min(cost(best - 1), cost(best + 1))


# --- economic lot


def test_economic_lot_of_snyder_and_shen_example_3_1() -> None:
    # K = 8, λ = 1,300 a year, h = 0.225: Q* = √(2 × 8 × 1,300 ÷ 0.225) = 304.1
    lot = economic_lot(*one(1300 / DAYS_PER_YEAR), np.array([800]), np.array([75]), *one(0.30, 365))
    assert lot[0] == 304


def test_the_lot_is_bounded_by_its_days_and_nil_where_ordering_is_free_or_the_cost_unknown() -> None:
    daily, order_cost, cost = np.full(3, 10.0), np.array([10**9, 0, 500]), np.array([100, 100, -1])
    assert economic_lot(daily, order_cost, cost, np.full(3, 0.25), np.full(3, 91.0)).tolist() == [910, 0, 0]


def test_a_cycle_serves_the_largest_of_lot_minimum_case_and_review_demand() -> None:
    def served(lot: int, moq: int, multiple: int, review: float) -> float:
        return float(cycle_quantity(np.array([lot]), np.array([moq]), np.array([multiple]), np.array([review]))[0])

    assert [served(50, 10, 6, 8.0), served(0, 10, 6, 8.0), served(0, 0, 24, 8.0), served(0, 0, 6, 8.5)] == [
        50,
        10,
        24,
        8.5,
    ]
    assert served(0, 0, 1, 0.3) == 0.3  # a multiple of one is no case


# --- safety stock


def stock_for(measure: int, target: float, mean: float, sd: float, quantity: float, **more: Any) -> float:
    """Safety stock of one item whose lead time takes half of the protection interval."""
    terms = {
        "least": 0,
        "days_max": 3650.0,
        "lead_mean": mean / 2,
        "lead_sd": sd / 2,
        "undershoot": 0.0,
        "ratio": np.nan,
    }
    terms |= more
    return float(
        safety_stock(
            np.array([measure], np.int16),
            *one(target, mean, sd, terms["undershoot"], terms["lead_mean"], terms["lead_sd"], quantity, mean / 14),
            np.array([terms["least"]]),
            np.array([terms["days_max"]]),
            np.array([terms["ratio"]]),
            np.array([np.nan]),
        )[0]
    )


FILL_RATE, CYCLE_SERVICE = 0, 1


@pytest.mark.parametrize("target", [0.8, 0.95, 0.99])
@pytest.mark.parametrize(("mean", "sd"), MEAN_AND_SD)
def test_cycle_service_leaves_its_share_of_cycles_without_a_stockout(mean: float, sd: float, target: float) -> None:
    stock = stock_for(CYCLE_SERVICE, target, mean, sd, quantity=mean)
    assert gamma(mean, sd).cdf(mean + max(stock, 0)) >= target - 1e-9
    if stock > 0:
        assert gamma(mean, sd).cdf(mean + stock) == pytest.approx(target)


@pytest.mark.parametrize("target", [0.8, 0.95, 0.99])
@pytest.mark.parametrize(("mean", "sd"), MEAN_AND_SD)
@pytest.mark.parametrize("cycles", [0.5, 2.0])
def test_fill_rate_stock_leaves_exactly_the_allowed_shortage_of_a_cycle(
    mean: float, sd: float, target: float, cycles: float
) -> None:
    # Silver, Pyke & Thomas, P2 of (R, S): ESPRC = short at the end of the interval − short at the end of the lead time.
    quantity = cycles * mean
    point = mean + stock_for(FILL_RATE, target, mean, sd, quantity)

    def short(at_mean: float, at_sd: float) -> float:
        distribution = gamma(at_mean, at_sd)
        return float(integrate.quad(distribution.sf, point, max(point, distribution.ppf(1 - 1e-14)), limit=500)[0])

    per_cycle = short(mean, sd) - short(mean / 2, sd / 2)
    allowed = (1 - target) * quantity
    if point > mean * (1 + 1e-12):
        assert per_cycle == pytest.approx(allowed, rel=1e-4)
    else:
        assert per_cycle <= allowed * (1 + 1e-6)


def test_fill_rate_stock_with_exponential_demand_in_closed_form() -> None:
    # Order at once (lead time 0), exponential demand of mean 40 a cycle: 40 e^(−x/40) = 0.05 × 40, x = 40 ln 20.
    stock = stock_for(FILL_RATE, 0.95, 40, 40, quantity=40, lead_mean=0.0, lead_sd=0.0)
    assert stock == pytest.approx(40 * np.log(20) - 40, rel=1e-6)


def test_a_large_lot_needs_less_stock_for_the_same_fill_rate() -> None:
    assert stock_for(FILL_RATE, 0.95, 100, 40, quantity=400) < stock_for(FILL_RATE, 0.95, 100, 40, quantity=100)


def test_safety_stock_stays_within_its_least_and_its_most() -> None:
    assert stock_for(FILL_RATE, 0.95, 100, 40, 100, least=500) == 500
    assert stock_for(CYCLE_SERVICE, 0.5, 100, 40, 100) == 0
    assert stock_for(FILL_RATE, 0.99, 140, 140, 140, days_max=3.0) == pytest.approx(30)  # 3 days of 10
    assert stock_for(FILL_RATE, 0.99, 140, 140, 140, days_max=0.0, least=7) == 7  # the least is the stronger promise


def test_many_points_at_once_are_each_solved_for_itself() -> None:
    rng = np.random.default_rng(0)
    mean, cv = np.exp(rng.normal(1, 2, 200)), rng.uniform(0.05, 2.5, 200)
    sd = mean * cv
    allowed = mean * rng.uniform(0.001, 0.2, 200)
    together = point_for_shortage(allowed, mean, mean, sd, 0 * mean, 0 * mean)
    alone = [
        point_for_shortage(*(column[k : k + 1] for column in (allowed, mean, mean, sd, 0 * mean, 0 * mean)))[0]
        for k in range(200)
    ]
    assert together.tolist() == alone
    short = expected_shortage(together, mean, sd)
    assert (short <= allowed * (1 + 1e-5)).all()


# --- levels: (R, S) without a lot, (R, s, S) with one


def test_without_a_lot_the_reorder_point_is_the_order_up_to_level() -> None:
    reorder_point, level = stock_levels(*one(78.4, 16.9), np.array([0]), *one(0.0))
    assert (reorder_point[0], level[0]) == (96, 96)  # ⌈95.3⌉


def test_with_a_lot_an_order_lifts_the_position_by_the_lot_on_average() -> None:
    reorder_point, level = stock_levels(*one(78.4, 16.9), np.array([60]), *one(15.7))
    assert (reorder_point[0], level[0]) == (96, 96 + 60 - 16)


def undershoot_of(lot: int, review_mean: float, error_sd: float, never: float = np.nan) -> list[float]:
    columns = demand_to_cover(
        np.array([lot]),
        *one(review_mean, 4 * review_mean, 3.0, 5 * review_mean, 4.0, error_sd, review_mean / 7, 28.0, never),
        np.array([7]),
        7,
    )
    return [float(column[0]) for column in columns]


def test_without_a_lot_the_protection_interval_is_covered() -> None:
    assert undershoot_of(0, 10.0, 10.0) == [0, 0, 50, 4]


def test_a_lot_covers_lead_time_and_the_undershoot_of_renewal_theory() -> None:
    # Exponential review demand of mean 10 is memoryless: the undershoot is exponential of mean 10 again.
    mean, sd, cover, cover_sd = undershoot_of(60, 10.0, 10.0)
    assert (mean, sd) == (pytest.approx(10), pytest.approx(10))
    assert (cover, cover_sd) == (pytest.approx(50), pytest.approx(np.hypot(3, 10)))


def test_lumpy_demand_undershoots_by_more_than_a_review_period_sells() -> None:
    # m = 1, v = 9: m₂ ÷ 2m₁ = (9 + 1) ÷ 2 = 5.
    assert undershoot_of(60, 1.0, 3.0)[0] == pytest.approx(5)


def test_where_a_third_of_the_orders_never_arrives_the_cover_has_a_wait_more() -> None:
    # u ÷ (1 − u) = ½: half a week's 10 more; u ÷ (1 − u)² = ¾ of 10² for the wait, ½ × 4 of 10² for orders under way.
    _, _, cover, cover_sd = undershoot_of(0, 10.0, 10.0, never=1 / 3)
    assert (cover, cover_sd) == (pytest.approx(55), pytest.approx(np.sqrt(4**2 + 75 + 200)))
    # With a lot a wait is five weeks: until the order is missed and the next one has come.
    _, _, cover, cover_sd = undershoot_of(60, 10.0, 10.0, never=1 / 3)
    assert cover == pytest.approx(50 + 25)
    assert cover_sd == pytest.approx(np.sqrt(3**2 + 10**2 + 50**2 * (0.75 + 0.5 * 28 / 35)))


def ordered(**terms: Any) -> dict[str, Any]:
    """The order for ten a week, four weeks of lead time, and a review each week; unmet demand waits."""
    rules = plain_rules(**({"unmet_demand": "backordered"} | terms.pop("rules", {})))
    return row(plan(inputs_of([Item("A", [10] * 60, lead_days=28, **terms)]), rules), "A")


def test_position_at_the_reorder_point_orders_and_one_above_does_not() -> None:
    point = int(ordered()["reorder_point_units"])
    lot = {"order_cost_minor": 20_000}
    point_with_lot = int(ordered(**lot)["reorder_point_units"])
    at, above = ordered(on_hand=point_with_lot, **lot), ordered(on_hand=point_with_lot + 1, **lot)
    assert at["need_reason"] == "position is at or below the reorder point"
    assert at["need_units"] == at["order_up_to_level_units"] - point_with_lot > 0
    assert (above["need_reason"], above["need_units"]) == ("position is above the reorder point", 0)
    assert ordered(on_hand=point)["need_reason"] == "position is at the order-up-to level"


def test_stock_promises_and_orders_count_once_each() -> None:
    found = ordered(on_hand=40, reserved=6, backlog=3, due=[(24, 10)])
    assert found["inventory_position_units"] == 40 + 24 - 6 - 3


def test_an_order_that_comes_too_late_is_seen_and_not_counted_as_cover() -> None:
    found = ordered(due=[(24, -5), (10, 34), (100, 36)])  # the protection interval is 35 days
    assert (found["on_order_units"], found["on_order_in_time_units"]) == (134, 34)


def test_the_minimum_comes_before_the_multiple() -> None:
    short_of_one = int(ordered()["order_up_to_level_units"]) - 1
    found = ordered(on_hand=short_of_one, moq=3, multiple=2, rules={"service_target": 0.95})
    # With a minimum the cycle is not longer (10 a week), so the level is the same: need 1 → MOQ 3 → 4, and not 3.
    assert (found["need_units"], found["after_moq_units"], found["order_quantity_units"]) == (1, 3, 4)
    assert (found["moq_reason"], found["multiple_reason"]) == ("raised to the MOQ", "rounded up to the order multiple")


def test_the_cap_cuts_the_need() -> None:
    found = ordered(rules={"max_supply_days": 7.0})
    assert found["cap_units"] == 40 + 10  # lead time demand and a week
    assert (found["order_quantity_units"], found["cap_reason"]) == (50, "cut to max_supply_days")


def test_a_lot_that_breaks_the_cap_is_refused_only_where_the_rules_say_so() -> None:
    lenient = ordered(moq=500, rules={"max_supply_days": 7.0})
    strict = ordered(moq=500, rules={"max_supply_days": 7.0, "lot_may_exceed_cap": False})
    assert lenient["order_quantity_units"] == 500
    assert lenient["moq_reason"] == "raised to the MOQ, which breaks max_supply_days"
    assert strict["order_quantity_units"] == 0
    assert strict["moq_reason"] == "refused: the MOQ would break max_supply_days"


def test_a_case_that_breaks_the_cap_is_rounded_down_and_the_only_case_refused() -> None:
    lenient = ordered(multiple=64, rules={"max_supply_days": 7.0})
    assert lenient["order_quantity_units"] == 64
    assert lenient["multiple_reason"] == "rounded up to the order multiple, which breaks max_supply_days"
    strict = {"max_supply_days": 7.0, "lot_may_exceed_cap": False}
    down, none = ordered(multiple=48, rules=strict), ordered(multiple=64, rules=strict)
    assert down["order_quantity_units"] == 48
    assert down["multiple_reason"] == "rounded down to the order multiple: one more would break max_supply_days"
    assert none["order_quantity_units"] == 0
    assert none["multiple_reason"] == "refused: one multiple would break max_supply_days"


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"is_bundle": True}, "a bundle is not bought, its components are"),
        ({"stock_known": False}, "no stock count is known"),
        ({"rules": {"reorder_allowed": False}}, "the rules allow no reorder"),
    ],
)
def test_what_is_not_bought_says_why(terms: dict[str, Any], reason: str) -> None:
    found = ordered(**terms)
    assert (found["order_quantity_units"], found["need_reason"]) == (0, reason)


def test_a_backlog_is_delivered_even_where_no_demand_is_expected() -> None:
    found = row(plan(inputs_of([Item("A", [0] * 60, backlog=3)]), plain_rules()), "A")
    assert found["order_quantity_units"] == 3


# --- outlook


def test_stockout_risk_of_exponential_demand() -> None:
    # Poisson-like spread would be smaller; here mean = sd = 40 over the lead time: P(D > 40) = 1/e.
    found = ordered(on_hand=100)
    mean, sd = found["lead_mean_units"], found["lead_sd_units"]
    assert found["stockout_risk_share"] == pytest.approx(gamma(mean, sd).sf(100))
    assert found["expected_short_units"] == pytest.approx(integrate.quad(gamma(mean, sd).sf, 100, 400)[0], rel=1e-3)


def test_days_until_the_position_falls_to_the_reorder_point() -> None:
    point = int(ordered()["reorder_point_units"])
    assert ordered(on_hand=point)["days_until_order"] == 0
    assert ordered(on_hand=point + 10)["days_until_order"] == 7
    assert ordered(on_hand=point + 35)["days_until_order"] == 24  # three weeks and a half
    assert ordered(on_hand=100_000)["days_until_order"] == -1


def test_cost_and_arrival_of_an_order() -> None:
    found = ordered(cost_minor=250)
    assert found["order_cost_total_minor"] == 250 * found["order_quantity_units"]
    assert str(found["expected_on"]) == "2026-03-30"
    assert ordered(cost_minor=-1)["order_cost_total_minor"] == -1
