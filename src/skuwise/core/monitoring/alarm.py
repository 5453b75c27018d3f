"""Alarms: what each kind says and asks for, and the alarms of one day as arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from skuwise.core.arrays import DateArray, FloatArray, IntArray, TextArray

Subject = Literal["item", "supplier", "feed"]

#: An alarm carries at most so many numbers that its words need.
FACTS_MAX = 5
UNKNOWN_MONEY = -1


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of alarm.

    ``text`` is filled with the alarm's facts by position (``"from {0:.1f} to {1:.1f} units a week"``). ``advice`` says
    what a person should do where no rule changes by itself. ``false_alarms`` states the rate that its test promises,
    in words; blank where it states a fact and tests nothing. An alarm that has not been seen for
    ``quiet_weeks_to_resolve`` is resolved by itself.
    """

    name: str
    subject: Subject
    title: str
    text: str
    advice: str
    false_alarms: str = ""
    quiet_weeks_to_resolve: float = 0.0


#: Kind by its name; each monitor registers its own.
KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Make a kind known. Raises ValueError where another kind has its name."""
    if KINDS.setdefault(kind.name, kind) != kind:
        raise ValueError(f"there are two kinds of alarm named {kind.name}")
    return kind


@dataclass(frozen=True, slots=True)
class Seen:
    """What a monitor sees: the columns and labels of a plan, and its day. It reads them and changes none."""

    columns: Mapping[str, Any]
    labels: Mapping[str, tuple[str, ...]]
    as_of: np.datetime64

    @property
    def period_days(self) -> int:
        return int(self.columns["period_days"])

    def __len__(self) -> int:
        return len(self.columns["sku_id"])


@dataclass(frozen=True, slots=True)
class Alarms:
    """The alarms of one day, k rows.

    ``kind`` (k,) names of ``KINDS``. ``item`` (k,) is the row of the item, -1 where the alarm is about a supplier or a
    feed, whose name is in ``subject`` (k,) then. ``since`` (k,) is the first day of what is told. ``strength`` (k,) is
    how sure the test is, in the kind's own unit, larger is surer. ``money_minor`` (k,) is what is at stake, -1
    where it is unknown. ``facts`` (k, FACTS_MAX) are the numbers of the text, NaN beyond the last.
    """

    kind: TextArray
    item: IntArray
    subject: TextArray
    since: DateArray
    strength: FloatArray
    money_minor: IntArray
    facts: FloatArray

    def __len__(self) -> int:
        return len(self.kind)

    @classmethod
    def none(cls) -> Alarms:
        return cls.of_items("", np.empty(0, np.int64), np.empty(0, "datetime64[D]"), np.empty(0), np.empty(0, np.int64))

    @classmethod
    def of_items(
        cls,
        kind: str,
        item: IntArray,
        since: DateArray,
        strength: FloatArray,
        money_minor: IntArray,
        *facts: FloatArray | IntArray,
        subject: TextArray | None = None,
    ) -> Alarms:
        """Alarms of one kind [(k,) each]; ``facts`` in the order in which the text names them."""
        count = len(item)
        numbers = np.full((count, FACTS_MAX), np.nan)
        for at, fact in enumerate(facts):
            numbers[:, at] = fact
        return cls(
            np.full(count, kind, dtype=object).astype(np.str_) if count else np.empty(0, dtype="U1"),
            np.asarray(item, np.int64),
            np.full(count, "") if subject is None else subject,
            since.astype("datetime64[D]"),
            np.asarray(strength, np.float64),
            np.asarray(money_minor, np.int64),
            numbers,
        )

    @classmethod
    def joined(cls, parts: Sequence[Alarms]) -> Alarms:
        """All of them below each other."""
        if not parts:
            return cls.none()
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__slots__))

    def of(self, rows: IntArray) -> Alarms:
        """Some of them, by their rows."""
        return Alarms(*(getattr(self, name)[rows] for name in Alarms.__slots__))

    def words(self, row: int) -> str:
        """What one alarm says."""
        return KINDS[str(self.kind[row])].text.format(*self.facts[row])


#: A monitor looks at what a plan knows and tells what it finds.
Monitor = Callable[[Seen], Alarms]
