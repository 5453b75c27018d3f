"""Rulebooks from files: a TOML file and, where it names one, the table of dated overrides beside it."""

from __future__ import annotations

from pathlib import Path

from skuwise.core.rules import Problem, Rulebook, RulebookError, built_in_rulebook, parse_overrides, parse_rulebook
from skuwise.core.rules.toml_lines import lines_of


def load_rulebook(path: Path | str | None) -> Rulebook:
    """The rulebook of a TOML file with the overrides it names; None gives the built-in rules alone.

    ``overrides = "overrides.csv"`` is sought in the folder of the file. Raises RulebookError for a file that is
    missing or is not UTF-8, and for everything wrong inside.
    """
    if path is None:
        return built_in_rulebook()
    path = Path(path)
    text = _text_of(path, Problem(str(path), 0, "there is no such file", "Check the path of the rulebook"))
    rulebook = parse_rulebook(text, str(path))
    if not rulebook.overrides_file:
        return rulebook
    table = path.parent / rulebook.overrides_file
    line = lines_of(text).get(("overrides",), 0)
    what = f"the table of overrides {table} does not exist"
    missing = Problem(str(path), line, what, "Correct the name, or remove the line where there are no overrides")
    return rulebook.with_overrides(parse_overrides(_text_of(table, missing), str(table)), str(table))


def _text_of(path: Path, missing: Problem) -> str:
    """The text of a file; line ends stay as they are and a byte-order mark goes."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, IsADirectoryError):
        raise RulebookError([missing]) from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        problem = Problem(str(path), line, "the text is not UTF-8", "Save the file as UTF-8 once more")
        raise RulebookError([problem]) from None
