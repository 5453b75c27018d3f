"""The data dictionary: every column that exists has a row, and every row is a column that exists."""

from __future__ import annotations

import csv
import re
from collections import Counter
from importlib.resources import files
from typing import Any

import numpy as np
import pytest

from skuwise.core.catalog.columns import columns_of
from skuwise.core.demand import inheritance
from skuwise.core.dictionary import (
    CONTRACT_TABLES,
    PLAN_TABLES,
    WATCH_TABLES,
    Field,
    all_fields,
    fields_of,
    plan_fields,
)
from skuwise.core.findings import Severity, finding_kinds
from skuwise.core.forecast import calibration
from skuwise.core.monitoring.watch import WATCH, watch
from skuwise.core.plan import CLASSIFY, COMPARE_DAYS, COMPARE_IN_SHOP, DECIDE, PIN, UNDERSTAND, plan
from skuwise.core.rules.values import default_of
from skuwise.core.steps import CODE_NAMES, STEPS
from tests.builders import Item, inputs_of

INPUTS = inputs_of([Item("A", [1, 2, 3] * 40, due=[(5, 9)]), Item("B", [0, 4] * 60)])
MADE_BY_THE_CATALOG = columns_of(INPUTS).keys()
GIVEN_BY_THE_RULEBOOK = fields_of("rules").keys() | fields_of("settings").keys()
#: What a dtype of the dictionary is in NumPy; labels and names of codes travel beside their codes.
KINDS = {
    "int64": "i",
    "uint64": "u",
    "float64": "f",
    "float32": "f",
    "flag": "b",
    "date": "M",
    "code": "i",
    "choice": "i",
}
SHAPES = {"watch": 1, "plan": 1, "metrics": 1, "rules": 1, "history": 2, "season": 2, "due": 2, "forecast": 2}


def test_every_output_and_every_input_of_a_step_has_a_row() -> None:
    rows = plan_fields().keys()
    assert sorted(STEPS.keys() - rows) == []
    assert sorted({name for made in STEPS.values() for name in made.inputs} - rows) == []
    # Two scalars for the order fill rate of the shop, and what monitoring alone reads: no columns of an item.
    assert sorted(MADE_BY_THE_CATALOG - rows) == ["deliveries", "feeds", "orders", "orders_filled"]


def test_every_row_of_a_plan_table_is_made_by_a_step_or_by_the_catalog() -> None:
    rows = {field.name for table in (*PLAN_TABLES, *WATCH_TABLES) for field in fields_of(table).values()}
    assert sorted(rows - STEPS.keys() - MADE_BY_THE_CATALOG) == []


def test_every_rule_field_and_setting_is_read() -> None:
    read = {name for made in STEPS.values() for name in made.inputs}
    # Monitors are no steps: they read columns of the plan as they need them.
    monitors = [part for part in files("skuwise.core.monitoring").iterdir() if part.name.endswith(".py")]
    read |= {name for part in monitors for name in re.findall(r'columns\["(\w+)"\]', part.read_text(encoding="utf-8"))}
    # The shell reads one before the core begins: how long a history it hands over.
    assert sorted(GIVEN_BY_THE_RULEBOOK - read) == ["history_periods_max"]


def test_no_column_has_two_makers() -> None:
    assert sorted(STEPS.keys() & (MADE_BY_THE_CATALOG | GIVEN_BY_THE_RULEBOOK)) == []
    names = Counter(
        field.name
        for table in ("settings", "rules", *PLAN_TABLES, *WATCH_TABLES)
        for field in fields_of(table).values()
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_each_step_runs_once_and_after_those_it_reads() -> None:
    known = set(MADE_BY_THE_CATALOG) | fields_of("settings").keys()
    for function in (*UNDERSTAND, *COMPARE_IN_SHOP, *CLASSIFY, *COMPARE_DAYS, *PIN, *DECIDE, *WATCH):
        (declared,) = {id(made): made for made in STEPS.values() if made.function is function}.values()
        if function is PIN[0]:
            known.add("stage_pinned")
        if function is DECIDE[0]:
            known |= fields_of("rules").keys()
        assert set(declared.inputs) <= known, declared.function
        assert not set(declared.outputs) & known, declared.function
        known |= set(declared.outputs)
    assert sorted(STEPS.keys() - known) == []


def test_only_steps_that_need_the_whole_shop_run_between_the_blocks() -> None:
    for function in (*UNDERSTAND, *CLASSIFY, *PIN, *DECIDE, *WATCH):
        # The exceptions are run over all blocks before the next step begins.
        scope = "shop" if function in (inheritance.inherited_demand, calibration.spread_factor) else "item"
        assert {made.scope for made in STEPS.values() if made.function is function} == {scope}, function
    for function in (*COMPARE_IN_SHOP, *COMPARE_DAYS):
        assert {made.scope for made in STEPS.values() if made.function is function} == {"shop"}, function


def test_every_step_states_its_formula_and_its_source() -> None:
    assert [name for name, made in STEPS.items() if not made.formula.strip() or not made.source.strip()] == []
    assert [name for name, made in STEPS.items() if not (made.function.__doc__ or "").strip()] == []


def test_every_code_column_names_its_codes_and_no_other_does() -> None:
    codes = {
        field.name
        for table in (*PLAN_TABLES, *WATCH_TABLES)
        for field in fields_of(table).values()
        if field.dtype == "code"
    }
    assert codes == CODE_NAMES.keys()
    assert [name for name, words in CODE_NAMES.items() if len(set(words)) < max(2, len(words))] == []


@pytest.fixture(scope="module")
def columns() -> dict[str, Any]:
    made = plan(INPUTS)
    return watch(made.columns, made.labels, made.as_of)[0]


def test_columns_are_of_the_type_and_shape_that_the_dictionary_says(columns: dict[str, Any]) -> None:
    wrong = []
    for name, field in plan_fields().items():
        column = columns[name]
        if field.table in ("settings", "clock"):
            expected: Any = {"int64": int, "float64": float}[field.dtype]
            right = isinstance(column, expected | int if expected is float else expected)
        else:
            right = column.ndim == SHAPES[field.table] and len(column) == 2 and _fits(field, column)
        if not right:
            wrong.append((name, field.dtype, getattr(column, "dtype", type(column)), np.shape(column)))
    assert wrong == []


def _fits(field: Field, column: np.ndarray) -> bool:
    if field.dtype == "text":
        return column.dtype.kind in "Ui"  # the text itself, or codes of labels
    width = {"int64": 8, "uint64": 8, "float64": 8, "float32": 4}.get(field.dtype, column.dtype.itemsize)
    return column.dtype.kind == KINDS[field.dtype] and column.dtype.itemsize == width


def test_units_stand_last_in_the_name_and_in_their_column() -> None:
    endings = {
        "_units": "units",
        "_share": "share",
        "_days": "days",
        "_weeks": "weeks",
        "_minor": "minor currency",
        "_per_year": "/year",
        "_periods": "periods",
    }
    wrong = [
        (field.table, field.name, field.unit)
        for field in all_fields()
        for ending, unit in endings.items()
        if field.name.endswith(ending) and unit not in field.unit
    ]
    assert wrong == []


def test_every_row_is_described_and_known_by_its_type() -> None:
    types = {"text", "choice", *KINDS}
    assert [field.name for field in all_fields() if not field.description.strip() or field.dtype not in types] == []
    tables = {"settings", "rules", *CONTRACT_TABLES, *PLAN_TABLES, *WATCH_TABLES}
    assert {field.table for field in all_fields()} == tables


def test_a_row_has_as_many_cells_as_the_header() -> None:
    for name in ("fields.csv", "findings.csv"):
        text = (files("skuwise.core.dictionary") / name).read_text(encoding="utf-8")
        rows = list(csv.reader(text.splitlines()))
        assert [row for row in rows if len(row) != len(rows[0])] == []


def test_the_default_of_every_rule_field_and_setting_lies_in_its_range() -> None:
    for name in sorted(GIVEN_BY_THE_RULEBOOK):
        field = plan_fields()[name]
        default = default_of(field)
        assert isinstance(default, str | bool) or field.bounds[0] <= default <= field.bounds[1], name


def test_every_finding_says_why_it_matters_and_how_to_mend_it() -> None:
    for kind in finding_kinds().values():
        assert kind.title.strip()
        assert kind.why.strip()
        assert kind.mend.strip()
        assert kind.severity in Severity
