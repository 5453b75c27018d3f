"""A TOML text as read, with the place of every key and the problems found so far."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from skuwise.core.rules.problems import Problem, Problems, RulebookError
from skuwise.core.rules.toml_lines import Path, line_at, lines_of


def read_toml(text: str, file: str) -> Document:
    """Read a text. Raises RulebookError where it is not TOML."""
    text = text.removeprefix("\ufeff")
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r" \(at line (\d+), column \d+\)$", str(error))
        line = int(at[1]) if at else text.count("\n") + 1
        what = f"this is not TOML: {str(error)[: at.start()] if at else error}"
        mend = "Mend the syntax first; text stands in quotes, days and numbers do not"
        raise RulebookError([Problem(file, line, what, mend)]) from None
    return Document(content, lines_of(text), Problems(file))


@dataclass(frozen=True, slots=True)
class Document:
    """What a text says. Each problem is noted and the reading goes on, so that all are told at once."""

    content: Mapping[str, Any]
    places: Mapping[Path, int]
    problems: Problems

    def line(self, *path: str | int) -> int:
        return line_at(self.places, path)

    def refuse(self, path: Path, what: str, mend: str) -> None:
        self.problems.add(self.line(*path), what, mend)

    def table(self, name: str) -> Mapping[str, object]:
        content = self.content.get(name, {})
        if isinstance(content, dict):
            return content
        self.refuse((name,), f"{name} is not a table", f"Write [{name}] on a line of its own and the keys below it")
        return {}

    def tables(self, name: str, what: str) -> list[dict[str, Any]]:
        """The tables that ``[[name]]`` begins; ``what`` is the word for one of them in messages."""
        content = self.content.get(name, [])
        if isinstance(content, list) and all(isinstance(raw, dict) for raw in content):
            return content
        mend = f"Begin each {what} with [[{name}]] in double brackets"
        self.refuse((name,), f"{name} is not a list of {what}s", mend)
        return []

    def text(self, path: Path, raw: object) -> str:
        if isinstance(raw, str):
            return raw
        self.refuse(path, f"{path[-1]} = {raw!r} is not a text", "Put it in quotes")
        return ""

    def day(self, path: Path, raw: object) -> date | None:
        if raw is None or (isinstance(raw, date) and not isinstance(raw, datetime)):
            return raw
        self.refuse(path, f"{path[-1]} = {raw} is not a day", "Write it without quotes and time, such as 2026-12-31")
        return None
