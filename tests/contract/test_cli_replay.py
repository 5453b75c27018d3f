"""`skuwise replay` as a person meets it: plain words, a table, a report, and messages that can be acted on."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import polars as pl
import pytest
from click.testing import Result
from typer.testing import CliRunner

from skuwise.cli import app

SHOP = Path(__file__).parents[1] / "golden" / "cases" / "small_shop"
TERMS = {"COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb"}
WINDOW = ("--from", "2025-11-17", "--to", "2026-02-23")


def run(*arguments: object, columns: int = 80) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={**TERMS, "COLUMNS": str(columns)})


def refused(*arguments: object) -> str:
    result = run("replay", *arguments)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return " ".join(result.stderr.split())


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    out = tmp_path_factory.mktemp("replays") / "out"
    result = run("replay", SHOP, *WINDOW, "--out", out)
    assert result.exit_code == 0, result.output + result.stderr
    assert result.stderr == ""
    return result.stdout, out


def test_a_replay_is_told_in_plain_words_with_a_table_and_where_the_report_is(shown: tuple[str, Path]) -> None:
    text, out = shown
    told = " ".join(text.split())
    assert "Skuwise would have" in told
    for name in ("textbook", "min/max", "weeks of cover", "fill rate", "What it cannot judge", "report.html"):
        assert name in told
    assert (out / "report.html").stat().st_size > 10_000
    prose = [line for line in text.splitlines() if str(out) not in line]
    assert [line for line in prose if len(line) > 80] == []


def test_the_same_figures_stand_on_the_screen_and_in_the_tables(shown: tuple[str, Path]) -> None:
    text, out = shown
    lines = text[text.index("each decision taken") :].splitlines()
    for row in pl.read_csv(out / "policies.csv").iter_rows(named=True):
        name = "Skuwise" if row["policy"] == "skuwise" else row["policy"]
        line = next(line for line in lines if line.startswith(name + " "))
        assert f"{100 * row['fill_rate']:.1f}%" in line


def test_the_command_in_the_report_repeats_it(shown: tuple[str, Path], tmp_path: Path) -> None:
    _, out = shown
    head = json.loads((out / "replay.json").read_text("utf-8"))
    words = shlex.split(head["command"])
    assert words[:2] == ["skuwise", "replay"]
    words[words.index("--out") + 1] = str(tmp_path / "again")
    assert run(*words[1:]).exit_code == 0
    again = json.loads((tmp_path / "again" / "replay.json").read_text("utf-8"))
    assert {**again, "command": ""} == {**head, "command": ""}
    for name in ("policies", "items", "segments", "periods"):
        assert (tmp_path / "again" / f"{name}.csv").read_bytes() == (out / f"{name}.csv").read_bytes()


def test_policies_take_settings_and_the_reference_can_be_chosen(tmp_path: Path) -> None:
    result = run(
        "replay", SHOP, *WINDOW, "--out", tmp_path / "out", "--policy", "weeks-of-cover", "--policy",
        "weeks_of_cover:cover_weeks=8", "--policy", "skuwise", "--reference", "weeks of cover", columns=120,
    )  # fmt: skip
    assert result.exit_code == 0, result.output + result.stderr
    policies = pl.read_csv(tmp_path / "out" / "policies.csv")
    assert policies["policy"].to_list() == ["weeks of cover", "weeks of cover, cover_weeks 8", "skuwise"]
    assert policies["stock_units_mean"][1] > policies["stock_units_mean"][0]
    assert policies["compared_with"].to_list() == [None, "weeks of cover", "weeks of cover"]


def test_several_rulebooks_are_lived_side_by_side(tmp_path: Path) -> None:
    for name, target in (("careful", 0.99), ("lean", 0.6)):
        (tmp_path / f"{name}.toml").write_text(f"[defaults]\nservice_target = {target}\n", "utf-8")
    rules = [word for name in ("careful", "lean") for word in ("--rules", tmp_path / f"{name}.toml")]
    result = run("replay", SHOP, *WINDOW, *rules, "--policy", "textbook", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output + result.stderr
    policies = pl.read_csv(tmp_path / "out" / "policies.csv")
    assert policies["policy"].to_list() == ["textbook", "skuwise careful", "skuwise lean"]
    assert policies["stock_units_mean"][1] > policies["stock_units_mean"][2]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--policy", "textbok"), "textbook"),
        (("--policy", "min_max:order_week=3"), "order_weeks"),
        (("--policy", "min_max:order_weeks=three"), "order_weeks=4"),
        (("--policy", "skuwise:service_target=0.9"), "rulebook"),
        (("--policy", "textbook", "--policy", "textbook"), "name of its own"),
        (("--reference", "gut feeling"), "weeks of cover"),
        (("--from", "1.12.2025"), "YYYY-MM-DD"),
        (("--to", "2031-01-01"), "2026-02-24 or earlier"),
        (("--from", "1990-01-01"), "later"),
        (("--rules", "nowhere.toml"), "nowhere.toml"),
    ],
)
def test_what_cannot_be_replayed_is_refused_with_a_mend_and_leaves_nothing(
    words: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    assert told in refused(SHOP, *words, "--out", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_taken_is_left_alone(shown: tuple[str, Path], tmp_path: Path) -> None:
    _, out = shown
    assert "--overwrite" in refused(SHOP, "--out", out)
    (tmp_path / "thesis.txt").write_text("years of work")
    assert "left alone" in refused(SHOP, "--out", tmp_path, "--overwrite")
    assert "does not exist" in refused(tmp_path / "nowhere", "--out", tmp_path / "out")
    (tmp_path / "empty").mkdir()
    assert "nothing to replay" in refused(tmp_path / "empty", "--out", tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "thesis.txt"]


def test_help_tells_the_options_within_eighty_columns() -> None:
    result = run("replay", "--help")
    assert result.exit_code == 0
    for option in ("--policy", "--reference", "--from", "--to", "--rules", "--out", "--overwrite"):
        assert option in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_settings_are_chosen_on_the_earlier_part_and_shown_on_the_later(tmp_path: Path) -> None:
    result = run("replay", SHOP, "--choose", "--to", "2026-02-23", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output + result.stderr
    told = " ".join(result.stdout.split())
    assert "What was chosen on 2025-02-24 to 2025-08-24" in told
    assert "2025-08-25 to 2026-02-22" in told
    out = tmp_path / "out"
    policies = pl.read_csv(out / "policies.csv")
    assert policies["policy"].to_list() == ["default", "chosen", "textbook"]
    picked = dict(pl.read_csv(out / "picked.csv").iter_rows())
    tried = pl.read_csv(out / "tried.csv")
    for group, name in picked.items():
        mine = tried.filter(pl.col("abc_class") == group)
        assert mine.filter(pl.col("setting") == name)["cost_minor"].item() == mine["cost_minor"].min()
    page = (out / "report.html").read_text("utf-8")
    assert 'id="choice"' in page
    rules = (out / "chosen_rules.toml").read_text("utf-8")
    assert all(group in rules for group, name in picked.items() if name != "default")
    with_them = run("replay", SHOP, *WINDOW, "--rules", out / "chosen_rules.toml", "--out", tmp_path / "with")
    assert with_them.exit_code == 0, with_them.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--by", "pattern"), "--choose"),
        (("--choose", "--policy", "textbook"), "leave out --policy"),
        (("--choose", "--by", "colour"), "abc_class"),
        (("--choose", "--target", "95"), "such as 0.95"),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused(words: tuple[str, ...], told: str, tmp_path: Path) -> None:
    assert told in refused(SHOP, *words, "--out", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
