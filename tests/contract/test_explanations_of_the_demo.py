"""No number without a why: every column of the demo shop's plan is made anew by its own step, and equals the plan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skuwise.core.plan import Plan
from skuwise.core.steps import STEPS, evaluate
from skuwise.core.trace import Explanation, explain, reevaluate_all, reevaluate_rows, render
from skuwise.dataset import load_dataset
from skuwise.demo import AS_OF, generate_demo_shop
from skuwise.planning.rulebook_files import load_rulebook
from skuwise.planning.run import plan
from skuwise.snapshot import read_plan, write_plan


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    generate_demo_shop(folder)
    return folder


@pytest.fixture(scope="module")
def demo_plan(demo_folder: Path) -> Plan:
    return plan(load_dataset(demo_folder, as_of=AS_OF), load_rulebook(demo_folder / "rules.toml"))


@pytest.fixture(scope="module")
def stored_plan(demo_plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("stored") / "plan"
    write_plan(demo_plan, folder)
    return read_plan(folder)


def explained(plan: Plan, row: int) -> Explanation:
    return explain(plan, str(plan.columns["sku_id"][row]), str(plan.columns["location_id"][row]))


def test_every_step_made_anew_for_all_items_equals_the_plan(demo_plan: Plan) -> None:
    differing = reevaluate_all(demo_plan, STEPS)
    made = {name for name, step in STEPS.items() if step.scope == "item" and name in demo_plan.columns}
    assert differing.keys() == made
    assert {name: count for name, count in differing.items() if count} == {}


def test_what_the_whole_shop_makes_made_anew_equals_the_plan(demo_plan: Plan) -> None:
    for name, step in STEPS.items():
        if step.scope == "shop":
            np.testing.assert_array_equal(evaluate(step, demo_plan.columns)[name], demo_plan.columns[name])


def test_every_step_made_anew_for_each_item_by_itself_equals_the_plan(demo_plan: Plan) -> None:
    item_steps = {name: step for name, step in STEPS.items() if step.scope == "item" and name in demo_plan.columns}
    wrong = [
        (str(demo_plan.columns["sku_id"][row]), name)
        for row in range(len(demo_plan))
        for name, count in reevaluate_rows(demo_plan, np.array([row]), item_steps).items()
        if count
    ]
    assert wrong == []


def test_a_changed_number_is_found_out(demo_plan: Plan) -> None:
    tampered = dict(demo_plan.columns)
    tampered["safety_stock_units"] = tampered["safety_stock_units"] + 0.5
    changed = type(demo_plan)(
        **{name: getattr(demo_plan, name) for name in demo_plan.__dataclass_fields__ if name != "columns"},
        columns=tampered,
    )
    assert reevaluate_all(changed, STEPS)["safety_stock_units"] == len(demo_plan)


def test_the_explanation_of_an_order_ends_at_the_rows_of_the_files(demo_plan: Plan) -> None:
    told = explained(demo_plan, int(demo_plan.columns["order_quantity_units"].argmax()))
    assert told.differing == ()
    assert {"sales_units", "on_hand_units", "moq_units", "service_target"} <= {node.column for node in told.root.walk()}
    assert any("supply row" in node.where for node in told.root.walk())


def test_the_explanation_of_every_order_agrees_with_the_plan_at_every_step(demo_plan: Plan) -> None:
    assert len(demo_plan) > 1200
    for row in range(len(demo_plan)):
        told = explained(demo_plan, row)
        assert told.root.value == demo_plan.columns["order_quantity_units"][row]
        assert told.differing == (), (told.sku_id, told.location_id)


def test_a_plan_read_back_from_disk_explains_itself_as_well(demo_plan: Plan, stored_plan: Plan) -> None:
    assert stored_plan.plan_id == demo_plan.plan_id
    assert {name: count for name, count in reevaluate_all(stored_plan, STEPS).items() if count} == {}
    for row in range(0, len(demo_plan), 20):
        told, first = explained(stored_plan, row), explained(demo_plan, row)
        assert told.differing == ()
        assert render(told) == render(first)


def test_the_demo_shop_in_another_order_of_rows_is_the_same_plan(demo_folder: Path, demo_plan: Plan) -> None:
    dataset = load_dataset(demo_folder, as_of=AS_OF)
    shuffled = {name: table.sample(fraction=1, shuffle=True, seed=4) for name, table in dataset.tables.items()}
    again = plan(
        load_dataset(shuffled, as_of=AS_OF, settings=dataset.settings), load_rulebook(demo_folder / "rules.toml")
    )
    for name, column in demo_plan.columns.items():
        if not name.endswith("source_row"):  # the row of a file moves with the file
            np.testing.assert_array_equal(again.columns[name], column, err_msg=name)
