"""The documentation is true: generated pages are up to date, everything has its place, and the examples run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from skuwise.cli import app
from skuwise.cli.doc_pages import loop_page, with_generated_parts
from skuwise.core.dictionary import fields_of
from skuwise.core.findings import finding_kinds
from skuwise.dataset.dictionary_page import dictionary_page

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def examples() -> list[tuple[str, str]]:
    found = [
        (page.name, block) for page in PAGES for block in re.findall(r"```python\n(.*?)```", read(page), re.DOTALL)
    ]
    return [(f"{name} {number}", block) for number, (name, block) in enumerate(found)]


def test_the_generated_pages_are_up_to_date() -> None:
    assert read(DOCS / "data-dictionary.md") == dictionary_page(), "run make docs"
    assert read(DOCS / "SPEC-loop.md") == loop_page(), "run make docs"
    assert read(DOCS / "rules.md") == with_generated_parts(read(DOCS / "rules.md")), "run make docs"


@pytest.mark.parametrize(("name", "code"), examples(), ids=[name for name, _ in examples()])
def test_the_examples_run(name: str, code: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(code, name, "exec"), {})


def test_there_are_examples() -> None:
    assert {name.split()[0] for name, _ in examples()} == {
        "README.md",
        "monitoring.md",
        "python.md",
        "weekly-game.md",
    }


def test_every_rule_field_metric_and_finding_has_its_place() -> None:
    rules, dictionary = read(DOCS / "rules.md"), read(DOCS / "data-dictionary.md")
    assert [name for name in fields_of("rules") if f"`{name}`" not in rules] == []
    assert [name for name in fields_of("metrics") if name not in dictionary] == []
    assert [code for code in finding_kinds() if not re.search(rf"^#+ .*{code}", dictionary, re.MULTILINE)] == []


def test_every_command_has_its_place() -> None:
    text = "".join(read(page) for page in PAGES)
    commands = get_command(app).commands
    names = [name for name in commands if name != "rules"] + [f"rules {name}" for name in commands["rules"].commands]
    assert [name for name in names if f"skuwise {name}" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)]+)\)", read(page)) if "://" not in target]
    assert [target for target in targets if target and not (page.parent / target).exists()] == []
