"""A plan that people have read and found right stays as it is until somebody accepts another."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.golden.expected import CASES, EXPECTED, golden, planned


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir() if path.is_dir()))
def test_the_plan_is_the_one_that_was_accepted(case: str, tmp_path: Path) -> None:
    made = tmp_path / EXPECTED
    golden(planned(CASES / case)).write_csv(made)
    accepted = CASES / case / EXPECTED
    was, now = (pl.read_csv(path, infer_schema=False).rows(named=True) for path in (accepted, made))
    assert [row["sku_id"] for row in now] == [row["sku_id"] for row in was]
    changed = [
        f"{old['sku_id']} {name}: {old[name]} → {new[name]}"
        for old, new in zip(was, now, strict=True)
        for name in new
        if old.get(name) != new[name]
    ]
    assert not changed, "The plan changed. If it is meant, `make golden` accepts it.\n" + "\n".join(changed)
