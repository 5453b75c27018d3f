"""Monitors of demand on histories that a person can read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from skuwise.core.monitoring import forecast_bias, intermittency, level_shift, season_drift, volatility
from skuwise.core.monitoring.alarm import KINDS, Alarms, Seen
from skuwise.core.monitoring.residuals import clipped, dispersion_of, read_weeks, split_evidence, student
from skuwise.core.monitoring.watch import WATCH
from skuwise.core.plan import plan
from skuwise.core.steps import run
from tests.builders import Item, inputs_of, plain_rules

STEADY = [18, 22, 20, 25, 17, 21, 19, 23, 16, 20]
ALL = (
    level_shift.level_shift,
    volatility.volatility,
    intermittency.intermittency,
    season_drift.season_drift,
    forecast_bias.forecast_bias,
)


def seen_of(items: Sequence[Item], period_days: int) -> Seen:
    made = plan(inputs_of(items, period_days=period_days), plain_rules())
    columns = dict(made.columns)
    for statistic in WATCH:
        run(statistic, columns)
    return Seen(columns, made.labels, made.as_of)


def told(*sales: Sequence[int], in_stock: Sequence[float] | None = None, period_days: int = 7) -> tuple[Alarms, Seen]:
    seen = seen_of([Item(f"SKU-{k}", units, in_stock=in_stock) for k, units in enumerate(sales)], period_days)
    return Alarms.joined([look(seen) for look in ALL]), seen


def test_twice_the_demand_for_five_weeks_is_a_shift_with_its_day_and_its_money() -> None:
    alarms, seen = told(STEADY * 8 + [41, 38, 44, 40, 37])
    assert alarms.kind.tolist() == ["level_shift_up"]
    assert (seen.as_of - alarms.since[0]) == np.timedelta64(35, "D")
    before, after, share, weeks = alarms.facts[0, :4]
    assert (before, after, weeks) == pytest.approx((20.1, 40.0, 5.0))
    assert share == pytest.approx(40 / 20.1 - 1)
    # A margin of 10.00 on 19.9 units more a week for a quarter.
    assert alarms.money_minor[0] == pytest.approx(19.9 * 13 * 1000, abs=1)
    assert alarms.words(0) == "Demand rose from 20.1 to 40.0 units a week (+99%), for 5 weeks"


def test_half_the_demand_puts_the_cost_of_what_is_left_at_stake() -> None:
    alarms, _ = told(STEADY * 8 + [9, 11, 8, 10, 12, 10])
    assert alarms.kind.tolist() == ["level_shift_down"]
    assert alarms.money_minor[0] == pytest.approx((20.1 - 10) * 13 * 1000, abs=1)


def test_a_steady_item_raises_no_alarm() -> None:
    assert len(told(STEADY * 16)[0]) == 0


@pytest.mark.parametrize("odd", [0, 60, 200])
@pytest.mark.parametrize("weeks_after", [1, 2, 5])
def test_one_odd_week_is_no_shift(odd: int, weeks_after: int) -> None:
    assert len(told([*STEADY * 10, odd, *STEADY[:weeks_after]])[0]) == 0


def test_a_week_out_of_stock_is_no_drop() -> None:
    short = [*STEADY * 10, 3, 2, 0]
    alarms, _ = told(short, in_stock=[1.0] * 100 + [0.2, 0.1, 0.0])
    assert len(alarms) == 0


def test_a_rise_of_some_weeks_that_is_over_is_resolved() -> None:
    promotion = [*STEADY * 8, 44, 42, 47, 43, 41]
    assert told(promotion)[0].kind.tolist() == ["level_shift_up"]
    later = told(promotion + STEADY + STEADY)[0]
    assert "level_shift_up" not in later.kind.tolist()


def test_the_alarm_of_a_shift_ends_half_a_year_after_it_was_found() -> None:
    shifted = STEADY * 8 + [2 * units for units in STEADY]
    assert told(shifted + [2 * units for units in STEADY])[0].kind.tolist() == ["level_shift_up"]
    assert len(told(shifted + [2 * units for units in STEADY * 3])[0]) == 0


def test_a_slow_slide_is_told_as_a_slide() -> None:
    slide = [round(units * (1 - k / 30)) for k, units in enumerate(STEADY * 3)]
    assert told(STEADY * 10 + slide)[0].kind.tolist() == ["ramp_down"]


def test_a_season_that_comes_every_year_is_no_shift() -> None:
    wave = [
        round(40 * (1 + 0.6 * np.sin(2 * np.pi * k / 52))) + units - 20 for k, units in enumerate((STEADY * 21)[:208])
    ]
    for end in (156, 170, 182, 195, 208):
        assert told(wave[:end])[0].kind.tolist() == [], end


def test_a_larger_scatter_around_the_same_level_is_volatility() -> None:
    alarms, _ = told(STEADY * 12 + [5, 38, 9, 31, 2, 44, 12, 29, 4, 36, 8, 40, 1, 33])
    assert alarms.kind.tolist() == ["volatility_up"]
    before, now, _weeks = alarms.facts[0, :3]
    assert now > 2 * before


def test_fewer_larger_sales_of_the_same_level_are_told_as_sold_less_often() -> None:
    alarms, _ = told([4, 0, 5, 3, 0, 4, 4, 0] * 12 + [0, 0, 0, 9, 0, 0, 0, 11] * 5)
    assert "sold_less_often" in alarms.kind.tolist()
    row = alarms.kind.tolist().index("sold_less_often")
    assert alarms.facts[row, 0] < 2 < alarms.facts[row, 1]


def test_three_forecasts_that_miss_to_one_side_are_a_bias_of_the_stated_size() -> None:
    columns = {
        "bias_z": np.array([4.5, 3.9, 0.0]),
        "bias_share": np.array([0.5, 0.5, 0.0]),
        "change_kind": np.zeros(3, np.int16),
        "past_sum_units": np.array([[15.0, 15, 15]] * 3),
        "past_sum_mean_units": np.array([[10.0, 10, 10]] * 3),
        "protection_interval_days": np.full(3, 21.0),
        "season_index": np.ones((3, 52)),
        "unit_cost_minor": np.full(3, 1000),
        "unit_price_minor": np.full(3, 2000),
    }
    alarms = forecast_bias.forecast_bias(Seen(columns, {}, np.datetime64("2026-03-02")))
    assert alarms.item.tolist() == [0]
    assert alarms.facts[0, :3].tolist() == [30, 45, 0.5]
    # 15 of 30 units in 9 weeks, for 13 weeks, at a margin of 10.00.
    assert alarms.money_minor[0] == round(15 / 9 * 13 * 1000)


def test_a_bias_is_not_told_beside_the_shift_that_explains_it() -> None:
    alarms, _ = told(STEADY * 8 + [60, 64, 58, 61, 66, 59, 63, 60, 62])
    assert alarms.kind.tolist() == ["level_shift_up"]


def test_days_are_judged_as_weeks() -> None:
    days = ([3, 2, 4, 3, 2, 5, 3] * 40) + [6, 5, 8, 6, 5, 9, 7] * 6
    alarms, seen = told(days, period_days=1)
    assert alarms.kind.tolist() == ["level_shift_up"]
    assert seen.as_of - alarms.since[0] == np.timedelta64(42, "D")
    assert alarms.facts[0, :2] == pytest.approx([22.0, 46.0])


def test_hidden_days_leave_a_week_as_much_exposure_as_was_seen() -> None:
    hidden = np.zeros((1, 14), bool)
    hidden[0, 10:14] = True
    weeks = read_weeks(np.full((1, 14), 2.0), hidden, np.array([0]), 20000, 1)
    assert weeks.demand.tolist() == [[14.0, 6.0]]
    assert weeks.shown[0] == pytest.approx([1.0, 3 / 7])


def test_evidence_of_two_poisson_levels_is_the_textbook_likelihood_ratio() -> None:
    # 40 in four weeks, then 20 in four: 40 ln(40/30) + 20 ln(20/30).
    ratio = 40 * np.log(40 / 30) + 20 * np.log(20 / 30)
    assert split_evidence(40.0, 4.0, 4.0, 20.0, 4.0, 4.0, 0.0, 1e7) == pytest.approx(ratio, rel=1e-5)
    assert split_evidence(40.0, 4.0, 4.0, 20.0, 4.0, 4.0, 0.2, 1e7) < ratio / 2


def test_evidence_counts_less_where_the_spread_is_hardly_known() -> None:
    assert student(5.0, 1e9) == pytest.approx(5.0)
    assert student(5.0, 8.0) == pytest.approx(4 * np.log(1 + 10 / 8))


def test_dispersion_is_not_moved_by_a_jump_of_the_level() -> None:
    rng = np.random.default_rng(1)
    flat = rng.poisson(20, 200).astype(float)
    jump = np.concatenate([flat[:100], rng.poisson(40, 100)])
    assert dispersion_of(jump, np.ones(200)) < 0.02


def test_an_odd_week_counts_at_most_two_and_a_half_deviations() -> None:
    assert clipped(20.0, 20.0, 0.0) == 20.0
    assert clipped(1000.0, 16.0, 0.0) == pytest.approx((np.sqrt(16.375) + 1.25) ** 2 - 0.375)
    assert clipped(0.0, 16.0, 0.0) == pytest.approx((np.sqrt(16.375) - 1.25) ** 2 - 0.375)


def test_every_kind_states_its_rate_of_false_alarms_and_learns_anew_only_from_a_known_day() -> None:
    modules = (level_shift, volatility, intermittency, season_drift, forecast_bias)
    kinds = [kind for module in modules for kind in module.LEARN_FROM_KINDS]
    assert sorted(kinds) == sorted(
        ["level_shift_up", "level_shift_down", "ramp_up", "ramp_down", "volatility_up", "volatility_down"]
    )
    for name in (*kinds, "sold_less_often", "sold_more_often", "season_drift", "forecast_bias"):
        assert KINDS[name].false_alarms.startswith("at most one in "), name
