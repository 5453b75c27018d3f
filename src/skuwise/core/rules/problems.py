"""What is wrong with a rulebook: every problem with its place and its mend, told at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

#: More problems than this are counted and not printed; ``RulebookError.problems`` holds all of them.
PROBLEMS_SHOWN_MAX = 100
#: Names that differ by more than this are no suggestion (difflib's ratio).
LIKENESS_MIN = 0.5
#: Where nothing is near, so many valid names are listed.
NAMES_LISTED_MAX = 20


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong. ``line`` counts from 1 and is 0 where the problem has no line."""

    file: str
    line: int
    what: str
    mend: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.what}. {self.mend}."


class RulebookError(ValueError):
    """The rulebook cannot be used. The message lists every problem: file:line, what is wrong, how to mend it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        count = len(self.problems)
        lines = [f"The rulebook has {count} problem{'s' if count > 1 else ''}; nothing was planned with it."]
        lines += [f"  {problem}" for problem in self.problems[:PROBLEMS_SHOWN_MAX]]
        if count > PROBLEMS_SHOWN_MAX:
            lines.append(f"  … and {count - PROBLEMS_SHOWN_MAX} more")
        return "\n".join(lines)


class UnfitError(Exception):
    """A value, condition or date that cannot stand: what is wrong and how to mend it. Never leaves this package."""

    def __init__(self, what: str, mend: str) -> None:
        self.what, self.mend = what, mend
        super().__init__(what, mend)


@dataclass(slots=True)
class Problems:
    """The problems of one file as they are found."""

    file: str
    found: list[Problem] = field(default_factory=list)

    def add(self, line: int, what: str, mend: str) -> None:
        self.found.append(Problem(self.file, line, what, mend))

    def raise_any(self) -> None:
        if self.found:
            raise RulebookError(sorted(self.found, key=lambda problem: problem.line))


def nearest(name: str, valid: Iterable[str]) -> str:
    """The valid name most like ``name``, or "" where none is like it.

    >>> nearest("service_taget", ["service_measure", "service_target"])
    'service_target'
    >>> nearest("review_period_weeks", ["review_period_days", "max_supply_days"])
    'review_period_days'
    """
    lowered = {candidate.lower(): candidate for candidate in valid}
    near = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=LIKENESS_MIN)
    return lowered[near[0]] if near else ""


def suggestion(name: str, valid: Iterable[str]) -> str:
    """A sentence that leads from a wrong name to a valid one.

    >>> suggestion("clas", ["class", "stage"])
    'Did you mean "class"? Valid: class, stage'
    """
    names = list(valid)
    near = nearest(name, names)
    listed = f"Valid: {', '.join(names)}" if len(names) <= NAMES_LISTED_MAX else ""
    if near:
        return f'Did you mean "{near}"?' + (f" {listed}" if listed else "")
    return listed or f"None of the {len(names)} valid names is like it; see the data dictionary"
