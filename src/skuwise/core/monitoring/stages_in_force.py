"""Stages in force: what the loop lets hold for each item, beside what the data say.

On the first day on which an item is met its stage is recorded as it is. From then on a move of the stage that the data
tell is a change: applied, the new stage is in force; while it waits, or after it was undone, the former one stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray, DateArray, IntArray, TextArray
from skuwise.core.lifecycle.stage import STAGES
from skuwise.core.monitoring.alarm import Seen
from skuwise.core.monitoring.change import STAGE, Change


@dataclass(frozen=True, slots=True)
class StagesInForce:
    """Rows are items sorted by SKU, then location (n,).

    ``origin`` is the stage on the day ``recorded_on`` on which the item was first met, ``in_force`` the stage that
    holds, ``seen`` what the data said on the newest day: codes of ``STAGES``.
    """

    sku_id: TextArray
    location_id: TextArray
    origin: CodeArray
    in_force: CodeArray
    seen: CodeArray
    recorded_on: DateArray

    def __len__(self) -> int:
        return len(self.sku_id)

    @classmethod
    def none(cls) -> StagesInForce:
        text, code = np.empty(0, "U1"), np.empty(0, np.int16)
        return cls(text, text, code, code, code, np.empty(0, "datetime64[D]"))

    @property
    def held_back(self) -> BoolArray:
        """Where the stage in force is not the one that the data tell [(n,)]."""
        return np.asarray(self.in_force != self.seen)

    def row_of(self, sku_id: str, location_id: str) -> int:
        """Row of an item, -1 where it is not known."""
        start, end = np.searchsorted(self.sku_id, sku_id, "left"), np.searchsorted(self.sku_id, sku_id, "right")
        at = start + int(np.searchsorted(self.location_id[start:end], location_id))
        return int(at) if at < end and self.location_id[at] == location_id else -1


def met(stages: StagesInForce, seen: Seen) -> tuple[StagesInForce, IntArray, BoolArray]:
    """The stages after the items of a plan were met, the row of each of its items [(n,)], and whose stage moved.

    Items that the plan no longer has stay as they were. A stage has moved where the data say something else than on
    the day before, or where the item is new and its stage in force is not what the data say.
    """
    skus, places = np.asarray(seen.columns["sku_id"]), np.asarray(seen.columns["location_id"])
    told = np.asarray(seen.columns["stage_seen"], np.int16)
    if len(stages) == len(skus) and _same(stages.sku_id, skus) and _same(stages.location_id, places):
        moved = told != stages.seen
        return replace(stages, seen=told), np.arange(len(skus)), moved
    known = _rows_of(stages, skus, places)
    fresh = np.flatnonzero(known < 0)
    now = np.asarray(seen.columns["stage"], np.int16)
    day = np.full(len(fresh), seen.as_of, "datetime64[D]")
    joined = StagesInForce(
        np.concatenate([stages.sku_id, skus[fresh]]),
        np.concatenate([stages.location_id, places[fresh]]),
        np.concatenate([stages.origin, now[fresh]]),
        np.concatenate([stages.in_force, now[fresh]]),
        np.concatenate([stages.seen, now[fresh]]),
        np.concatenate([stages.recorded_on, day]),
    )
    order = np.lexsort((joined.location_id, joined.sku_id))
    joined = StagesInForce(*(getattr(joined, name)[order] for name in StagesInForce.__slots__))
    rows = _rows_of(joined, skus, places)
    moved = told != joined.seen[rows]
    newest = joined.seen.copy()
    newest[rows] = told
    return replace(joined, seen=newest), rows, moved


def with_moves(stages: StagesInForce, applied: Sequence[Change]) -> StagesInForce:
    """The stages after the newest moves among these changes were applied."""
    moves = [change for change in applied if change.field == STAGE]
    if not moves:
        return stages
    in_force = stages.in_force.copy()
    in_force[[stages.row_of(*move.item) for move in moves]] = [STAGES.index(str(move.after)) for move in moves]
    return replace(stages, in_force=in_force)


def put_in_force(stages: StagesInForce, changes: Iterable[Change], items: set[tuple[str, str]]) -> StagesInForce:
    """The stages with ``in_force`` of some items worked out anew from the changes, in the order of their decisions."""
    holding: dict[tuple[str, str], Change] = {}
    for change in changes:
        if change.field == STAGE and change.state == "applied" and change.item in items:
            other = holding.get(change.item)
            if other is None or change.state_on >= other.state_on:
                holding[change.item] = change
    in_force = stages.in_force.copy()
    for item in items:
        row = stages.row_of(*item)
        if row >= 0:
            in_force[row] = STAGES.index(str(holding[item].after)) if item in holding else stages.origin[row]
    return replace(stages, in_force=in_force)


def _same(a: TextArray, b: TextArray) -> bool:
    return a is b or bool(np.array_equal(a, b))


def _rows_of(stages: StagesInForce, skus: TextArray, places: TextArray) -> IntArray:
    """Row of each item among the stages, -1 where it is not there."""
    if not len(stages):
        return np.full(len(skus), -1, np.int64)
    known, wanted = item_keys(stages.sku_id, stages.location_id), item_keys(skus, places)
    order = np.argsort(known)
    place = np.minimum(np.searchsorted(known, wanted, sorter=order), len(known) - 1)
    row = order[place]
    return np.where(known[row] == wanted, row, -1)


def item_keys(skus: TextArray, places: TextArray) -> TextArray:
    """SKU and location in one text [(n,)]."""
    return np.strings.add(np.strings.add(skus, "\x1f"), places)
