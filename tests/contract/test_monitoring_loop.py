"""The way back, on whole shops: what changed by itself can be listed, explained and undone, down to the last unit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

import skuwise
from skuwise.core import plan as core
from skuwise.core.catalog.inputs import PlanInputs
from skuwise.core.monitoring.acts import undo_all
from skuwise.core.monitoring.change import PIN, STAGE
from skuwise.core.monitoring.loop import automatic_rules
from skuwise.core.plan import Plan
from skuwise.core.rules import Rulebook, explain_field, parse_overrides
from skuwise.dataset import Dataset
from skuwise.demo import AS_OF as DEMO_DAY
from skuwise.planning.assemble import plan_inputs
from skuwise.planning.rulebook_files import load_rulebook
from skuwise.watching.run import Watched, monitor
from tests.contract.watched_shop import AS_OF, FIRST, shop_tables

#: What tells that a stage is pinned, and by which rule, is no decision.
ABOUT_PINS = {PIN, "stage_is_pinned"}


@dataclass
class Case:
    inputs: PlanInputs
    rulebook: Rulebook
    watched: Watched
    dataset: Dataset
    begun: date


def watched_case(dataset: Dataset, rulebook: Rulebook, as_of: date, weeks: int) -> Case:
    begun = as_of - timedelta(weeks=weeks)
    watched = monitor(dataset, rulebook, as_of=as_of, since=begun)
    assert len(watched.days) == weeks + 1
    return Case(plan_inputs(dataset, as_of=as_of), rulebook, watched, dataset, begun)


@pytest.fixture(scope="module", params=["generated shop", "demo shop"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    if request.param == "generated shop":
        dataset = skuwise.load_dataset(shop_tables(), as_of=AS_OF)
        return watched_case(dataset, load_rulebook(None), AS_OF, 14)
    folder = tmp_path_factory.mktemp("demo") / "shop"
    skuwise.generate_demo_shop(folder, seed=7)
    dataset = skuwise.load_dataset(folder, as_of=DEMO_DAY)
    return watched_case(dataset, load_rulebook(folder / "rules.toml"), DEMO_DAY, 3)


def whole_numbers(plan: Plan) -> dict[str, np.ndarray]:
    columns = {name: np.asarray(column) for name, column in plan.columns.items() if name not in ABOUT_PINS}
    return {name: column for name, column in columns.items() if column.dtype.kind in "iub"}


def with_first_stages(case: Case) -> Rulebook:
    """The shop's rulebook, and a person's override for each item that keeps the stage of the first day."""
    stages = case.watched.state.stages
    rows = [
        {
            "sku_id": sku,
            "location_id": place,
            "field": PIN,
            "value": core.CODE_NAMES["stage"][code],
            "unit": "",
            "until": "",
            "author": "test",
            "reason": "as on the first day",
        }
        for sku, place, code in zip(stages.sku_id, stages.location_id, stages.origin.tolist(), strict=True)
    ]
    return case.rulebook.with_overrides(parse_overrides(rows))


def test_something_has_changed_by_itself(case: Case) -> None:
    applied = [change for change in case.watched.state.changes if change.state == "applied"]
    assert {change.field for change in applied} >= {"learn_from"}
    before = core.plan(case.inputs, case.rulebook)
    after = whole_numbers(case.watched.plan)
    assert any(not np.array_equal(column, after[name]) for name, column in whole_numbers(before).items())


def test_undoing_every_change_gives_the_original_plan_back_in_every_integer(case: Case) -> None:
    state = undo_all(case.watched.state, "Maya", "all back", case.watched.days[-1])
    assert [change for change in state.changes if change.state == "applied"] == []
    undone = core.plan(case.inputs, case.rulebook.with_automatic(automatic_rules(state)))
    original = core.plan(case.inputs, with_first_stages(case))
    expected, found = whole_numbers(original), whole_numbers(undone)
    assert expected.keys() == found.keys()
    assert [name for name, column in expected.items() if not np.array_equal(column, found[name])] == []


def test_every_change_can_be_listed_and_explained(case: Case) -> None:
    plan = case.watched.plan
    keys = {
        (str(sku), str(place)): row
        for row, (sku, place) in enumerate(zip(plan.columns["sku_id"], plan.columns["location_id"], strict=True))
    }
    for change in case.watched.state.changes:
        assert change.reason, change
        assert change.why, change
        assert change.told, change
        if change.state != "applied" or change.field == STAGE:
            continue
        tried = explain_field(plan.rulebook, plan.columns, plan.labels, plan.as_of, keys[change.item], change.field)
        of_change = [one for one in tried if one.rule.change_id]
        assert of_change, f"explain does not know of {change}"
    logged = {event.about for event in case.watched.state.log}
    assert {change.change_id for change in case.watched.state.changes} <= logged


def test_stages_in_force_are_those_of_the_plan(case: Case) -> None:
    stages = case.watched.state.stages
    columns = case.watched.plan.columns
    keys = zip(columns["sku_id"].tolist(), columns["location_id"].tolist(), strict=True)
    rows = [stages.row_of(sku, place) for sku, place in keys]
    assert min(rows) >= 0
    assert stages.in_force[rows].tolist() == columns["stage"].tolist()


def test_living_on_from_the_middle_is_the_same_as_living_all_at_once(case: Case) -> None:
    middle = case.begun + timedelta(weeks=2)
    first = monitor(case.dataset, case.rulebook, as_of=middle, since=case.begun)
    rest = monitor(case.dataset, case.rulebook, first.state, as_of=case.watched.days[-1], since=case.begun)
    assert rest.days == case.watched.days[3:]
    assert rest.state.changes == case.watched.state.changes
    assert rest.state.log == case.watched.state.log
    assert rest.state.every_alarm.alarm_id.tolist() == case.watched.state.every_alarm.alarm_id.tolist()


def test_the_forecast_learns_from_the_day_on_which_demand_changed() -> None:
    dataset = skuwise.load_dataset(shop_tables(), as_of=AS_OF)
    watched = monitor(dataset, as_of=AS_OF, since=AS_OF - timedelta(weeks=14))
    learned = {change.sku_id: change.after for change in watched.state.changes if change.field == "learn_from"}
    for sku, week in (("JUMP", 98), ("DROP", 100), ("LATE-JUMP", 104)):
        found = learned[sku]
        assert isinstance(found, date)
        assert abs((found - FIRST).days / 7 - week) <= 2, sku
    dead = watched.state.alarms.kind == "dead_stock"
    assert watched.state.alarms.sku_id[dead].tolist() == ["STOPPED"]
    row = watched.plan.columns["sku_id"].tolist().index("JUMP")
    assert watched.plan.columns["learn_from"][row] == np.datetime64(learned["JUMP"])


def test_a_preview_and_a_state_in_memory_write_nothing(tmp_path: Path) -> None:
    dataset = skuwise.load_dataset(shop_tables(), as_of=AS_OF)
    previewed = monitor(dataset, None, tmp_path / "journal", apply=False)
    assert not previewed.kept
    assert not (tmp_path / "journal").exists()
    again = monitor(dataset, None, previewed.state)
    assert again.state.changes == previewed.state.changes
    assert again.plan.plan_id == previewed.plan.plan_id
