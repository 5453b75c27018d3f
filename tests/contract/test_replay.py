"""A shop's history lived again: what a decision may know, what every policy shares, and what is told of it."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import skuwise
from skuwise.cli import app
from skuwise.core.catalog.inputs import History, SupplyTerms
from skuwise.planning.assemble import plan_inputs
from skuwise.replaying.choose import Candidate, choose_policy, fill_rate
from skuwise.replaying.deciding import orders_of
from skuwise.replaying.living import Past
from skuwise.replaying.policies import PolicySpec
from skuwise.replaying.result import Measures, Replay
from skuwise.replaying.window import ReplayError, known_at, open_window, terms_known
from skuwise.simulate.stepwise import ShopState
from tests.builders import plain_rules
from tests.contract.replay_shop import END, PLAIN, WEEKS, shop, week

SMALL_SHOP = Path(__file__).parents[1] / "golden" / "cases" / "small_shop"
START_WEEK = 60
START = week(START_WEEK)
#: Another shop from this week on.
TURN = 75


def lived(**changes: object) -> Replay:
    """The shop lived again from ``START`` to the end, every period kept."""
    return skuwise.replay(shop(**changes), rulebook=PLAIN, start=START, seed=4, keep_periods=True)


@pytest.fixture(scope="module")
def replayed() -> Replay:
    return lived()


def test_what_is_sold_later_changes_no_earlier_decision(replayed: Replay) -> None:
    other = lived(sold=lambda _sku, number, units: units if number < TURN else 3 * units + 5)
    before = TURN - START_WEEK
    assert replayed.counts is not None and other.counts is not None
    ordered, altered = replayed.counts.ordered_units, other.counts.ordered_units
    np.testing.assert_array_equal(altered[:, :, : before + 1], ordered[:, :, : before + 1])
    assert (altered[:, :, before + 1 :] != ordered[:, :, before + 1 :]).any(axis=(1, 2)).all()


@pytest.mark.parametrize("number", [START_WEEK, 71, WEEKS - 1])
def test_a_decision_knows_what_a_plan_of_its_day_is_made_from(number: int) -> None:
    data = shop(counts=True, stockout=range(50, 54))
    window = open_window(data, PLAIN, START, None)
    known, then = known_at(window, number, terms_known(window, number)), plan_inputs(data, as_of=week(number))
    assert known.grid == then.grid
    for field in fields(History)[1:]:
        np.testing.assert_array_equal(getattr(known.history, field.name), getattr(then.history, field.name), field.name)
    for field in fields(SupplyTerms):
        np.testing.assert_array_equal(getattr(known.supply, field.name), getattr(then.supply, field.name), field.name)
    np.testing.assert_array_equal(known.attributes.unit_price_minor, then.attributes.unit_price_minor)


def test_the_first_order_is_that_of_the_plan_made_on_that_day() -> None:
    data = shop(counts=True)
    replay = skuwise.replay(data, ["skuwise"], rulebook=PLAIN, start=START, keep_periods=True)
    plan = skuwise.plan(data, PLAIN, as_of=START)
    assert replay.counts is not None
    wanted = plan.columns["order_quantity_units"]
    assert (wanted > 0).any() and (plan.columns["on_order_units"] > 0).any()
    assert replay.judged.opening_source.tolist() == [0] * len(plan)
    np.testing.assert_array_equal(replay.counts.ordered_units[0, :, 0], wanted)


def test_every_policy_opens_with_the_same_stock_and_orders(replayed: Replay) -> None:
    counts = replayed.counts
    assert counts is not None
    opening = counts.on_hand_units[:, :, 0] + counts.sold_units[:, :, 0] - counts.received_units[:, :, 0]
    assert (opening == opening[0]).all() and (opening > 0).any()
    first = counts.received_units[:, :, 0]
    assert (first == first[0]).all()


def test_a_sku_more_leaves_the_others_as_they_were(replayed: Replay) -> None:
    """Whatever is its own: what is made of the whole shop, such as the shop's season, only Skuwise goes by."""
    more = lived(more=1)
    assert len(more.judged) == len(replayed.judged) + 1
    assert replayed.counts is not None and more.counts is not None
    own = [k for k, spec in enumerate(replayed.policies) if spec.kind != "skuwise"]
    for field in fields(replayed.counts):
        np.testing.assert_array_equal(
            getattr(more.counts, field.name)[own, :-1], getattr(replayed.counts, field.name)[own], field.name
        )


def test_a_sku_more_leaves_plans_as_they_were_where_no_year_tells_the_shops_season() -> None:
    rules = plain_rules({"history_periods_max": 50}, service_target=0.95)
    without, more = (
        skuwise.replay(shop(more=one), ["skuwise"], rulebook=rules, start=START, seed=4, keep_periods=True)
        for one in (0, 1)
    )
    assert without.counts is not None and more.counts is not None and without.counts.ordered_units.any()
    for field in fields(without.counts):
        np.testing.assert_array_equal(
            getattr(more.counts, field.name)[:, :-1], getattr(without.counts, field.name), field.name
        )


def test_the_same_replay_gives_the_same_figures_and_another_seed_other_lead_times(replayed: Replay) -> None:
    again, other = lived(), skuwise.replay(shop(), rulebook=PLAIN, start=START, seed=5)
    for field in fields(Measures):
        np.testing.assert_array_equal(getattr(again.total, field.name), getattr(replayed.total, field.name))
    assert again.comparisons == replayed.comparisons
    assert (other.items.received_units != replayed.items.received_units).any()


def test_every_unit_is_counted_twice_and_segments_add_up(replayed: Replay) -> None:
    total, items = replayed.total, replayed.items
    assert replayed.audited_periods == 4 * 9 * (WEEKS - START_WEEK)
    for name in ("demanded_units", "filled_units", "lost_units", "orders_placed", "cost_minor", "cycles"):
        whole = getattr(total, name)[:, 0]
        np.testing.assert_array_equal(getattr(items, name).sum(axis=1), whole, name)
        for segment in replayed.segments:
            np.testing.assert_array_equal(getattr(segment.measures, name).sum(axis=1), whole, f"{segment.by} {name}")
    np.testing.assert_array_equal(total.demanded_units, total.filled_units + total.lost_units)
    cost = total.shortage_cost_minor + total.holding_cost_minor + total.order_cost_minor
    np.testing.assert_array_equal(total.cost_minor, cost)
    run = replayed.run_of_time
    np.testing.assert_array_equal(run.lost_units.sum(axis=1), total.lost_units[:, 0])
    np.testing.assert_allclose(run.on_hand_units.mean(axis=1), total.stock_units_mean[:, 0])
    assert run.starts[0] == np.datetime64(START) and len(run.starts) == WEEKS - START_WEEK


def test_demand_in_a_stockout_is_judged_by_its_estimate_and_said_to_be_one() -> None:
    replay = skuwise.replay(shop(counts=True, stockout=range(70, 76)), rulebook=PLAIN, start=START)
    estimated = replay.items.demand_estimated_units[0]
    assert 6 <= estimated[0] <= 36 and estimated[1:].sum() == 0  # six weeks of about three units
    assert any("estimated demand" in sentence for sentence in replay.cannot_judge)
    done = replay.as_it_was
    assert done is not None and replay.as_it_was_absent == ""
    assert done.items.lost_units[0, 0] == estimated[0] and done.items.lost_units[0, 1:].sum() == 0
    assert done.names == ("as it was", *replay.names)
    np.testing.assert_array_equal(done.total.demanded_units[:, 0], replay.total.demanded_units[0, 0])
    assert 9 < done.items.stock_units_mean[0, 1] < 15


def test_what_was_done_is_absent_with_its_reason_where_it_is_not_known(replayed: Replay) -> None:
    assert replayed.as_it_was is None
    assert "neither stock counts nor stockouts" in replayed.as_it_was_absent


def test_an_item_launched_in_the_window_is_judged_from_its_first_reorder_that_could_arrive() -> None:
    replay = skuwise.replay(shop(launch_week=70), rulebook=PLAIN, start=START)
    newest = replay.demand_units[-1]
    assert newest[: 70 - START_WEEK].sum() == 0
    first = int(np.flatnonzero(newest)[0])
    assert 70 - START_WEEK + 2 <= first <= 70 - START_WEEK + 6
    assert any("1 items were launched inside the window" in sentence for sentence in replay.cannot_judge)


def test_money_is_left_out_where_the_cost_is_unknown_and_may_be_assumed() -> None:
    without = skuwise.replay(shop(unit_cost=False), ["textbook"], rulebook=PLAIN, start=START)
    assert not without.judged.money_known.any() and (without.total.cost_minor == -1).all()
    assert any("no unit cost" in sentence for sentence in without.cannot_judge)
    assumed = skuwise.replay(
        shop(unit_cost=False), ["textbook"], rulebook=PLAIN, start=START, unit_cost_share_assumed=0.5
    )
    assert assumed.judged.unit_cost_minor.tolist() == [500 + 50 * sku for sku in range(9)]
    assert (assumed.total.cost_minor > 0).all()


def test_lead_times_come_from_receipts_and_are_the_rules_own_where_there_are_none() -> None:
    own = skuwise.replay(shop(), ["textbook"], rulebook=PLAIN, start=START)
    assert own.judged.lead_time_source.tolist() == [0] * 9
    assumed = skuwise.replay(shop(receipts=False), ["textbook"], rulebook=PLAIN, start=START)
    assert assumed.judged.lead_time_source.tolist() == [3] * 9
    assert any("lead time of 9 items is not known" in sentence for sentence in assumed.cannot_judge)


def test_more_cover_holds_more_stock_and_loses_less() -> None:
    covers = [PolicySpec(f"{weeks} weeks", "weeks_of_cover", {"cover_weeks": weeks}) for weeks in (1.0, 3.0, 8.0)]
    replay = skuwise.replay(shop(), covers, rulebook=PLAIN, start=START)
    stock, lost = replay.total.stock_units_mean[:, 0], replay.total.lost_units[:, 0]
    assert (np.diff(stock) > 0).all() and (np.diff(lost) < 0).all()
    assert replay.reference == "1.0 weeks"
    assert "cannot be told apart" not in replay.comparisons[1].sentences[0]
    assert replay.comparisons[1].stock.real and replay.comparisons[1].stock.mean > 0


def test_nobody_buys_between_reviews_or_against_the_rules() -> None:
    monthly = skuwise.replay(shop(), rulebook=plain_rules(review_period_days=28), start=START, keep_periods=True)
    assert monthly.counts is not None
    ordered = monthly.counts.ordered_units.sum(axis=(0, 1))
    assert ordered[::4].all() and not np.delete(ordered, slice(None, None, 4)).any()
    forbidden = skuwise.replay(shop(), rulebook=plain_rules(reorder_allowed=False), start=START)
    assert not forbidden.total.ordered_units.any()


def test_unmet_demand_waits_where_the_rules_say_so() -> None:
    waits = skuwise.replay(
        shop(), ["textbook"], rulebook=plain_rules(unmet_demand="backordered"), start=START, keep_periods=True
    )
    assert waits.counts is not None and waits.counts.backlog_units.any()
    assert any("Customers of 9 items wait" in sentence for sentence in waits.assumptions)


def test_too_little_to_learn_from_changes_no_order_and_is_said() -> None:
    learns = PolicySpec("learns", "skuwise", {"learn": 1})
    replay = skuwise.replay(shop(), ["skuwise", learns], rulebook=PLAIN, start=START, keep_periods=True)
    assert replay.counts is not None
    np.testing.assert_array_equal(replay.counts.ordered_units[1], replay.counts.ordered_units[0])
    assert any("0 of 3 times there was enough" in sentence for sentence in replay.assumptions)
    assert {finding.code for finding in replay.findings} & {"LRN-001", "LRN-002"}
    assert "learned from all items" in learns.description


def test_learning_is_asked_for_on_the_command_line_under_each_rulebook(tmp_path: Path) -> None:
    rules = [tmp_path / "lean.toml", tmp_path / "rich.toml"]
    for path, target in zip(rules, (0.9, 0.98), strict=True):
        path.write_text(f"[defaults]\nservice_target = {target}\n", "utf-8")
    words = ["--policy", "textbook", "--policy", "skuwise", "--policy", "skuwise:learn=1", "--from", "2025-11-17"]
    words += [word for path in rules for word in ("--rules", str(path))]
    done = CliRunner().invoke(app, ["replay", str(SMALL_SHOP), *words, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    policies = pl.read_csv(tmp_path / "out" / "policies.csv")
    ours = ["skuwise lean", "skuwise rich", "skuwise, learn 1 lean", "skuwise, learn 1 rich"]
    assert policies["policy"].to_list() == ["textbook", *ours]
    assert policies["description"].str.contains("learned from all items").to_list() == [False] * 3 + [True] * 2


def test_an_order_that_does_not_come_is_doubted_and_ordered_anew() -> None:
    """As in a plan of the same day: the longer an order is overdue, the less of it counts."""
    past = Past.of(open_window(shop(), PLAIN, START, None))
    columns, n = past.at(START_WEEK).ruled(PLAIN), 9
    spec, nothing = PolicySpec("skuwise", "skuwise"), np.zeros(9, dtype=np.int64)
    empty = ShopState(0, *(np.zeros((1, n), dtype=np.int64),) * 4, *(np.zeros((1, n, 1), dtype=np.int64),) * 2)
    wanted = orders_of(spec, columns, empty, 0, nothing[:, None], nothing[:, None], 0)

    def ordered_again(overdue_by: int) -> np.ndarray:
        overdue = np.zeros((n, overdue_by + 1), dtype=np.int64)
        overdue[:, overdue_by] = wanted
        return orders_of(spec, columns, empty, 0, wanted[:, None], overdue, 0)

    assert (wanted > 0).all()
    due_today, long_overdue = ordered_again(0), ordered_again(8)
    assert (due_today <= wanted).all() and due_today.sum() < wanted.sum()
    np.testing.assert_array_equal(long_overdue, wanted)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"policies": [PolicySpec("a", "skuwise", {"learn": 2})]}, '"learn" of policy "a" is 2'),
        ({"policies": [PolicySpec("a", "skuwise", {"lern": 1})]}, '"lern" is no parameter of skuwise'),
        ({"end": END + timedelta(days=1)}, "the data end before 2026-03-02"),
        ({"start": END - timedelta(days=3)}, "there is no whole period of 7 days"),
        ({"start": week(1)}, "Periods with sales before the window: 1; at least 2 are needed"),
        ({"start": date(2000, 1, 3)}, "Let it start on 2024-06-24 or later"),
        ({"policies": ["min_mix"]}, 'Did you mean "min_max"'),
        ({"policies": []}, "No policy was given"),
        ({"policies": ["textbook", "textbook"]}, 'Two policies are named "textbook"'),
        ({"policies": [PolicySpec("a", "min_max", {"cover": 3})]}, '"cover" is no parameter of min_max'),
        ({"reference": "best"}, 'No policy is named "best"'),
        (
            {"policies": [PolicySpec("daily", "skuwise", rulebook=plain_rules({"period_days": 1}))]},
            "has other periods than the replay",
        ),
    ],
)
def test_what_cannot_be_lived_is_refused_with_the_mend(asked: dict[str, object], message: str) -> None:
    with pytest.raises(ReplayError) as refused:
        skuwise.replay(shop(), rulebook=PLAIN, **asked)
    assert message in str(refused.value)
    assert refused.value.why and refused.value.mend


TRIED = (fill_rate(0.8), fill_rate(0.98), Candidate("fortnight", {"review_period_days": 14}))


def test_the_later_part_has_no_say_in_the_choice() -> None:
    middle = START_WEEK + (WEEKS - START_WEEK) // 2
    choice = choose_policy(shop(), TRIED, rulebook=PLAIN, start=START)
    other = choose_policy(
        shop(sold=lambda _sku, number, units: units if number < middle else 4 * units),
        TRIED,
        rulebook=PLAIN,
        start=START,
    )
    assert other.picked == choice.picked and other.rules_text == choice.rules_text
    for field in fields(Measures):
        np.testing.assert_array_equal(
            getattr(other.early.items, field.name), getattr(choice.early.items, field.name), field.name
        )
    assert (other.late.total.demanded_units > choice.late.total.demanded_units).all()
    assert choice.early.grid.as_of == choice.late.grid.start == np.datetime64(week(middle))


def test_a_choice_is_the_cheapest_of_each_class_and_a_rulebook_that_can_be_used() -> None:
    choice = choose_policy(shop(), TRIED, rulebook=PLAIN, start=START)
    segment = choice.early.segment("abc_class")
    for group, name in choice.picked.items():
        costs = segment.measures.cost_minor[:, segment.names.index(group)]
        assert costs[choice.early.names.index(name)] == costs.min()
    assert set(choice.picked.values()) != {"default"}
    plan = skuwise.plan(shop(), choice.rulebook)
    assert "picked by replay" in choice.rules_text and len(plan) == 9
    assert choice.late.names == ("default", "chosen", "textbook")
    assert choice.against_textbook.reference == "textbook"


def test_a_choice_for_a_fill_rate_takes_the_least_stock_that_reaches_it() -> None:
    choice = choose_policy(shop(), TRIED, by="category", fill_rate_target=0.6, rulebook=PLAIN, start=START)
    measures = choice.early.segment("category").measures
    reached = measures.fill_rate[:, 0] >= 0.6
    assert choice.picked == {
        "mugs": choice.early.names[int(np.where(reached, measures.stock_units_mean[:, 0], 1e9).argmin())]
    }


def test_a_choice_no_better_than_the_default_says_so() -> None:
    same = choose_policy(shop(), [fill_rate(0.95)], rulebook=PLAIN, start=START)
    assert not same.better and same.rules_text == ""
    assert "keep" in same.verdict and set(same.picked.values()) == {"default"}


def test_a_choice_that_cannot_be_made_is_refused() -> None:
    with pytest.raises(ReplayError, match="cannot be divided by"):
        choose_policy(shop(), TRIED, by="colour", rulebook=PLAIN, start=START)
    with pytest.raises(ReplayError, match="periods cannot be divided"):
        choose_policy(shop(), TRIED, rulebook=PLAIN, start=week(WEEKS - 1))
    with pytest.raises(ReplayError, match="fill_rate_target"):
        choose_policy(shop(unit_cost=False), TRIED, rulebook=PLAIN, start=START)
