"""The screens of the command line: they fit the window, tell true figures, and refuse on the other stream."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from click.testing import Result
from typer.testing import CliRunner

import skuwise
from skuwise.cli import app

SHOP = Path(__file__).parents[1] / "golden" / "cases" / "small_shop"
AS_OF = "2026-03-02"
TERMS = {"COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb"}


def run(*arguments: object, columns: int = 80) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={**TERMS, "COLUMNS": str(columns)})


def well(*arguments: object, columns: int = 80) -> str:
    """Standard output of a command that must go well, with nothing on standard error and no line too wide."""
    result = run(*arguments, columns=columns)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    assert "\x1b" not in result.stdout
    # A command to copy, with the reader's own long path in it, is never broken.
    prose = [line for line in result.stdout.splitlines() if not line.startswith("  skuwise ")]
    assert [line for line in prose if len(line) > columns] == []
    return result.stdout


def refused(*arguments: object) -> str:
    """The one message of a command that a person has to mend: on standard error, with code 2 and no traceback."""
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return " ".join(result.stderr.split())


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two plans of the small shop, a week apart, in ``before`` and ``after``."""
    folder = tmp_path_factory.mktemp("plans")
    well("plan", SHOP, "--as-of", "2026-02-23", "--out", folder / "before")
    well("plan", SHOP, "--as-of", AS_OF, "--out", folder / "after")
    return folder


def test_every_command_has_help_that_fits_eighty_columns() -> None:
    assert all(name in well() for name in ("plan", "check", "explain", "diff", "metrics", "demo", "rules"))
    for command in ("plan", "check", "explain", "diff", "metrics", "demo"):
        assert "Usage" in well(command, "--help")
    assert "explain" in well("rules")
    assert "--plan" in well("rules", "explain", "--help")


def test_help_and_import_wait_for_no_library() -> None:
    """What is slow to import is imported by the command that needs it."""
    heavy = "{'numpy', 'polars', 'scipy', 'numba', 'rich.console'}"
    code = f"import sys, skuwise, skuwise.cli; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_of_the_package_is_there() -> None:
    for name in skuwise.__all__:
        assert getattr(skuwise, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'plann'"):
        _ = skuwise.plann


def test_the_summary_reads_the_same_at_any_width(tmp_path: Path) -> None:
    for columns in (80, 120):
        well("plan", SHOP, "--as-of", AS_OF, "--out", tmp_path / "plan", "--overwrite", columns=columns)


def test_the_rulebook_may_be_named(tmp_path: Path) -> None:
    rules = tmp_path / "mine.toml"
    rules.write_text("[defaults]\nreorder_allowed = false\n", "utf-8")
    well("plan", SHOP, "--as-of", AS_OF, "--rules", rules, "--out", tmp_path / "plan")
    assert skuwise.read_plan(tmp_path / "plan").columns["order_quantity_units"].sum() == 0


def test_what_cannot_be_planned_is_refused_before_anything_is_written(tmp_path: Path, plans: Path) -> None:
    assert "does not exist" in refused("plan", tmp_path / "nowhere", "--out", tmp_path / "plan")
    assert "YYYY-MM-DD" in refused("plan", SHOP, "--as-of", "2.3.2026", "--out", tmp_path / "plan")
    assert "is a plan, not a dataset" in refused("plan", plans / "after", "--out", tmp_path / "plan")
    assert "--overwrite" in refused("plan", SHOP, "--out", plans / "after")
    (tmp_path / "empty").mkdir()
    assert "nothing to plan" in refused("plan", tmp_path / "empty", "--out", tmp_path / "plan")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty"]


def test_check_tells_every_finding_with_place_reason_and_mend(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    lines = ["date,sku_id,units", "2026-02-01,A,3", "2026-02-30,A,3", "2026-02-03,A,many"]
    (folder / "sales.csv").write_text("\n".join(lines), "utf-8")
    shown = well("check", folder, "--as-of", AS_OF, "--quarantine", tmp_path / "refused.csv")
    assert "sales.csv:3" in shown
    assert "sales.csv:4" in shown
    assert shown.count("How to mend it:") >= 2
    assert pl.read_csv(tmp_path / "refused.csv")["row"].to_list() == [3, 4]
    counts = next(line.split() for line in shown.splitlines() if line.startswith("sales "))
    assert counts[1:] == ["3", "1", "2"]


def test_explain_walks_an_order_back_to_the_rows_of_the_files(plans: Path) -> None:
    shown = well("explain", plans / "after", "SEASONAL")
    made = skuwise.read_plan(plans / "after")
    row = made.columns["sku_id"].tolist().index("SEASONAL")
    assert f"{made.columns['order_quantity_units'][row]:,} units" in shown
    assert f"supply row {made.columns['supply_source_row'][row]}" in shown
    assert len(shown.splitlines()) <= 70
    full = well("explain", plans / "after", "SEASONAL", "--full")
    assert "were made anew and equal the plan's" in full
    assert len(full.splitlines()) > len(shown.splitlines())


def test_rules_explain_tells_the_layers_and_the_one_that_holds(plans: Path) -> None:
    shown = well("rules", "explain", "NOW-AND-THEN", "service_target", "--plan", plans / "after")
    holds = [line for line in shown.splitlines() if "  holds  " in line]
    assert len(holds) == 1
    assert "override" in holds[0]
    assert "Ana" in shown
    assert "dictionary default" in shown
    assert "service_target" in refused("rules", "explain", "NOW-AND-THEN", "service_taget", "--plan", plans / "after")


def test_rules_list_counts_the_items_of_each_rule(plans: Path) -> None:
    shown = well("rules", "list", "--plan", plans / "after")
    made = skuwise.read_plan(plans / "after")
    number = next(n for n, rule in enumerate(made.rulebook.in_order) if rule.name == "South ships every fortnight")
    line = next(line for line in shown.splitlines() if "South ships every fortnight" in line)
    assert line.split()[:2] == ["supplier", str(int((made.given_by["review_period_days"] == number).sum()))]


def test_diff_says_what_changed_and_why(plans: Path) -> None:
    shown = well("diff", plans / "before", plans / "after", "--top", 3)
    assert "as-of day" in shown
    assert "What each cause is worth by itself" in shown
    assert shown.count(": order ") == 3
    same = well("diff", plans / "after", plans / "after")
    assert "same plan" in same


def test_metrics_name_their_variant_for_the_shop_groups_and_one_sku(plans: Path) -> None:
    for variant in ("inventory_turnover_cost_per_year", "sell_through_available_share", "unit_fill_rate_demand_based"):
        assert variant in well("metrics", plans / "after")
        assert variant in well("metrics", plans / "after", "--by", "category")
        assert variant in well("metrics", plans / "after", "--sku", "SEASONAL")
    for group in ("supplier_id", "abc_class", "stage", "location_id", "brand"):
        well("metrics", plans / "after", "--by", group)
    assert "category" in refused("metrics", plans / "after", "--by", "categry")


def test_a_demo_is_not_built_over_other_things(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    assert "left alone" in refused("demo", "--out", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_mistyped_command_or_option_ends_with_two() -> None:
    assert run("plam").exit_code == 2
    assert run("plan", SHOP).exit_code == 2
