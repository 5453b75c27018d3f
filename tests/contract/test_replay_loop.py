"""Shops that tune by hand and the loop that tunes by itself, lived again: what stays, what moves, and what is known."""

from __future__ import annotations

from dataclasses import fields
from functools import cache

import numpy as np
import pytest

import skuwise
from skuwise.cli.replaying import _spec
from skuwise.core.monitoring import watch
from skuwise.core.rules import Rulebook, parse_rulebook
from skuwise.replaying.choose import with_rules
from skuwise.replaying.policies import PolicySpec
from skuwise.replaying.result import Replay
from skuwise.replaying.window import ReplayError
from skuwise.simulate.shop import UnitCounts
from tests.builders import plain_rules
from tests.contract.replay_shop import PLAIN, shop, week

START_WEEK = 50
START = week(START_WEEK)
#: In this week of the window the demand of every second SKU becomes three times what it was.
TURN = 8
LOOP = PolicySpec("loop", "skuwise", {"loop": 1})
FROZEN = PolicySpec("frozen", "skuwise", {"frozen_rules": 1})
LEVELS = PolicySpec("levels", "skuwise", {"frozen_levels": 1})


def turned(sku: int, number: int, units: int) -> int:
    return units * 3 + 2 if number >= START_WEEK + TURN and sku % 2 == 0 else units


def later(sku: int, number: int, units: int) -> int:
    """The turned shop, and from the fourteenth week of the window on another one."""
    return 5 * units + 9 if number >= START_WEEK + 14 else turned(sku, number, units)


def dated(from_week: int) -> Rulebook:
    """Everywhere the same; from one Monday on with a much higher target."""
    return with_rules(
        PLAIN,
        f'[[rule]]\nname = "Much more"\nlayer = "segment"\nwhen = {{ category = "mugs" }}\n'
        f'set = {{ service_target = 0.999 }}\nfrom = {week(from_week)}\nreason = "a test"\n',
    )


def lived(*specs: PolicySpec, rulebook: Rulebook = PLAIN, sold: object = turned) -> Replay:
    return skuwise.replay(shop(sold=sold), specs, rulebook=rulebook, start=START, seed=4, keep_periods=True)  # type: ignore[arg-type]


@cache
def side_by_side() -> Replay:
    return lived(PolicySpec("skuwise", "skuwise"), LOOP, FROZEN, LEVELS)


def counts_of(made: Replay, policy: str) -> UnitCounts:
    assert made.counts is not None
    row = made.names.index(policy)
    return UnitCounts(*(getattr(made.counts, field.name)[row] for field in fields(UnitCounts)))


def the_same(a: UnitCounts, b: UnitCounts) -> None:
    for field in fields(UnitCounts):
        np.testing.assert_array_equal(getattr(a, field.name), getattr(b, field.name), field.name)


def test_frozen_rules_are_those_of_the_first_day() -> None:
    frozen, plain = (lived(spec, rulebook=dated(START_WEEK + 5)) for spec in (FROZEN, PolicySpec("skuwise", "skuwise")))
    never = lived(PolicySpec("skuwise", "skuwise"))
    the_same(counts_of(frozen, "frozen"), counts_of(never, "skuwise"))
    assert (counts_of(plain, "skuwise").ordered_units != counts_of(never, "skuwise").ordered_units).any()


def test_rules_set_anew_every_eight_weeks_take_up_in_the_eighth_what_changed_in_the_fifth() -> None:
    yearly = PolicySpec("re-tuned", "skuwise", {"frozen_rules": 1, "retune_weeks": 8})
    tuned = lived(yearly, rulebook=dated(START_WEEK + 5))
    known_at_once = lived(PolicySpec("skuwise", "skuwise"), rulebook=dated(START_WEEK + 8))
    the_same(counts_of(tuned, "re-tuned"), counts_of(known_at_once, "skuwise"))


def test_a_frozen_stage_never_moves_and_the_plan_moves_it() -> None:
    built_in = parse_rulebook("")
    made = lived(PolicySpec("skuwise", "skuwise"), FROZEN, rulebook=built_in)
    assert made.stage_moves[0].sum() > 0
    assert made.stage_moves[1].sum() == 0


def test_a_frozen_level_is_filled_up_to_whatever_is_sold() -> None:
    """Customers wait here, so that the position falls by the demand of each week and rises by each order."""
    made = lived(
        LEVELS, PolicySpec("skuwise", "skuwise"), rulebook=plain_rules(service_target=0.95, unmet_demand="backordered")
    )
    frozen, plain = (_levels_filled_to(made, name) for name in made.names)
    assert all(len(levels) == 1 for levels in frozen)
    assert all(len(levels) > 1 for levels in plain)


def _levels_filled_to(made: Replay, policy: str) -> list[set[int]]:
    """Positions after an order, less the opening's, of each SKU that is ordered by single units."""
    ordered = counts_of(made, policy).ordered_units.astype(np.int64)
    before = np.cumsum(ordered, axis=1) - ordered - np.cumsum(made.demand_units, axis=1) + made.demand_units
    single = [row for row in range(len(ordered)) if row % 3 != 1]
    return [{int(at) for at in (before + ordered)[row][ordered[row] > 0]} for row in single]


def test_levels_set_anew_move_on_that_day_alone() -> None:
    rules = plain_rules(service_target=0.95, unmet_demand="backordered")
    made = lived(PolicySpec("levels", "skuwise", {"frozen_levels": 1, "retune_weeks": 20}), rulebook=rules)
    assert [len(levels) for levels in _levels_filled_to(made, "levels")] == [2] * 6


def test_a_loop_whose_monitors_are_off_is_the_plan_in_every_integer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "MONITORS", ())
    built_in = parse_rulebook("")
    made = lived(PolicySpec("skuwise", "skuwise"), LOOP, rulebook=built_in)
    assert made.stage_moves.sum() > 0 and made.automatic_changes.sum() == 0
    np.testing.assert_array_equal(made.stage_moves[0], made.stage_moves[1])
    the_same(counts_of(made, "loop"), counts_of(made, "skuwise"))


def test_a_loop_finds_the_change_and_learns_from_it_on() -> None:
    made = side_by_side()
    plain, loop = made.names.index("skuwise"), made.names.index("loop")
    assert made.automatic_changes[loop][::2].all() and not made.automatic_changes[plain].any()
    assert any("level shift up" in sentence for sentence in made.assumptions)
    before = slice(0, TURN + 1)
    ordered = made.counts.ordered_units if made.counts else np.empty(0)
    np.testing.assert_array_equal(ordered[loop][1::2, before], ordered[plain][1::2, before])
    assert (ordered[loop] != ordered[plain]).any()


def test_guard_rails_that_allow_nothing_leave_the_stages_where_they_were() -> None:
    shut = parse_rulebook(
        "".join(
            f'[[guard_rail]]\nname = "no {field}"\nfield = "{field}"\nautomatic = false\nreason = "a person decides"\n'
            for field in ("stage", "learn_from", "lead_time_days_ruled")
        )
    )
    made = lived(PolicySpec("skuwise", "skuwise"), LOOP, rulebook=shut)
    assert made.stage_moves[0].sum() > 0
    assert made.stage_moves[1].sum() == 0 and made.automatic_changes.sum() == 0


def test_what_is_sold_later_changes_no_earlier_order_of_loop_and_frozen_shops() -> None:
    once, other = side_by_side(), lived(*side_by_side().policies, sold=later)
    assert once.counts is not None and other.counts is not None
    known = slice(0, 15)
    np.testing.assert_array_equal(other.counts.ordered_units[..., known], once.counts.ordered_units[..., known])
    assert (other.counts.ordered_units[..., 15:] != once.counts.ordered_units[..., 15:]).any(axis=(1, 2)).all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"frozen_rules": 2}, '"frozen_rules" of policy "a" is 2'),
        ({"loop": 1, "frozen_levels": 1}, "has a loop and is frozen"),
        ({"retune_weeks": 52}, "has nothing to set anew"),
        ({"frozen_rules": 1, "retune_weeks": -1}, '"retune_weeks" of policy "a" is -1'),
        ({"frozen": 1}, '"frozen" is no parameter of skuwise'),
    ],
)
def test_settings_that_contradict_each_other_are_refused_with_the_mend(
    parameters: dict[str, float], message: str
) -> None:
    with pytest.raises(ReplayError) as refused:
        lived(PolicySpec("a", "skuwise", parameters))
    assert message in str(refused.value)
    assert refused.value.why and refused.value.mend


def test_each_variant_can_be_asked_for_on_the_command_line_and_says_what_it_is() -> None:
    words = {
        "skuwise:loop=1": "watched by monitors",
        "skuwise:frozen_rules=1": "class, stage and rule values stay as on the first day",
        "skuwise:frozen_levels=1,retune_weeks=52": "reorder point, level and lot are set anew every 52 weeks only",
    }
    for asked, said in words.items():
        assert said in _spec(asked).description
