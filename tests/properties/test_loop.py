"""The loop week by week: alarms live and end, changes are applied, wait and are taken back, whatever the order."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skuwise.core.lifecycle.stage import DECLINING, GROWING, MATURE, NEW, STAGES
from skuwise.core.monitoring import acts
from skuwise.core.monitoring.alarm import KINDS, Alarms, Seen
from skuwise.core.monitoring.change import PIN
from skuwise.core.monitoring.guard import REST_DAYS
from skuwise.core.monitoring.life import ACKNOWLEDGED, ANSWERED, RESOLVED, SNOOZED, AlarmLives
from skuwise.core.monitoring.loop import LoopState, advance, automatic_rules
from skuwise.core.monitoring.remedies import REMEDIES
from skuwise.core.monitoring.watch import ranked
from skuwise.core.rules import Rulebook, built_in_rulebook, parse_overrides, parse_rulebook
from skuwise.core.steps import CODE_NAMES

MONDAY = np.datetime64("2026-01-05", "D")
ITEMS = 4
BOOK = built_in_rulebook()
NO_DAY = np.datetime64("NaT", "D")


def week(number: int) -> np.datetime64:
    return MONDAY + 7 * number


def seen_in(number: int, stages: list[int] | None = None, **columns: Any) -> Seen:
    """A plan of four items in a week, as the loop sees it."""
    told = np.array(stages or [MATURE] * ITEMS, np.int16)
    store = {
        "sku_id": np.array([f"SKU-{item}" for item in range(ITEMS)]),
        "location_id": np.full(ITEMS, "EAST"),
        "supplier_id": np.zeros(ITEMS, np.int16),
        "stage_seen": told,
        "stage": told,
        "stage_evidence": np.zeros(ITEMS, np.int16),
        "season_state": np.zeros(ITEMS, np.int16),
        "stage_since": np.full(ITEMS, week(number)),
        "learn_from": np.full(ITEMS, NO_DAY),
        "lead_time_days_ruled": np.full(ITEMS, -1.0),
        "lead_time_days_mean": np.full(ITEMS, 30.0),
        "lead_time_days_given": np.full(ITEMS, 30.0),
        "lead_time_days_assumed": np.full(ITEMS, 14.0),
        "max_supply_days": np.full(ITEMS, 180.0),
        "reorder_allowed": np.ones(ITEMS, bool),
        "demand_factor": np.ones(ITEMS),
        "period_days": 7,
    }
    return Seen(store | columns, {**CODE_NAMES, "supplier_id": ("ADA",)}, week(number))


def alarm(kind: str, item: int, since: np.datetime64, money: int = 500, *facts: float) -> Alarms:
    numbers = facts or (10.0, 20.0, 1.0, 4.0)
    rows = [np.array([fact]) for fact in numbers]
    return Alarms.of_items(kind, np.array([item]), np.array([since]), np.ones(1), np.array([money]), *rows)


def feed_alarm(number: int) -> Alarms:
    facts = [np.array([fact]) for fact in (5.0, 100.0, -0.95)]
    subject = np.array(["sales"])
    nobody = np.array([-1])
    return Alarms.of_items(
        "feed_jump", nobody, np.array([week(number - 1)]), np.ones(1), np.array([-1]), *facts, subject=subject
    )


def lived(*weeks: Alarms, state: LoopState | None = None, book: Rulebook = BOOK, first: int = 0) -> LoopState:
    now = state or LoopState()
    for number, alarms in enumerate(weeks, start=first):
        now = advance(now, seen_in(number), alarms, book)
    return now


def state_of(lives: AlarmLives) -> list[int]:
    return lives.state.tolist()


NOTHING = Alarms.none()


def test_every_remedy_belongs_to_a_kind_and_changes_a_rule_that_exists() -> None:
    assert set(REMEDIES) <= set(KINDS)
    assert {remedy.field for remedy in REMEDIES.values()} <= set(BOOK.rules[0].values)


def test_an_alarm_seen_again_is_the_same_alarm() -> None:
    excess = alarm("excess", 1, week(0), 700, 5, 20, 40, 0, 0)
    dearer = alarm("excess", 1, week(0), 900, 6, 20, 40, 0, 0)
    state = lived(excess, dearer)
    assert state.alarms.times_seen.tolist() == [2]
    assert state.alarms.money_minor.tolist() == [900]
    assert str(state.alarms.first_seen[0]) == "2026-01-05"


def test_an_alarm_not_seen_again_resolves_after_the_weeks_of_its_kind() -> None:
    assert KINDS["excess"].quiet_weeks_to_resolve == 0
    assert KINDS["returns_jump"].quiet_weeks_to_resolve == 4
    both = Alarms.joined([alarm("excess", 1, week(0)), alarm("returns_jump", 2, week(0))])
    state = lived(both, NOTHING)
    assert state.alarms.kind.tolist() == ["returns_jump"]
    assert [past.kind.tolist() for past in state.past] == [["excess"]]
    state = lived(NOTHING, NOTHING, state=state, first=2)
    assert len(state.alarms) == 1
    state = lived(NOTHING, state=state, first=4)
    assert len(state.alarms) == 0
    assert state_of(state.every_alarm) == [RESOLVED, RESOLVED]


def test_what_comes_back_after_it_resolved_is_a_new_alarm() -> None:
    one = alarm("excess", 1, week(0))
    state = lived(one, NOTHING, one)
    assert len(state.every_alarm) == 2
    assert len(set(state.every_alarm.alarm_id.tolist())) == 2


def test_a_snoozed_alarm_is_silent_and_proposes_nothing_until_its_day() -> None:
    drift = alarm("lead_time_drift", 0, week(0), 100, 30, 36, 5)
    book = parse_rulebook('[[guard_rail]]\nname = "ask"\nfield = "lead_time_days_ruled"\nautomatic = false\n')
    state = lived(drift, book=book)
    alarm_id = str(state.alarms.alarm_id[0])
    state = acts.snooze(state, alarm_id[:8], date(2026, 1, 26), "Maya", "strike", date(2026, 1, 5))
    state = lived(drift, state=state, first=1)
    assert state_of(state.alarms) == [SNOOZED]
    state = lived(drift, drift, state=state, first=2)
    assert state_of(state.alarms) == [ANSWERED]
    assert [change.state for change in state.changes] == ["applied"]


def test_a_shift_of_level_lets_the_forecast_learn_from_its_first_day_and_answers_the_alarm() -> None:
    state = lived(alarm("level_shift_up", 2, week(-4)))
    (change,) = state.changes
    assert (change.field, change.after, change.state) == ("learn_from", date(2025, 12, 8), "applied")
    assert state_of(state.alarms) == [ANSWERED]
    (rule,) = automatic_rules(state)
    assert rule.values == {"learn_from": date(2025, 12, 8)}
    assert rule.layer == "automatic"
    assert "Demand rose" in rule.reason


def test_an_answered_alarm_seen_again_asks_for_nothing_and_ends() -> None:
    shift = alarm("level_shift_up", 2, week(-4))
    state = lived(shift, shift, shift, NOTHING, NOTHING, NOTHING, NOTHING)
    assert len(state.changes) == 1
    assert len(state.alarms) == 0
    assert len(state.every_alarm) == 1


def test_a_second_shift_after_the_answer_is_a_new_alarm() -> None:
    state = lived(alarm("level_shift_up", 2, week(-4)))
    learned = seen_in(8, learn_from=np.array([NO_DAY, NO_DAY, week(-4), NO_DAY]))
    state = advance(state, learned, alarm("level_shift_up", 2, week(4)), BOOK)
    assert [change.after for change in state.changes] == [date(2025, 12, 8), date(2026, 2, 2)]
    assert len(set(state.every_alarm.alarm_id.tolist())) == 2
    (rule,) = automatic_rules(state)
    assert rule.values == {"learn_from": date(2026, 2, 2)}
    state = acts.undo(state, state.changes[1].change_id, who="Maya", why="only a promotion", on=date(2026, 3, 2))
    (rule,) = automatic_rules(state)
    assert rule.values == {"learn_from": date(2025, 12, 8)}, "undoing the newest lets the one before it hold again"


def test_an_undone_change_is_not_made_again_for_the_same_alarm_nor_soon_for_another() -> None:
    shift = alarm("level_shift_up", 2, week(-4))
    state = lived(shift)
    state = acts.undo(state, state.changes[0].change_id, who="Maya", why="a one-off order", on=date(2026, 1, 5))
    assert automatic_rules(state) == ()
    assert state_of(state.alarms) == [ACKNOWLEDGED]
    state = lived(shift, shift, state=state, first=1)
    assert [change.state for change in state.changes] == ["undone"]
    later = alarm("ramp_up", 2, week(2))
    state = lived(later, state=state, first=3)
    assert [change.state for change in state.changes] == ["undone", "waiting"]
    assert "Maya has undone a change of it on 2026-01-05" in state.changes[1].why
    rested = REST_DAYS // 7 + 1
    state = advance(state, seen_in(rested), later, BOOK)
    assert [change.state for change in state.changes] == ["undone", "applied"]


def test_a_lead_time_is_applied_within_half_of_the_terms_and_waits_beyond() -> None:
    near = alarm("lead_time_drift", 0, week(-4), 100, 30, 41, 5)
    far = alarm("lead_time_drift", 1, week(-4), 100, 30, 61, 5)
    state = lived(Alarms.joined([near, far]))
    by_sku = {change.sku_id: change for change in state.changes}
    assert (by_sku["SKU-0"].state, by_sku["SKU-0"].before, by_sku["SKU-0"].after) == ("applied", 30.0, 41.0)
    assert by_sku["SKU-0"].told == "lead time 30 days → 41 days"
    assert by_sku["SKU-1"].state == "waiting"
    assert "%" in by_sku["SKU-1"].why


def test_a_lead_time_is_asked_again_after_a_year() -> None:
    near = alarm("lead_time_drift", 0, week(-4), 100, 30, 41, 5)
    state = lived(near)
    assert state.changes[0].valid_until == date(2027, 1, 5)
    state = lived(NOTHING, state=state, first=53)
    assert [change.state for change in state.changes] == ["over"]
    assert automatic_rules(state) == ()


def test_a_persons_override_keeps_a_change_waiting_until_it_ends() -> None:
    override = {
        "sku_id": "SKU-2",
        "field": "learn_from",
        "value": "2025-06-02",
        "unit": "",
        "until": "2026-01-12",
        "author": "Maya",
        "reason": "new recipe",
    }
    book = BOOK.with_overrides(parse_overrides([override]))
    shift = alarm("level_shift_up", 2, week(-4))
    state = lived(shift, book=book)
    assert state.changes[0].state == "waiting"
    assert "Maya's override holds until 2026-01-12: new recipe" in state.changes[0].why
    state = lived(shift, book=book, state=state, first=1)
    assert state.changes[0].state == "applied"


def test_nothing_is_applied_while_the_feed_is_in_doubt_until_a_person_says_that_it_is_right() -> None:
    shift = alarm("level_shift_up", 2, week(-4))
    state = advance(
        lived(NOTHING), seen_in(1, [NEW, MATURE, MATURE, MATURE]), Alarms.joined([feed_alarm(1), shift]), BOOK
    )
    assert {change.state for change in state.changes} == {"waiting"}
    assert len(state.changes) == 2
    assert all("the feed is in doubt" in change.why for change in state.changes)
    feed_id = next(i for i, kind in zip(state.alarms.alarm_id, state.alarms.kind, strict=True) if kind == "feed_jump")
    state = acts.acknowledge(state, str(feed_id), "Maya", "it was a holiday", date(2026, 1, 12))
    state = advance(state, seen_in(1, [NEW, MATURE, MATURE, MATURE]), Alarms.joined([feed_alarm(1), shift]), BOOK)
    assert {change.state for change in state.changes} == {"applied"}


def test_what_no_guard_rail_allows_waits_with_the_newest_value_until_a_person_decides() -> None:
    def bias(factor: float) -> Alarms:
        return alarm("forecast_bias", 1, week(-8), 900, 100, 100 * factor, factor - 1)

    state = lived(bias(1.2), bias(1.3))
    (change,) = state.changes
    assert (change.field, change.state, change.after, str(change.proposed_on)) == (
        "demand_factor",
        "waiting",
        1.3,
        "2026-01-05",
    )
    assert automatic_rules(state) == ()
    approved = acts.approve(state, change.change_id, who="Jonas", why="I believe it", on=date(2026, 1, 12))
    (rule,) = automatic_rules(approved)
    assert rule.values == {"demand_factor": 1.3}
    refused = acts.refuse(state, change.change_id, who="Jonas", why="a campaign", on=date(2026, 1, 12))
    assert automatic_rules(refused) == ()
    assert [one.state for one in lived(bias(1.4), state=refused, first=2).changes] == ["refused"]


def test_a_waiting_change_is_withdrawn_when_its_alarm_has_ended() -> None:
    state = lived(alarm("dead_stock", 1, week(-30)), NOTHING)
    assert [(change.state, change.why) for change in state.changes] == [("withdrawn", "its alarm ended by itself")]


def test_a_move_of_the_stage_is_a_change_and_its_undoing_pins_the_former_stage() -> None:
    state = advance(LoopState(), seen_in(0), NOTHING, BOOK)
    assert state.changes == ()
    state = advance(state, seen_in(1, [DECLINING, MATURE, MATURE, MATURE]), NOTHING, BOOK)
    (move,) = state.changes
    assert (move.before, move.after, move.state) == ("mature", "declining", "applied")
    assert automatic_rules(state) == (), "a stage in force by what the data say needs no rule"
    state = acts.undo(state, move.change_id, who="Maya", why="the shop was closed", on=date(2026, 1, 12))
    (rule,) = automatic_rules(state)
    assert rule.values == {PIN: "mature"}
    for number in (2, 3):
        state = advance(state, seen_in(number, [DECLINING, MATURE, MATURE, MATURE]), NOTHING, BOOK)
        assert len(automatic_rules(state)) == 1
    back = advance(state, seen_in(4), NOTHING, BOOK)
    assert automatic_rules(back) == (), "the pin goes when the data say the former stage again"
    approved = acts.approve(state, move.change_id, who="Maya", why="it is true", on=date(2026, 1, 26))
    assert automatic_rules(approved) == ()


def test_a_move_that_waits_keeps_the_former_stage_in_force() -> None:
    book = parse_rulebook('[[guard_rail]]\nname = "ask"\nfield = "stage"\nautomatic = false\n')
    state = advance(LoopState(), seen_in(0), NOTHING, book)
    state = advance(state, seen_in(1, [GROWING, MATURE, MATURE, MATURE]), NOTHING, book)
    assert [rule.values for rule in automatic_rules(state)] == [{PIN: "mature"}]
    state = advance(state, seen_in(2, [DECLINING, MATURE, MATURE, MATURE]), NOTHING, book)
    assert [change.state for change in state.changes] == ["withdrawn", "waiting"]
    assert [rule.values for rule in automatic_rules(state)] == [{PIN: "mature"}]
    state = advance(state, seen_in(3), NOTHING, book)
    assert [change.state for change in state.changes] == ["withdrawn", "withdrawn"]
    assert automatic_rules(state) == ()


def test_an_unknown_id_is_answered_with_the_nearest() -> None:
    state = lived(alarm("level_shift_up", 2, week(-4)))
    wrong = state.changes[0].change_id[:-2] + "zz"
    with pytest.raises(acts.ActError, match=f"did you mean {state.changes[0].change_id}"):
        acts.undo(state, wrong, who="Maya", why="", on=date(2026, 1, 5))
    with pytest.raises(acts.ActError, match="say who"):
        acts.undo(state, state.changes[0].change_id, who=" ", why="", on=date(2026, 1, 5))
    with pytest.raises(acts.ActError, match="is applied"):
        acts.approve(state, state.changes[0].change_id, who="Maya", why="", on=date(2026, 1, 5))


def test_a_day_before_the_newest_cannot_be_lived() -> None:
    with pytest.raises(ValueError, match="is before"):
        advance(lived(NOTHING, NOTHING), seen_in(0), NOTHING, BOOK)


weeks = st.lists(
    st.tuples(
        st.lists(
            st.tuples(
                st.sampled_from(("level_shift_up", "lead_time_drift", "excess", "dead_stock", "feed_jump")),
                st.integers(0, ITEMS - 1),
                st.integers(0, 6),
            ),
            max_size=5,
        ),
        st.lists(st.integers(0, len(STAGES) - 1), min_size=ITEMS, max_size=ITEMS),
    ),
    min_size=1,
    max_size=8,
)


def alarms_of(number: int, told: list[tuple[str, int, int]]) -> Alarms:
    parts = [
        feed_alarm(number) if kind == "feed_jump" else alarm(kind, item, week(number - ago), 100 + ago, 30, 36, 5, 1, 0)
        for kind, item, ago in told
    ]
    return ranked(Alarms.joined(parts))


def said(state: LoopState, seen: Seen, stages: list[int]) -> set[tuple[str, str, object]]:
    """What the rules of the morning say; a pin to what the data tell anyway says nothing."""
    told = {f"SKU-{item}": STAGES[code] for item, code in enumerate(stages)}
    rules = automatic_rules(state, before=seen.as_of)
    every = {(str(rule.when["sku_id"]), *next(iter(rule.values.items()))) for rule in rules}
    return {one for one in every if one[1] != PIN or one[2] != told[one[0]]}


@settings(max_examples=60, deadline=None)
@given(weeks)
def test_living_a_day_twice_is_the_same_as_living_it_once(lives: list[Any]) -> None:
    once = twice = LoopState()
    for number, (told, stages) in enumerate(lives):
        seen, alarms = seen_in(number, stages), alarms_of(number, told)
        once = advance(once, seen, alarms, BOOK)
        morning = said(twice, seen, stages)
        twice = advance(twice, seen, alarms, BOOK)
        assert said(twice, seen, stages) == morning
        twice = advance(twice, seen, alarms, BOOK)
        assert automatic_rules(once) == automatic_rules(twice)
    assert once.changes == twice.changes
    assert once.log == twice.log
    for name in AlarmLives.__slots__:
        one, other = (getattr(state.every_alarm, name) for state in (once, twice))
        assert np.array_equal(one, other, equal_nan=one.dtype.kind in "fM"), name


@settings(max_examples=60, deadline=None)
@given(weeks, st.randoms(use_true_random=False))
def test_undoing_everything_in_any_order_leaves_no_rule_and_the_first_stages(lives: list[Any], luck: Any) -> None:
    state = LoopState()
    for number, (told, stages) in enumerate(lives):
        state = advance(state, seen_in(number, stages), alarms_of(number, told), BOOK)
    applied = [change.change_id for change in state.changes if change.state == "applied"]
    luck.shuffle(applied)
    undone = state
    for one in applied:
        undone = acts.undo(undone, one, who="Maya", why="all back", on=date(2026, 6, 1))
    at_once = acts.undo_all(state, "Maya", "all back", date(2026, 6, 1))
    for after in (undone, at_once):
        assert {rule.values.keys() <= {PIN} for rule in automatic_rules(after)} <= {True}
        assert after.stages.in_force.tolist() == lives[0][1]
        pins = {str(rule.when["sku_id"]): rule.values[PIN] for rule in automatic_rules(after)}
        for sku, origin, told in zip(after.stages.sku_id, after.stages.origin, after.stages.seen, strict=True):
            assert pins.get(str(sku)) == (STAGES[origin] if origin != told else None)
    assert len(at_once.log) == len(state.log) + len(applied)


@settings(max_examples=30, deadline=None)
@given(weeks)
def test_looking_only_at_what_is_current_forgets_nothing(lives: list[Any]) -> None:
    quick = thorough = LoopState()
    for number, (told, stages) in enumerate(lives):
        seen, alarms = seen_in(number, stages), alarms_of(number, told)
        quick = advance(quick, seen, alarms, BOOK)
        thorough = advance(LoopState(**_all_but_current(thorough)), seen, alarms, BOOK)
    assert quick.changes == thorough.changes
    by_name = {rule.name: rule for rule in automatic_rules(LoopState(**_all_but_current(quick)))}
    assert {rule.name: rule for rule in automatic_rules(quick)} == by_name


def _all_but_current(state: LoopState) -> dict[str, Any]:
    return {name: getattr(state, name) for name in LoopState.__slots__ if name != "current"}


def test_an_alarm_of_a_change_that_the_forecast_has_left_behind_is_answered_at_once() -> None:
    learned = seen_in(0, learn_from=np.array([NO_DAY, NO_DAY, week(-4), NO_DAY]))
    state = advance(LoopState(), learned, alarm("ramp_up", 2, week(-30)), BOOK)
    assert state.changes == ()
    assert state_of(state.alarms) == [ANSWERED]


def test_learning_anew_answers_every_alarm_that_asked_for_it() -> None:
    both = Alarms.joined([alarm("level_shift_up", 2, week(-4), 900), alarm("volatility_up", 2, week(-6), 100, 1, 2, 6)])
    state = lived(both)
    assert [change.after for change in state.changes] == [date(2025, 12, 8)]
    assert state_of(state.alarms) == [ANSWERED, ANSWERED]


def test_a_feed_that_a_person_took_for_right_is_doubted_anew_when_it_jumps_again() -> None:
    state = lived(NOTHING, feed_alarm(1))
    state = acts.acknowledge(state, str(state.alarms.alarm_id[0]), "Maya", "a sale", date(2026, 1, 12))
    same_week = advance(state, seen_in(1), feed_alarm(1), BOOK)
    assert state_of(same_week.alarms) == [ACKNOWLEDGED]
    state = lived(feed_alarm(2), state=same_week, first=2)
    assert len(set(state.every_alarm.alarm_id.tolist())) == 2
    state = lived(Alarms.joined([feed_alarm(3), alarm("level_shift_up", 2, week(-4))]), state=state, first=3)
    assert [change.state for change in state.changes] == ["waiting"]


def test_a_shift_after_the_one_that_a_person_took_back_asks_again() -> None:
    state = lived(alarm("level_shift_up", 2, week(-4)))
    state = acts.undo(state, state.changes[0].change_id, who="Maya", why="a one-off order", on=date(2026, 1, 5))
    state = lived(
        *[alarm("level_shift_up", 2, week(-4))] * 3, alarm("level_shift_up", 2, week(2)), state=state, first=1
    )
    assert [(change.state, change.after) for change in state.changes] == [
        ("undone", date(2025, 12, 8)),
        ("waiting", date(2026, 1, 19)),
    ]
