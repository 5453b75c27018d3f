"""The command line as a person meets it: what it says, where, and with which exit code."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from click.testing import Result
from typer.testing import CliRunner

from skuwise.cli import app

CASE = Path(__file__).parents[1] / "golden" / "cases" / "small_shop"
DAY = ["--as-of", "2026-03-02"]


def skuwise(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def monday(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("plans") / "monday"
    result = skuwise("plan", CASE, *DAY, "--out", out)
    assert result.exit_code == 0, result.output
    return out


def test_a_plan_is_written_as_tables_and_shown_on_one_page(tmp_path: Path) -> None:
    result = skuwise("plan", CASE, *DAY, "--out", tmp_path / "plan")
    assert result.exit_code == 0
    for told in ("To order today", "FAST-MOVER", "used", "quarantined", "skuwise explain"):
        assert told in result.output
    names = {path.name for path in (tmp_path / "plan").iterdir()}
    tables = ("order_proposals", "end_of_life", "behaviour", "rules", "metrics", "findings", "quarantine")
    assert {f"{name}.{kind}" for name in tables for kind in ("csv", "parquet")} | {"plan.json"} <= names
    orders = pl.read_csv(tmp_path / "plan" / "order_proposals.csv")
    assert orders["order_quantity_units"][0] > 0  # what is to be bought comes first


def test_a_plan_that_is_there_is_not_replaced_unasked(monday: Path) -> None:
    result = skuwise("plan", CASE, *DAY, "--out", monday)
    assert result.exit_code == 2
    assert "--overwrite" in result.stderr
    assert skuwise("plan", CASE, *DAY, "--out", monday, "--overwrite").exit_code == 0


def test_a_folder_that_is_no_plan_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    result = skuwise("plan", CASE, *DAY, "--out", tmp_path, "--overwrite")
    assert result.exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


def test_check_tells_place_reason_and_mend_and_strict_makes_it_count(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text("date,sku,qty\n2026-01-05,A1,2\nyesterday,A1,3\n2026-01-06,A1,two\n")
    result = skuwise("check", tmp_path, *DAY, "--quarantine", tmp_path / "refused.csv")
    assert result.exit_code == 0
    told = " ".join(result.output.split())
    assert "sales.csv:3" in told
    assert "'yesterday' is not a date" in told
    assert "sales.csv:4" in told
    assert pl.read_csv(tmp_path / "refused.csv").height == 2
    assert skuwise("check", tmp_path, *DAY, "--strict").exit_code == 1


def test_explain_walks_an_order_back_to_the_files(monday: Path) -> None:
    result = skuwise("explain", monday, "FAST-MOVER")
    assert result.exit_code == 0
    for told in ("order quantity", "260 units", "safety stock", "lead time", "supply row", "stock row"):
        assert told in result.output, told
    full = skuwise("explain", monday, "FAST-MOVER", "--full")
    assert "made anew and equal the plan's" in " ".join(full.output.split())


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (["explain", "PLAN", "FAST-MOVR"], "FAST-MOVER"),
        (["explain", "PLAN", "FAST-MOVER", "safety_stok_units"], "safety_stock_units"),
        (["rules", "explain", "FAST-MOVER", "service_targt", "--plan", "PLAN"], "service_target"),
        (["metrics", "PLAN", "--by", "categry"], "category"),
    ],
)
def test_a_mistyped_name_gets_the_nearest_one(monday: Path, words: list[str], near: str) -> None:
    result = skuwise(*(str(monday) if word == "PLAN" else word for word in words))
    assert result.exit_code == 2
    assert near in result.stderr


def test_rules_explain_shows_the_override_that_holds(monday: Path) -> None:
    result = skuwise("rules", "explain", "NOW-AND-THEN", "service_target", "--plan", monday)
    assert result.exit_code == 0
    assert "overrides.csv:2" in result.output
    assert "Ana" in result.output
    listed = skuwise("rules", "list", "--plan", monday)
    assert "South ships" in listed.output


def test_diff_says_what_a_longer_lead_time_is_worth(monday: Path, tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    for path in CASE.glob("*.*"):
        if not path.name.startswith("expect"):
            (shop / path.name).write_bytes(path.read_bytes())
    supply = pl.read_csv(shop / "supply.csv")
    later = pl.when(pl.col("sku_id") == "FAST-MOVER").then(60).otherwise(pl.col("lead_time_days"))
    supply.with_columns(lead_time_days=later).write_csv(shop / "supply.csv")
    assert skuwise("plan", shop, *DAY, "--out", tmp_path / "late").exit_code == 0
    result = skuwise("diff", monday, tmp_path / "late")
    assert result.exit_code == 0
    told = " ".join(result.output.split())
    assert "FAST-MOVER @ MAIN: order 260 →" in told
    assert "lead time" in told
    assert "SEASONAL @" not in told
    same = skuwise("diff", monday, monday)
    assert "same plan" in same.output


def test_metrics_name_their_variant(monday: Path) -> None:
    shop = skuwise("metrics", monday)
    assert "weeks_of_supply_forward" in shop.output or "weeks of supply, forward" in shop.output
    assert skuwise("metrics", monday, "--by", "stage").exit_code == 0
    assert skuwise("metrics", monday, "--sku", "SEASONAL").exit_code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["plan", "nowhere", "--out", "x"], "nowhere"),
        (["plan", str(CASE), "--as-of", "2.3.2026", "--out", "x"], "2026-03-02"),
        (["explain", "nowhere", "A"], "nowhere"),
        (["plan", str(CASE), "--rules", "nowhere.toml", "--out", "x"], "nowhere.toml"),
    ],
)
def test_wrong_words_get_a_message_and_no_traceback(words: list[str], told: str) -> None:
    result = skuwise(*words)
    assert result.exit_code == 2
    assert told in result.stderr
    assert "Traceback" not in result.output + result.stderr


def test_a_broken_rulebook_names_line_and_mend(tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text("[defaults]\nservice_targt = 0.9\n")
    result = skuwise("plan", CASE, *DAY, "--rules", rules, "--out", tmp_path / "plan")
    assert result.exit_code == 2
    assert "rules.toml:2" in "".join(result.stderr.split())  # a long path may be broken at the edge of the screen
    assert "service_target" in result.stderr
    assert not (tmp_path / "plan").exists()


def test_help_and_import_are_quick() -> None:
    """Measured on two cores: help 0.05 s, import 0.01 s; the bounds catch an import that crept in, no slow machine."""
    help_of = [sys.executable, "-m", "skuwise", "--help"]
    for command, seconds in ((help_of, 3.0), ([sys.executable, "-c", "import skuwise"], 2.0)):
        start = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True)
        assert time.perf_counter() - start < seconds
    loaded = "import sys, skuwise.cli; print(sorted({'numba', 'polars', 'scipy', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout == "[]\n"
