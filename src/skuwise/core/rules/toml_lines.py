"""Where each key of a TOML text stands. The standard reader gives values without their lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

Path = tuple[str | int, ...]

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*')"""
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]")
_ASSIGNMENT = re.compile(rf"\s*({_DOTTED})\s*=")
_TOKEN = re.compile(r'''"""|\'\'\'|"(?:\\.|[^"\\])*"|'[^']*'|\#.*|[\[{]|[\]}]''')
#: A multi-line string may end in two quotes of its own, so its end is a run of three to five.
_STRING_END = {'"""': re.compile(r'(?:\\.|[^"\\]|"(?!""))*?"{3,5}'), "'''": re.compile(r"(?:[^']|'(?!''))*?'{3,5}")}


def lines_of(text: str) -> dict[Path, int]:
    """Path of every table and key → its line, counted from 1; the n-th ``[[rule]]`` is ``("rule", n - 1)``.

    Keys inside an inline table are not listed: they stand where the key stands to which the table belongs.

    >>> lines_of("a = 1\\n[[rule]]\\nset.b = 2\\n[[rule]]\\n")
    {('a',): 1, ('rule', 0): 2, ('rule', 0, 'set', 'b'): 3, ('rule', 1): 4}
    """
    lines: dict[Path, int] = {}
    tables: Counter[str] = Counter()
    table: Path = ()
    quote, depth = "", 0
    for number, line in enumerate(text.split("\n"), start=1):
        if not quote and depth == 0:
            if header := _HEADER.match(line):
                table = _table_path(header, tables)
                lines.setdefault(table, number)
                continue
            if assignment := _ASSIGNMENT.match(line):
                lines.setdefault((*table, *_keys(assignment[1])), number)
                line = line[assignment.end() :]  # noqa: PLW2901 - a quoted key must not look like a value
        quote, depth = _after(line, quote, depth)
    return lines


def line_at(lines: Mapping[Path, int], path: Path) -> int:
    """Line of the path, or of the innermost table or key around it; 0 where nothing of it is known."""
    return next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), 0)


def _table_path(header: re.Match[str], tables: Counter[str]) -> Path:
    first, *rest = _keys(header[2])
    if header[1] == "[[" and not rest:
        tables[first] += 1
    return (first, tables[first] - 1, *rest) if tables[first] else (first, *rest)


def _keys(dotted: str) -> list[str]:
    return [key.strip("\"'") for key in re.findall(_KEY, dotted)]


def _after(line: str, quote: str, depth: int) -> tuple[str, int]:
    """Whether a multi-line string is open after the line, and how deep in brackets its end stands."""
    position = 0
    while True:
        if quote:
            end = _STRING_END[quote].match(line, position)
            if not end:
                return quote, depth
            quote, position = "", end.end()
        token = _TOKEN.search(line, position)
        if not token:
            return "", depth
        position = token.end()
        if token[0] in _STRING_END:
            quote = token[0]
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
