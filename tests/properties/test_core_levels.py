"""Levels: more uncertainty never asks for less stock, and a larger unit of measure changes nothing but the numbers.

A plan may choose another forecasting model for another protection interval; with the level and the error held, the
reorder point rises with the lead time. The deviation of the lead time is varied up to its mean: beyond it a lead
time is mostly near zero with rare very long ones, and a quantile of such demand can fall while the mean is held.
"""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from skuwise.core.forecast.interval import interval_demand, interval_spread
from skuwise.core.plan import plan
from skuwise.core.policy.levels import demand_to_cover, safety_stock, stock_levels
from tests.builders import Item, inputs_of, plain_rules

QUICK = settings(max_examples=25, deadline=None)
#: Levels are solved to 1e-7 of themselves.
SOLVED = 1e-5

levels = st.floats(0.05, 500)
excess = st.floats(1.0, 4.0)
targets = st.sampled_from([0.8, 0.95, 0.99])
high_targets = st.sampled_from([0.9, 0.95, 0.99])
leads = st.sampled_from([1.0, 7.0, 20.0, 60.0, 200.0])
measures = st.sampled_from([0, 1])


def reorder_points(
    level: float, error_sd: float, lead: np.ndarray, lead_sd: np.ndarray, target: float, measure: int, lot: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Safety stock before the least and reorder point, of one demand under several lead times; review each week."""
    n = len(lead)
    mean, trend, season = np.full(n, level), np.zeros(n), np.ones((n, 52))
    old = (np.full(n, -1e6), np.ones((n, 13), np.float32))
    lead_mean, protection_mean, review, daily = interval_demand(
        mean, trend, season, np.ones((n, 7)), np.ones((n, 1)), np.ones(n), *old, lead, lead + 7, 20_000, 7
    )
    lead_sd_units, protection_sd = interval_spread(
        mean, np.full(n, error_sd), lead_mean, protection_mean, daily, lead, lead_sd, lead + 7, 7
    )
    undershoot, _, cover_mean, cover_sd = demand_to_cover(
        np.full(n, lot),
        review,
        lead_mean,
        lead_sd_units,
        protection_mean,
        protection_sd,
        np.full(n, error_sd),
        daily,
        lead,
        np.full(n, np.nan),
        np.full(n, 7),
        7,
    )
    stock = safety_stock(
        np.full(n, measure, np.int16),
        np.full(n, target),
        cover_mean,
        cover_sd,
        undershoot,
        lead_mean,
        lead_sd_units,
        np.maximum(lot, review),
        daily,
        np.zeros(n, np.int64),
        np.full(n, 3650.0),
        np.full(n, np.nan),
        np.full(n, np.nan),
    )
    return stock, stock_levels(cover_mean, stock, np.full(n, lot), undershoot)[0]


@QUICK
@given(levels, excess, targets, measures)
def test_a_longer_lead_time_never_lowers_the_reorder_point(
    level: float, spread: float, target: float, measure: int
) -> None:
    lead = np.array([0.0, 1, 3, 7, 14, 30, 60, 120, 365])
    _, points = reorder_points(level, spread * np.sqrt(level), lead, 0.3 * lead, target, measure)
    assert (np.diff(points) >= 0).all()


def under_less_certain_lead_times(
    level: float, spread: float, target: float, measure: int, lead: float
) -> tuple[np.ndarray, np.ndarray]:
    lead_sd = lead * np.array([0.0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0])
    return reorder_points(level, spread * np.sqrt(level), np.full(8, lead), lead_sd, target, measure)


@QUICK
@given(st.floats(1, 500), st.floats(1.0, 2.5), high_targets, measures, leads)
def test_a_less_certain_lead_time_never_lowers_stock_or_reorder_point(
    level: float, spread: float, target: float, measure: int, lead: float
) -> None:
    stock, points = under_less_certain_lead_times(level, spread, target, measure, lead)
    assert (np.diff(stock) >= -SOLVED * np.maximum(1, stock[1:] + lead * level)).all(), stock
    assert (np.diff(points) >= 0).all()


@QUICK
@given(st.floats(0.02, 1), excess, high_targets, measures, leads)
def test_for_a_slow_mover_it_lowers_them_by_no_more_than_a_tenth_of_a_unit(
    level: float, spread: float, target: float, measure: int, lead: float
) -> None:
    # A quantile of very skewed demand can fall a little while its deviation grows.
    stock, points = under_less_certain_lead_times(level, spread, target, measure, lead)
    assert (np.diff(stock) >= -0.1).all(), stock
    assert (np.diff(points) >= -1).all()


@QUICK
@given(levels, targets, st.sampled_from([0.0, 7.0, 30.0]))
def test_less_certain_demand_never_lowers_the_fill_rate_stock(level: float, target: float, lead: float) -> None:
    points = [
        reorder_points(level, spread * np.sqrt(level), np.array([lead]), np.array([0.2 * lead]), target, 0)[1][0]
        for spread in (1.0, 1.2, 1.5, 2.0, 3.0)
    ]
    assert (np.diff(points) >= 0).all()


@QUICK
@given(st.lists(st.integers(0, 40), min_size=60, max_size=80), st.integers(2, 12), targets)
def test_counting_in_larger_packs_scales_what_is_expected(sales: list[int], packs: int, target: float) -> None:
    """Everything counted in units × k. What is linear in demand scales exactly: pattern, level, trend, means.

    Spread does not: a Poisson count of k times as many units varies by √k only, so the levels scale down relatively.
    """
    sales = [1, *sales, 1]  # a long history: a short one is read with its Poisson luck, which does not scale
    single = Item("A", sales, lead_days=20, category="one")
    packed = Item("B", [units * packs for units in sales], lead_days=20, category="many")
    found = plan(inputs_of([single, packed]), plain_rules(service_target=target)).columns
    for field in ("demand_rate_units_per_period", "demand_sd_units_per_period", "level_units_per_period"):
        np.testing.assert_allclose(found[field][1], packs * found[field][0], rtol=1e-9)
    for field in ("adi_periods", "cv2", "cv", "trend_share_per_year"):
        np.testing.assert_allclose(found[field][1], found[field][0], rtol=1e-9, atol=1e-12)
    for field in ("pattern", "xyz_class", "forecast_model"):
        assert found[field][1] == found[field][0]
    np.testing.assert_allclose(found["mean_units"][1], packs * found["mean_units"][0], rtol=1e-9)
    assert found["order_up_to_level_units"][1] <= packs * (found["order_up_to_level_units"][0] + 1)


@QUICK
@given(levels, st.integers(2, 50), targets, measures)
def test_with_its_spread_scaled_too_a_level_scales_but_for_whole_units(
    level: float, packs: int, target: float, measure: int
) -> None:
    # The spread is well above that of a Poisson count for both, so that its floor does not act.
    lead, sd = np.array([21.0]), np.array([5.0])
    error_sd = 3 * max(level, np.sqrt(level))
    stock, point = reorder_points(level, error_sd, lead, sd, target, measure)
    many_stock, many_point = reorder_points(level * packs, error_sd * packs, lead, sd, target, measure)
    np.testing.assert_allclose(many_stock, packs * stock, rtol=1e-4, atol=1e-4 * packs)
    assert packs * (point[0] - 1) <= many_point[0] <= packs * point[0] + 1
