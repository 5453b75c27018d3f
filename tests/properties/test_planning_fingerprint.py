"""The hash of a plan's inputs: equal for equal content, different for any change of it."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from skuwise.core.catalog import fingerprint
from skuwise.core.catalog.fingerprint import array_digest, inputs_hash
from skuwise.core.catalog.inputs import Labels, LearnedForecast, PlanInputs
from skuwise.core.findings import found
from skuwise.core.periods import PeriodGrid
from skuwise.planning.assemble import plan_inputs
from tests.contract.planning_shop import dataset

DTYPES = st.sampled_from(["int64", "float64", "float32", "bool", "uint64", "int16", "datetime64[D]", "<U3"])


def shop() -> PlanInputs:
    return plan_inputs(
        dataset(
            skus=[{"sku_id": "A", "launch_date": "2025-01-01"}, {"sku_id": "B"}],
            sales=[{"date": "2026-02-10", "sku_id": sku, "units": 3, "unit_price_minor": 5} for sku in "AB"],
            stock=[{"sku_id": "A", "on_hand_units": 4}],
            supply=[{"sku_id": "A", "lead_time_days_mean": 9.0}],
            open_orders=[{"order_id": "P", "sku_id": "A", "units": 4}],
            receipts=[{"sku_id": "B", "received_on": "2026-02-01", "ordered_on": "2026-01-20", "units": 5}],
        )
    )


@settings(deadline=None)
@given(array=hnp.arrays(DTYPES, hnp.array_shapes(max_dims=2, min_side=0, max_side=6)))
def test_memory_layout_and_byte_order_do_not_show(array: np.ndarray) -> None:
    expected = array_digest(array)
    assert array_digest(np.asfortranarray(array)) == expected
    assert array_digest(array.astype(array.dtype.newbyteorder(">"))) == expected
    assert array_digest(np.repeat(np.atleast_1d(array), 2, axis=0)[::2].reshape(array.shape)) == expected


@settings(deadline=None)
@given(
    array=hnp.arrays(st.sampled_from(["int64", "float32", "bool", "<U3"]), hnp.array_shapes(max_dims=2, max_side=5)),
    place=st.integers(0, 24),
)
def test_one_changed_element_shows(array: np.ndarray, place: int) -> None:
    changed = array.copy()
    flat = changed.reshape(-1)
    old = flat[place % flat.size]
    flat[place % flat.size] = {"b": not old, "U": "zzz" if old != "zzz" else "", "f": 0.5 if old != 0.5 else 0.25}.get(
        array.dtype.kind, old ^ 1 if array.dtype.kind == "i" else old
    )
    assert array_digest(changed) != array_digest(array)


@pytest.mark.parametrize("value", [0, 1.5, np.nan, True, np.datetime64("2026-01-01"), np.datetime64("NaT"), "", "abc"])
@pytest.mark.parametrize("shape", [(1,), (7,), (3, 5)])
def test_a_broadcast_view_counts_as_the_array_written_out(value: Any, shape: tuple[int, ...]) -> None:
    view = np.broadcast_to(np.array(value), shape)
    assert array_digest(view) == array_digest(view.copy())
    row = np.broadcast_to(np.arange(shape[-1]), shape)
    assert array_digest(row) == array_digest(row.copy())


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = [np.arange(4000).reshape(40, 100), np.full((40, 100), 7.0), np.arange(999.0)]
    arrays.append(np.full(5000, 3))
    arrays[-1][-1] = 4  # found only in the last block
    expected = [array_digest(array) for array in arrays]
    monkeypatch.setattr(fingerprint, "BLOCK_BYTES", 64)
    assert [array_digest(array) for array in arrays] == expected


def test_equal_values_of_another_type_or_shape_are_not_the_same() -> None:
    ones = np.ones((2, 3), dtype=np.int64)
    for other in (ones.astype(np.float64), ones.reshape(3, 2), ones.reshape(6), ones[:1]):
        assert array_digest(other) != array_digest(ones)
    assert array_digest(np.empty((0, 3))) != array_digest(np.empty((0, 4)))


def test_the_same_dataset_gives_the_same_hash_and_findings_do_not_enter() -> None:
    inputs = shop()
    assert inputs_hash(inputs) == inputs_hash(shop())
    assert inputs_hash(replace(inputs, findings=(found("PLN-070", "said"),))) == inputs_hash(inputs)
    assert len(inputs_hash(inputs)) == 64


def test_a_change_of_any_array_or_value_shows() -> None:
    inputs = shop()
    seen = {inputs_hash(inputs)}
    changes = 0
    for part in fields(inputs):
        value = getattr(inputs, part.name)
        if part.name in ("findings", "learned"):
            continue
        if isinstance(value, str):
            seen.add(inputs_hash(replace(inputs, currency="EUR")))
            changes += 1
            continue
        for field in fields(value):
            given = getattr(value, field.name)
            other = np.ones((len(inputs.index), 1)) if given is None else altered(given)
            changed = replace(value, **{field.name: other})
            seen.add(inputs_hash(replace(inputs, **{part.name: changed})))
            changes += 1
    assert len(seen) == changes + 1


def test_what_was_learned_enters() -> None:
    inputs = shop()
    learned = LearnedForecast(np.ones((len(inputs.index), 2)), "a model", 5000, ("scale",))
    hashes = {inputs_hash(replace(inputs, learned=given)) for given in (None, learned)}
    hashes.add(inputs_hash(replace(inputs, learned=replace(learned, units=learned.units * 2))))
    assert len(hashes) == 3


def altered(value: Any) -> Any:
    """Something of the same kind that differs."""
    if isinstance(value, Labels):
        return Labels(value.codes, (*value.names[:-1], value.names[-1] + "x"))
    if isinstance(value, PeriodGrid):
        return PeriodGrid(value.as_of + np.timedelta64(1, "D"), value.period_days, value.period_count)
    if isinstance(value, int):
        return value + 1
    if isinstance(value, tuple):
        return (*value, "x")
    changed = value.copy()
    first = changed.reshape(-1)[:1]
    if value.dtype.kind == "U":
        return np.char.add(changed, "x")
    if value.dtype.kind == "b":
        first[:] = ~first
    elif value.dtype.kind == "M":
        first[:] = np.datetime64("2000-01-01")
    else:
        first[:] = np.where(np.isnan(first), 1, first + 1)
    return changed


def test_names_with_separators_in_them_do_not_run_together() -> None:
    inputs = shop()
    one = replace(inputs.attributes, category=Labels(np.zeros(2, dtype=np.int64), ("a", "b")))
    other = replace(inputs.attributes, category=Labels(np.zeros(2, dtype=np.int64), ("a\x1eb", "")))
    assert inputs_hash(replace(inputs, attributes=one)) != inputs_hash(replace(inputs, attributes=other))
