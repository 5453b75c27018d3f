"""The tables of a journal: alarms, changes, log and stages as frames and back, and as people read them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from skuwise.core.lifecycle.stage import STAGES
from skuwise.core.monitoring import watch as _kinds_become_known  # noqa: F401 - monitors register their kinds
from skuwise.core.monitoring.alarm import FACTS_MAX, KINDS, UNKNOWN_MONEY
from skuwise.core.monitoring.change import Change
from skuwise.core.monitoring.draft import Event
from skuwise.core.monitoring.life import LIFE_COLUMNS, RESOLVED, STATES, AlarmLives
from skuwise.core.monitoring.stages_in_force import StagesInForce
from skuwise.core.quantities import currency_decimals
from skuwise.core.rules.values import Value

_TEXTS = ("alarm_id", "kind", "sku_id", "location_id", "subject")
_DAYS = ("snoozed_until", "since", "first_seen", "last_seen", "closed_on")
_CHANGE_DAYS = ("proposed_on", "state_on", "valid_until")
_DATE_MARK = "day "


def alarms_frame(lives: AlarmLives) -> pl.DataFrame:
    """Every alarm, one row each."""
    columns: dict[str, pl.Series] = {}
    for name in LIFE_COLUMNS:
        column = getattr(lives, name)
        if name in _TEXTS:
            columns[name] = pl.Series(name, column.tolist(), dtype=pl.String)
        elif name == "state":
            columns[name] = pl.Series(name, [STATES[code] for code in column.tolist()], dtype=pl.String)
        elif name == "facts":
            flat = np.ascontiguousarray(column, np.float64)
            columns[name] = pl.Series(name, flat.tolist(), dtype=pl.Array(pl.Float64, FACTS_MAX))
        elif name in _DAYS:
            columns[name] = pl.Series(name, column.astype("datetime64[D]"))
        else:
            columns[name] = pl.Series(name, column)
    return pl.DataFrame(columns)


def alarms_of(frame: pl.DataFrame) -> tuple[AlarmLives, AlarmLives]:
    """The living alarms and those that have ended."""
    if not frame.height:
        return AlarmLives.none(), AlarmLives.none()
    columns: dict[str, Any] = {}
    for name in LIFE_COLUMNS:
        if name in _TEXTS:
            columns[name] = np.array(frame[name].to_list(), dtype=np.str_)
        elif name == "state":
            columns[name] = np.array([STATES.index(word) for word in frame[name].to_list()], np.int16)
        elif name == "facts":
            columns[name] = np.array(frame[name].to_list(), np.float64).reshape(-1, FACTS_MAX)
        elif name in _DAYS:
            columns[name] = frame[name].to_numpy().astype("datetime64[D]")
        else:
            columns[name] = frame[name].to_numpy().copy()
    every = AlarmLives(**columns)
    ended = every.state == RESOLVED
    return every.of(~ended), every.of(ended)


def alarms_for_people(lives: AlarmLives, currency: str) -> pl.DataFrame:
    """Every alarm in words, the living ones first, the most money first."""
    order = np.lexsort((lives.alarm_id, -lives.money_minor, lives.state == RESOLVED))
    money = np.where(lives.money_minor == UNKNOWN_MONEY, np.nan, lives.money_minor / 10 ** currency_decimals(currency))
    frame = alarms_frame(lives)
    words: dict[str, list[Any]] = {
        "what": [_title(str(kind)) for kind in lives.kind.tolist()],
        "told": [lives.words(row) for row in range(len(lives))],
        "at_stake": [None if np.isnan(amount) else amount for amount in money.tolist()],
    }
    types: dict[str, Any] = {"what": pl.String, "told": pl.String, "at_stake": pl.Float64}
    frame = frame.with_columns([pl.Series(name, values, dtype=types[name]) for name, values in words.items()])
    names = ("alarm_id", "state", "snoozed_until", "sku_id", "location_id", "subject", *words)
    return frame.select(*names, "since", "first_seen", "last_seen", "times_seen", "closed_on", "kind", "strength")[
        order
    ]


def changes_frame(changes: Sequence[Change]) -> pl.DataFrame:
    """Every change, one row each, oldest first; values as JSON."""
    types = {one.name: pl.Date if one.name in _CHANGE_DAYS else pl.String for one in fields(Change)}
    rows = [
        {
            name: _as_json(getattr(change, name)) if name in ("before", "after") else getattr(change, name)
            for name in types
        }
        for change in changes
    ]
    return pl.DataFrame(rows, schema=types)


def changes_of(frame: pl.DataFrame) -> tuple[Change, ...]:
    return tuple(
        Change(**(row | {name: _of_json(row[name]) for name in ("before", "after")}))
        for row in frame.iter_rows(named=True)
    )


def changes_for_people(changes: Sequence[Change]) -> pl.DataFrame:
    """Every change as people read it, newest first."""
    frame = changes_frame(changes)
    steps = [pl.Series(name, [str(getattr(one, name)) for one in changes], dtype=pl.String) for name in _STEP]
    names = ("change_id", "state", "state_on", "by", "why", "sku_id", "location_id", "field", *_STEP, "reason")
    return frame.with_columns(steps).select(*names, "proposed_on", "valid_until", "alarm_id", "kind").reverse()


_STEP = ("before", "after")


def log_frame(log: Sequence[Event], written_at: Sequence[str]) -> pl.DataFrame:
    """What happened, oldest first; lines are only ever added."""
    types = {"on": pl.Date, "what": pl.String, "about": pl.String, "by": pl.String, "why": pl.String}
    rows = [{name: getattr(event, name) for name in types} for event in log]
    return pl.DataFrame(rows, schema=types).with_columns(pl.Series("written_at", list(written_at), dtype=pl.String))


def events_of(frame: pl.DataFrame) -> tuple[Event, ...]:
    return tuple(Event(**row) for row in frame.drop("written_at").iter_rows(named=True))


def stages_frame(stages: StagesInForce) -> pl.DataFrame:
    """The stage of every item: on the day it was first met, in force, and as the data tell it."""
    columns = [pl.Series(name, getattr(stages, name).tolist(), dtype=pl.String) for name in ("sku_id", "location_id")]
    for name in ("origin", "in_force", "seen"):
        columns.append(pl.Series(name, [STAGES[code] for code in getattr(stages, name).tolist()], dtype=pl.String))
    return pl.DataFrame([*columns, pl.Series("recorded_on", stages.recorded_on.astype("datetime64[D]"))])


def stages_of(frame: pl.DataFrame) -> StagesInForce:
    if not frame.height:
        return StagesInForce.none()
    columns: dict[str, Any] = {
        name: np.array(frame[name].to_list(), dtype=np.str_) for name in ("sku_id", "location_id")
    }
    for name in ("origin", "in_force", "seen"):
        columns[name] = np.array([STAGES.index(word) for word in frame[name].to_list()], np.int16)
    return StagesInForce(**columns, recorded_on=frame["recorded_on"].to_numpy().astype("datetime64[D]"))


def _title(kind: str) -> str:
    return KINDS[kind].title if kind in KINDS else kind


def _as_json(value: Value) -> str:
    """A value as JSON; JSON knows no days, so a day is marked as one."""
    return json.dumps(f"{_DATE_MARK}{value.isoformat()}" if isinstance(value, date) else value)


def _of_json(text: str) -> Value:
    value: Value = json.loads(text)
    if isinstance(value, str) and value.startswith(_DATE_MARK):
        return date.fromisoformat(value.removeprefix(_DATE_MARK))
    return value
