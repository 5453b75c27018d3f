"""What the pages and screens say of changes by themselves, days, pins and guard-rails."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from skuwise.cli import app
from skuwise.core.plan import plan
from skuwise.core.rules import automatic_rule, built_in_rulebook, parse_rulebook
from skuwise.snapshot import write_plan
from tests.builders import Item, inputs_of

DOCS = Path(__file__).parents[2] / "docs"
GUARD_RAIL = '[[guard_rail]]\nname = "Hands off"\nfield = "stage"\nautomatic = false\nwhen = { category = "Shoes" }\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan of thirty SKUs, of which each has a change by itself."""
    items = inputs_of([Item(f"S{number:02}", [20] * 60) for number in range(30)])
    changes = [
        automatic_rule(
            f"S{number:02}",
            "",
            "learn_from",
            "2025-11-03",
            np.datetime64("2025-11-25"),
            reason="level rose by half",
            change_id=f"c{number:02}",
        )
        for number in range(30)
    ]
    made = plan(items, parse_rulebook(GUARD_RAIL).with_automatic(changes))
    written = tmp_path_factory.mktemp("changed") / "plan"
    write_plan(made, written)
    return written


def shown(*arguments: object) -> str:
    terms = {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], env=terms)
    assert result.exit_code == 0, result.output
    assert [line for line in result.stdout.splitlines() if len(line) > 100] == []
    return " ".join(result.stdout.split())


def test_rules_list_shows_the_first_changes_and_counts_the_others(folder: Path) -> None:
    told = shown("rules", "list", "--plan", folder)
    assert told.count("changed by itself on 2025-11-25 (change c") == 20
    assert "automatic 1 changed by itself on 2025-11-25 (change c00) learn_from = 2025-11-03" in told
    assert "10 more changes by itself are not listed" in told


def test_rules_list_shows_the_guard_rails_of_the_shop_and_the_built_in_ones(folder: Path) -> None:
    told = shown("rules", "list", "--plan", folder)
    assert 'stage: "Hands off" (rules.toml:1) where category is Shoes: waits for a person' in told
    assert 'lead_time_days_ruled: "Lead times follow receipts" (built-in) changes by itself, at most 50 % from' in told


def test_rules_explain_names_the_change(folder: Path) -> None:
    told = shown("rules", "explain", "S07", "learn_from", "--plan", folder)
    assert "learn_from = 2025-11-03 for S07 @ MAIN" in told
    assert "automatic 2025-11-03 holds changed by itself on 2025-11-25 (change c07): level rose by half" in told
    assert "built-in none replaced" in told
    assert "c08" not in told


def test_every_rulebook_on_the_page_of_rules_can_be_read() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", (DOCS / "rules.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) >= 3
    books = [parse_rulebook(block) for block in blocks]
    assert any("stage_pinned" in rule.values for book in books for rule in book.rules if not rule.builtin)
    assert any(not rail.builtin for book in books for rail in book.guard_rails)


def test_the_page_of_rules_names_every_built_in_guard_rail_with_its_reason() -> None:
    page = (DOCS / "rules.md").read_text(encoding="utf-8")
    for rail in built_in_rulebook().guard_rails:
        assert rail.name in page and rail.reason in page
