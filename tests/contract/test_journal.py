"""The journal: read back equal, written whole, open to one writer, safe to open in a spreadsheet."""

from __future__ import annotations

import json
import os
from dataclasses import fields, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import skuwise
from skuwise.core.monitoring import acts
from skuwise.core.monitoring.life import AlarmLives
from skuwise.core.monitoring.loop import LoopState
from skuwise.core.monitoring.stages_in_force import StagesInForce
from skuwise.core.rules import parse_overrides
from skuwise.dataset import Dataset
from skuwise.watching.history import history_of
from skuwise.watching.journal import HEAD_FILE, JournalError, beside, read_journal, with_journal, writing
from skuwise.watching.run import monitor
from tests.contract.watched_shop import AS_OF, shop_tables


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return skuwise.load_dataset(shop_tables(), as_of=AS_OF)


@pytest.fixture
def folder(dataset: Dataset, tmp_path: Path) -> Path:
    monitor(dataset, None, tmp_path / "journal", since=AS_OF - timedelta(weeks=8))
    return tmp_path / "journal"


def assert_same(one: LoopState, other: LoopState) -> None:
    assert one.changes == other.changes
    assert one.log == other.log
    for name in ("as_of", "previous", "begun_on"):
        assert str(getattr(one, name)) == str(getattr(other, name))
    for name in (field.name for field in fields(StagesInForce)):
        assert np.array_equal(getattr(one.stages, name), getattr(other.stages, name)), name
    for name in AlarmLives.__slots__:
        first, second = (getattr(state.every_alarm, name) for state in (one, other))
        order, order_too = (np.argsort(state.every_alarm.alarm_id) for state in (one, other))
        assert np.array_equal(first[order], second[order_too], equal_nan=first.dtype.kind in "fM"), name


def test_a_journal_gives_back_what_was_remembered(dataset: Dataset, tmp_path: Path) -> None:
    watched = monitor(dataset, None, tmp_path / "journal", since=AS_OF - timedelta(weeks=8))
    assert watched.kept
    kept = read_journal(tmp_path / "journal")
    assert len(kept.state.changes) > 3
    assert len(kept.state.every_alarm) > 3
    assert_same(kept.state, watched.state)
    assert kept.currency == watched.plan.currency
    assert len(kept.written_at) == len(kept.state.log)


def test_opening_it_twice_in_the_same_week_changes_nothing(folder: Path, dataset: Dataset) -> None:
    before = read_journal(folder)
    watched = monitor(dataset, None, folder)
    after = read_journal(folder)
    assert_same(before.state, after.state)
    assert before.written_at == after.written_at
    assert str(watched.last_time) == str(AS_OF - timedelta(weeks=1))


def test_week_by_week_on_disk_is_the_same_as_in_memory(folder: Path, dataset: Dataset, tmp_path: Path) -> None:
    for weeks in range(8, -1, -1):
        monitor(dataset, None, tmp_path / "weekly", as_of=AS_OF - timedelta(weeks=weeks))
    assert_same(read_journal(folder).state, read_journal(tmp_path / "weekly").state)


def test_the_log_only_grows(folder: Path) -> None:
    before = read_journal(folder)
    change = next(one for one in before.state.changes if one.state == "applied")
    with writing(folder) as (kept, keep):
        keep(replace(kept, state=acts.undo(kept.state, change.change_id, who="Maya", why="no", on=date(2026, 3, 1))))
    after = read_journal(folder)
    assert after.state.log[: len(before.state.log)] == before.state.log
    assert after.written_at[: len(before.written_at)] == before.written_at
    assert after.state.log[-1].what == "undone"


def test_a_failed_write_leaves_the_journal_as_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("skuwise.watching.journal.write_csv", full)
    with writing(folder) as (kept, keep), pytest.raises(OSError, match="No space"):
        keep(kept)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir() if "writing" in path.name] == []


def test_two_writers_do_not_meet(folder: Path, dataset: Dataset) -> None:
    with writing(folder), pytest.raises(JournalError, match="another run is writing"):
        monitor(dataset, None, folder)
    monitor(dataset, None, folder)  # the lock has gone with the first writer


def test_a_person_may_open_and_save_the_csv_tables(folder: Path) -> None:
    (folder / "alarms.csv").write_text("saved by a spreadsheet")
    assert len(read_journal(folder).state.alarms)


def test_damage_is_told_with_its_place(folder: Path, tmp_path: Path) -> None:
    whole = (folder / "changes.parquet").read_bytes()
    (folder / "changes.parquet").write_bytes(whole[:-50])
    with pytest.raises(JournalError, match=r"changes.parquet has [\d,]+ bytes instead of"):
        read_journal(folder)
    (folder / "changes.parquet").write_bytes(os.urandom(len(whole)))
    with pytest.raises(JournalError, match="is damaged"):
        read_journal(folder)
    (folder / "changes.parquet").unlink()
    with pytest.raises(JournalError, match="is missing"):
        read_journal(folder)
    head = json.loads((folder / HEAD_FILE).read_text())
    (folder / HEAD_FILE).write_text(json.dumps(head | {"format": 99}))
    with pytest.raises(JournalError, match="upgrade Skuwise"):
        read_journal(folder)
    (folder / HEAD_FILE).write_text("{")
    with pytest.raises(JournalError, match="cannot be read"):
        read_journal(folder)
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("dear")
    with pytest.raises(JournalError, match="is no journal"):
        read_journal(tmp_path / "letters")


def test_a_journal_does_not_go_back_in_time(folder: Path, dataset: Dataset) -> None:
    with pytest.raises(JournalError, match="cannot go back"):
        monitor(dataset, None, folder, as_of=AS_OF - timedelta(weeks=1))
    with pytest.raises(JournalError, match="lies after"):
        monitor(dataset, None, folder, since=AS_OF + timedelta(weeks=1))


def test_what_people_write_cannot_run_in_a_spreadsheet(folder: Path) -> None:
    kept = read_journal(folder)
    change = next(one for one in kept.state.changes if one.state == "applied")
    with writing(folder) as (journal, keep):
        state = acts.undo(
            journal.state, change.change_id, who='=HYPERLINK("http://x")', why="@SUM(A1)", on=date(2026, 3, 1)
        )
        keep(replace(journal, state=state))
    for name in ("changes", "log", "alarms"):
        frame = pl.read_csv(folder / f"{name}.csv", infer_schema=False)
        for column in frame.get_columns():
            bad = [cell for cell in column.drop_nulls().to_list() if cell[:1] in "=+@" and cell]
            assert bad == [], (name, column.name)
    assert read_journal(folder).state.log[-1].by == '=HYPERLINK("http://x")'


def test_a_plan_with_the_journal_holds_what_was_applied(folder: Path, dataset: Dataset) -> None:
    book = with_journal(skuwise.load_rulebook(None), folder)
    assert {next(iter(rule.values)) for rule in book.automatic} >= {"learn_from"}
    plan = skuwise.plan(dataset, book)
    row = plan.columns["sku_id"].tolist().index("JUMP")
    assert not np.isnat(plan.columns["learn_from"][row])
    with pytest.raises(JournalError, match="there is no journal"):
        with_journal(skuwise.load_rulebook(None), folder.parent / "none")


def test_the_history_tells_changes_acts_and_overrides_in_the_order_of_time(folder: Path, dataset: Dataset) -> None:
    rows = [
        ("JUMP", "service_target", "0.9", "share", "2026-01-01", "2026-02-02", "Maya", "a test"),
        ("JUMP", "learn_from", "2025-12-01", "", "2026-06-01", "", "Jonas", "new recipe"),
    ]
    names = ("sku_id", "field", "value", "unit", "from", "until", "author", "reason")
    overrides = parse_overrides([dict(zip(names, row, strict=True)) for row in rows])
    book = skuwise.load_rulebook(None).with_overrides(overrides)
    monitor(dataset, book, folder)
    change = next(one for one in read_journal(folder).state.changes if one.item[0] == "JUMP" and one.state == "applied")
    with writing(folder) as (journal, keep):
        keep(
            replace(
                journal, state=acts.undo(journal.state, change.change_id, who="Maya", why="wrong", on=date(2026, 3, 1))
            )
        )
    lines = history_of(read_journal(folder), "JUMP")
    assert [line.on for line in lines] == sorted(line.on for line in lines)
    told = [line.what for line in lines]
    assert any("service_target = 0.9 by Maya's override, until 2026-02-02" in one for one in told)
    assert any("Maya's override of service_target ended" in one for one in told)
    assert any("learn_from = 2025-12-01 by Jonas's override" in one and "not yet in force" in one for one in told)
    assert any("undone by Maya" in one for one in told)
    assert all("learn" in line.what for line in history_of(read_journal(folder), "JUMP", "learn_from"))
    assert history_of(read_journal(folder), "STEADY-A", "service_target") == []


def test_the_journal_of_a_folder_lies_beside_it(tmp_path: Path) -> None:
    assert beside(tmp_path / "shop") == tmp_path / "shop-journal"
    assert np.isnat(read_journal(tmp_path / "shop-journal").state.as_of)


def test_weeks_before_the_first_sale_are_not_lived(tmp_path: Path) -> None:
    tables = shop_tables()
    late = tables["sales"].filter(pl.col("date") >= AS_OF - timedelta(weeks=3))
    watched = monitor(skuwise.load_dataset(tables | {"sales": late}, as_of=AS_OF), since=date(1999, 1, 4))
    assert watched.days == tuple(AS_OF - timedelta(weeks=weeks) for weeks in (3, 2, 1, 0))
