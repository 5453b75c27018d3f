"""Generated worlds have the means, spreads and turning points that they state."""

from __future__ import annotations

import numpy as np
import pytest

from skuwise.simulate.supply import NEVER
from skuwise.simulate.worlds import MOST_MEAN_UNITS, WORLDS, counts_at, make_world

KEYS = np.arange(400, dtype=np.uint64)
PERIODS = 104


@pytest.mark.parametrize("name", WORLDS)
def test_demand_has_the_stated_mean_in_every_stretch_of_the_run(name: str) -> None:
    world = make_world(name, np.arange(4000, dtype=np.uint64), PERIODS, seed=2)
    for part in np.array_split(np.arange(PERIODS), 4):
        true, seen = world.mean_units[:, part].mean(), world.demand_units[:, part].mean()
        assert seen == pytest.approx(true, rel=0.03, abs=0.02), part[0]


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_is_whole_units_and_the_same_every_time(name: str) -> None:
    world, again = make_world(name, KEYS, PERIODS, seed=3), make_world(name, KEYS, PERIODS, seed=3)
    assert world.demand_units.dtype == np.int64
    assert world.demand_units.min() >= 0
    assert world.demand_units.shape == world.mean_units.shape == world.lead_time_periods.shape == (400, PERIODS)
    assert (world.demand_units == again.demand_units).all()
    assert (world.demand_units != make_world(name, KEYS, PERIODS, seed=4).demand_units).any()


@pytest.mark.parametrize("name", WORLDS)
def test_an_added_item_changes_no_other_item(name: str) -> None:
    whole, part = make_world(name, KEYS, PERIODS, seed=5), make_world(name, KEYS[7:20][::-1], PERIODS, seed=5)
    assert (whole.demand_units[7:20][::-1] == part.demand_units).all()
    assert (whole.lead_time_periods[7:20][::-1] == part.lead_time_periods).all()
    assert (whole.change_periods[7:20][::-1] == part.change_periods).all()


@pytest.mark.parametrize(
    ("name", "factor"),
    [
        ("shift_up_20", 1.2),
        ("shift_down_20", 0.8),
        ("shift_up_50", 1.5),
        ("shift_down_50", 0.5),
        ("shift_up_100", 2.0),
        ("shift_down_100", 0.0),
    ],
)
def test_a_shift_happens_at_its_change_period_and_stays(name: str, factor: float) -> None:
    world, steady = make_world(name, KEYS, PERIODS, seed=6), make_world("stationary", KEYS, PERIODS, seed=6)
    after = np.arange(PERIODS)[None, :] >= world.change_periods
    assert np.allclose(world.mean_units, steady.mean_units * np.where(after, factor, 1.0))
    assert (world.demand_units[~after] == steady.demand_units[~after]).all()
    turns = world.change_periods[:, 0]
    assert turns.min() >= 31
    assert turns.max() <= 73
    assert len(np.unique(turns)) > 20


def test_a_spike_is_one_period_of_five_times_the_mean() -> None:
    world = make_world("spike", KEYS, PERIODS, seed=7, change_period=40)
    steady = make_world("stationary", KEYS, PERIODS, seed=7)
    assert np.allclose(world.mean_units[:, 40], 5 * steady.mean_units[:, 40])
    others = np.arange(PERIODS) != 40
    assert (world.demand_units[:, others] == steady.demand_units[:, others]).all()
    assert world.change_periods[0].tolist() == [40, 41]


def test_a_ramp_a_decline_and_a_launch_take_the_time_they_state() -> None:
    steady = make_world("stationary", KEYS, PERIODS, seed=8).mean_units
    ramp = make_world("ramp_up", KEYS, PERIODS, seed=8, change_period=30)
    assert np.allclose(ramp.mean_units[:, 29], steady[:, 29])
    assert np.allclose(ramp.mean_units[:, 35], steady[:, 35] * 1.5)
    assert np.allclose(ramp.mean_units[:, 41:], steady[:, 41:] * 2)
    assert ramp.change_periods[0].tolist() == [30, 42]
    decline = make_world("decline", KEYS, PERIODS, seed=8, change_period=30)
    assert (decline.demand_units[:, 49:] == 0).all()
    assert decline.change_periods[0].tolist() == [30, 50]
    launch = make_world("launch", KEYS, PERIODS, seed=8, change_period=30)
    assert (launch.demand_units[:, :30] == 0).all()
    assert np.allclose(launch.mean_units[:, 37:], steady[:, 37:])


def test_a_change_beyond_the_run_is_no_change_within_it() -> None:
    world = make_world("spike", KEYS, 20, seed=9, change_period=19)
    assert world.change_periods[0].tolist() == [19, 20]


def test_trend_and_season_follow_their_year() -> None:
    trend = make_world("trend_up", KEYS, PERIODS, seed=10).mean_units
    assert np.allclose(trend[:, 52] / trend[:, 0], 1.6)
    season = make_world("seasonal", KEYS, PERIODS, seed=10).mean_units
    assert np.allclose(season[:, :52], season[:, 52:])
    swing = season.max(axis=1) / season.min(axis=1)
    assert np.allclose(swing, 1.6 / 0.4, rtol=0.02)
    assert len(np.unique(np.argmax(season, axis=1))) > 20


def test_patterns_are_the_ones_named() -> None:
    """Syntetos, Boylan and Croston: ADI above 1.32 is not every period; CV² of the sizes above 0.49 is very uneven."""

    def adi_and_cv2(name: str) -> tuple[float, float]:
        demand = make_world(name, KEYS, 1000, seed=11).demand_units
        sizes = [row[row > 0] for row in demand]
        cv2 = [float(size.var() / size.mean() ** 2) for size in sizes]
        return float(demand.size / (demand > 0).sum()), float(np.median(cv2))

    adi, cv2 = adi_and_cv2("intermittent")
    assert adi == pytest.approx(4.0, rel=0.03)
    assert cv2 < 0.49
    adi, cv2 = adi_and_cv2("lumpy")
    assert adi == pytest.approx(4.0, rel=0.03)
    assert cv2 > 0.49
    assert adi_and_cv2("stationary")[0] < 1.32


@pytest.mark.parametrize("overdispersion", [0.0, 0.1, 1.5])
@pytest.mark.parametrize("mean", [0.3, 5.0, 120.0, MOST_MEAN_UNITS])
def test_counts_have_the_stated_mean_and_variance(mean: float, overdispersion: float) -> None:
    """Evenly spread shares instead of random ones: the moments are those of the distribution but for its far tail."""
    share = (np.arange(200_000) + 0.5)[None, :] / 200_000
    counts = counts_at(np.full_like(share, mean), overdispersion, share)
    assert counts.mean() == pytest.approx(mean, rel=0.001)
    assert counts.var() == pytest.approx(mean + overdispersion * mean**2, rel=0.005)


def test_poisson_counts_are_those_of_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    share = np.random.default_rng(0).random((20, 200))
    mean = np.geomspace(0.1, 400, 20)[:, None] * np.ones((1, 200))
    assert (counts_at(mean, 0.0, share) == stats.poisson.ppf(share, mean)).all()
    assert (counts_at(mean, 0.4, share) == stats.nbinom.ppf(share, 2.5, 2.5 / (2.5 + mean))).all()


def test_an_unreliable_supplier_promises_two_and_delivers_in_one_two_three_or_never() -> None:
    world = make_world("unreliable_supply", KEYS, PERIODS, seed=12)
    assert world.promised_lead_time_periods == 2
    for value in (1, 2, 3, NEVER):
        assert (world.lead_time_periods == value).mean() == pytest.approx(0.25, abs=0.01)
    steady = make_world("stationary", KEYS, PERIODS, seed=12)
    assert (steady.lead_time_periods == 2).all()
    assert (world.demand_units == steady.demand_units).all()


def test_any_world_can_have_any_supplier() -> None:
    world = make_world("shift_up_50", KEYS, 30, seed=13, lead_times=[4])
    assert (world.lead_time_periods == 4).all()
    assert world.promised_lead_time_periods == 4
    late = make_world("shift_up_50", KEYS, 30, seed=13, lead_times=[1, 2, 3, NEVER], promised_lead_time=2)
    assert (world.demand_units == late.demand_units).all()


def test_luck_of_one_period_says_nothing_of_the_next_item_or_period() -> None:
    demand = make_world("stationary_poisson", KEYS, 400, seed=14).demand_units.astype(float)
    scaled = (demand - demand.mean(axis=1, keepdims=True)) / demand.std(axis=1, keepdims=True)
    assert abs((scaled[:, 1:] * scaled[:, :-1]).mean()) < 0.01
    assert abs((scaled[1:] * scaled[:-1]).mean()) < 0.01


def test_an_unknown_world_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ValueError, match=r"unknown world 'sideways'.*shift_up_20"):
        make_world("sideways", KEYS, 10, seed=0)
