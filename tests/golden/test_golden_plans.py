"""A plan that people have read and found right stays as it is until somebody accepts another."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.golden.expected import CASES, golden, planned

NAMES = sorted(path.name for path in CASES.iterdir() if path.is_dir())


def rows_of(path: Path) -> list[dict[str, str]]:
    return pl.read_csv(path, infer_schema=False).rows(named=True)


@pytest.mark.parametrize("case", NAMES)
def test_the_plan_is_the_one_that_was_accepted(case: str, tmp_path: Path) -> None:
    changed: list[str] = []
    for name, table in golden(planned(CASES / case)).items():
        table.write_csv(tmp_path / name)
        was, now = rows_of(CASES / case / name), rows_of(tmp_path / name)
        key = next(iter(now[0]))
        if [row[key] for row in was] != [row[key] for row in now]:
            changed.append(f"{name}: rows {[row[key] for row in was]} → {[row[key] for row in now]}")
            continue
        changed += [
            f"{name}: {old[key]} {field}: {old.get(field)} → {new[field]}"
            for old, new in zip(was, now, strict=True)
            for field in new
            if old.get(field) != new[field]
        ]
    assert not changed, "The plan changed. If it is meant, `make golden` accepts it.\n" + "\n".join(changed)


@pytest.mark.parametrize("case", NAMES)
def test_the_case_stays_small_enough_to_be_read(case: str) -> None:
    assert sum(path.stat().st_size for path in (CASES / case).iterdir()) < 60_000
