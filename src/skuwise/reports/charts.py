"""The charts of a report: time, bars, parts of a whole, and trade-offs. Each is one SVG text.

Series are (name, ink, values); an ink keeps its look in every chart of a page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from skuwise.reports.svg import (
    INKS,
    Scale,
    bar,
    cut,
    legend,
    line,
    marker,
    picture,
    rule,
    shortened,
    text,
    text_width,
    ticks,
)

WIDTH = 760.0
_LEFT = 62.0
_RIGHT = 16.0
_NAMES_MAX = 210.0

Figure = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Series:
    """One name, its ink, and its values in the order of the chart's axis."""

    name: str
    ink: int
    values: np.ndarray


@dataclass(frozen=True, slots=True)
class Said:
    """What names a chart: ``name`` is its id on the page, the others are read to those who listen."""

    name: str
    title: str
    description: str


def over_time(
    said: Said,
    starts: np.ndarray,
    series: Sequence[Series],
    unit: str,
    *,
    columns: Series | None = None,
    width: float = WIDTH,
    height: float = 250.0,
    legend_shown: bool = True,
) -> str:
    """Lines over days; ``columns`` stand behind them as bars (demand behind stock)."""
    parts: list[str] = []
    top = 16.0
    if legend_shown:
        names = [(one.name, one.ink) for one in series]
        parts, top = legend(names, _LEFT, 16.0, width - _RIGHT, lines=True)
        if columns is not None:
            more, top = legend([(columns.name, columns.ink)], _LEFT, top + 6, width - _RIGHT, lines=False)
            parts += more
    parts.append(text(_LEFT, top + 10, unit, size=11))
    top, bottom = top + 20, top + height
    every = [one.values for one in ((*series, columns) if columns else series)]
    # Units are whole: no steps of less than one.
    steps = ticks(0.0, max((float(np.nanmax(values, initial=5.0)) for values in every), default=5.0))
    up = Scale(steps[0], steps[-1], bottom, top)
    parts += _lines_across(up, steps, _LEFT, width - _RIGHT)
    count = len(starts)
    slot = (width - _RIGHT - _LEFT) / max(count, 1)
    if columns is not None:
        for place, value in enumerate(columns.values.tolist()):
            if value > 0:
                parts.append(
                    bar(_LEFT + place * slot, up(value), max(slot * 0.7, 0.6), bottom - up(value), columns.ink)
                )
    for one in series:
        points = [(_LEFT + (place + 0.5) * slot, up(value)) for place, value in enumerate(one.values.tolist())]
        if len(points) == 1 and math.isfinite(points[0][1]):
            parts.append(marker(*points[0], one.ink, size=4))
        parts.append(line(points, one.ink))
    parts += _days(starts, _LEFT, slot, bottom, width)
    return picture(said.name, width, bottom + 26, said.title, said.description, parts)


def _lines_across(up: Scale, steps: Sequence[float], left: float, right: float) -> list[str]:
    return [
        part
        for step in steps
        for part in (rule(left, up(step), right, up(step)), text(left - 8, up(step) + 4, shortened(step), anchor="end"))
    ]


def _days(starts: np.ndarray, left: float, slot: float, bottom: float, width: float) -> list[str]:
    """Names of months below the axis, as many as there is room for; of days where the window is short."""
    if not len(starts):
        return []
    months = starts.astype("datetime64[M]")
    turns = np.flatnonzero(np.concatenate([[True], months[1:] != months[:-1]]))
    room = max(int((width - left) / 74), 2)
    by_day = len(turns) < 3
    places = np.arange(len(starts)) if by_day else turns[1:] if len(turns) > room else turns
    every = max(math.ceil(len(places) / room), 1)
    parts = []
    for place in places[::every].tolist():
        day = starts[place].astype("datetime64[D]").item()
        x = left + (place + 0.5) * slot
        parts.append(rule(x, bottom, x, bottom + 5))
        told = f"{day.day} {day:%b}" if by_day else f"{day:%b %Y}"
        parts.append(text(min(x, width - text_width(told) / 2 - 2), bottom + 20, told, anchor="middle"))
    return parts


def stacked_bars(
    said: Said, labels: Sequence[str], parts_of: Sequence[Series], figure: Figure, *, width: float = WIDTH
) -> str:
    """One lying bar a label, made of parts; the whole is told at its end."""
    drawn, top = legend([(one.name, one.ink) for one in parts_of], 16.0, 16.0, width - _RIGHT, lines=False)
    left = min(max((text_width(label) for label in labels), default=0.0), _NAMES_MAX) + 24
    totals = np.sum([one.values for one in parts_of], axis=0) if len(labels) else np.zeros(0)
    told = [figure(float(total)) for total in totals]
    room = 1.15 * max((text_width(words) for words in told), default=0.0) + 18
    steps = ticks(0.0, float(totals.max(initial=0.0)), 4)
    across = Scale(0.0, float(totals.max(initial=0.0)) or 1.0, left, width - room)
    top += 4
    bottom = top + 34.0 * len(labels)
    drawn += [rule(across(step), top, across(step), bottom) for step in steps if step <= across.high]
    for row, label in enumerate(labels):
        y = top + 34.0 * row + 6
        drawn.append(text(left - 10, y + 15, cut(label, _NAMES_MAX), anchor="end"))
        x = left
        for one in parts_of:
            length = across(float(one.values[row])) - left
            share = one.values[row] / totals[row] if totals[row] else 0.0
            hint = f"{label}, {one.name}: {figure(float(one.values[row]))} ({100 * share:.0f}%)"
            drawn.append(bar(x, y, length, 22, one.ink, hint))
            x += length
        drawn.append(text(x + 8, y + 15, told[row], strong=True))
    drawn += [
        text(across(step), bottom + 16, shortened(step), anchor="middle", size=11)
        for step in steps
        if step <= across.high
    ]
    return picture(said.name, width, bottom + 24, said.title, said.description, drawn)


def grouped_bars(
    said: Said,
    labels: Sequence[str],
    series: Sequence[Series],
    figure: Figure,
    axis: Figure,
    *,
    width: float = WIDTH,
) -> str:
    """For each label one lying bar a series, from nought on; what is unknown has no bar but says so."""
    drawn, top = legend([(one.name, one.ink) for one in series], 16.0, 16.0, width - _RIGHT, lines=False)
    left = min(max((text_width(label) for label in labels), default=0.0), _NAMES_MAX) + 24
    values = np.array([one.values for one in series], dtype=float)
    high = float(np.nanmax(values, initial=0.0)) if values.size else 0.0
    steps = ticks(0.0, high, 4)
    across = Scale(0.0, max(steps[-1], high), left, width - 70)
    thick = 13.0 if len(series) < 5 else 10.0
    tall = thick * len(series) + 12
    bottom = top + tall * len(labels) + 4
    drawn += [rule(across(step), top, across(step), bottom) for step in steps]
    for row, label in enumerate(labels):
        y = top + 6 + tall * row
        drawn.append(text(left - 10, y + thick * len(series) / 2 + 4, cut(label, _NAMES_MAX), anchor="end"))
        for place, one in enumerate(series):
            value = float(one.values[row])
            at = y + thick * place
            if math.isnan(value):
                drawn.append(text(left + 4, at + thick - 2, "not known", size=10))
                continue
            told = figure(value)
            drawn.append(bar(left, at, across(value) - left, thick - 2, one.ink, f"{label}, {one.name}: {told}"))
            drawn.append(text(across(value) + 5, at + thick - 3, told, size=10))
    drawn += [text(across(step), bottom + 14, axis(step), anchor="middle", size=11) for step in steps]
    return picture(said.name, width, bottom + 22, said.title, said.description, drawn)


@dataclass(frozen=True, slots=True)
class Dot:
    """One policy on a trade-off chart; ``hint`` shows under the pointer."""

    name: str
    ink: int
    x: float
    y: float
    hint: str


def trade_off(
    said: Said,
    dots: Sequence[Dot],
    x_title: str,
    y_title: str,
    x_figure: Figure,
    y_figure: Figure,
    *,
    width: float = WIDTH,
    height: float = 330.0,
) -> str:
    """One dot a policy, named beside it; better is up and to the left."""
    known = [dot for dot in dots if math.isfinite(dot.x) and math.isfinite(dot.y)]
    top, bottom, left = 34.0, height - 52, _LEFT + 14
    xs, ys = [dot.x for dot in known] or [0.0, 1.0], [dot.y for dot in known] or [0.0, 1.0]
    x_steps, y_steps = _around(xs), _around(ys)
    y_steps = [step for step in y_steps if step <= 1.0 + 1e-9] if max(ys) <= 1.0 else y_steps
    across, up = Scale(x_steps[0], x_steps[-1], left, width - 28), Scale(y_steps[0], y_steps[-1], bottom, top)
    parts = [text(left - 54, 16, y_title, strong=True)]
    for step in y_steps:
        parts += [
            rule(left, up(step), width - 28, up(step)),
            text(left - 8, up(step) + 4, y_figure(step), anchor="end"),
        ]
    for step in x_steps:
        parts += [
            rule(across(step), top, across(step), bottom),
            text(across(step), bottom + 18, x_figure(step), anchor="middle"),
        ]
    parts.append(text(width - 28, bottom + 40, x_title, anchor="end", strong=True))
    taken = [(across(dot.x) - 8, up(dot.y) + 4, 16.0) for dot in known]
    for dot in known:
        x, y = across(dot.x), up(dot.y)
        parts.append(marker(x, y, dot.ink, size=7, told=dot.hint))
        parts.append(_beside(dot, x, y, width, taken))
    return picture(said.name, width, height, said.title, said.description, parts)


def _around(values: Sequence[float]) -> list[float]:
    """Ticks with some room around the values, even where they are all alike."""
    low, high = min(values), max(values)
    margin = 0.12 * (high - low) or 0.1 * abs(high) or 1.0
    return ticks(max(low - margin, 0.0) if low >= 0 else low - margin, high + margin)


def _beside(dot: Dot, x: float, y: float, width: float, taken: list[tuple[float, float, float]]) -> str:
    """The name of a dot where no name stands yet: at its right or left, moved up or down."""
    name = cut(dot.name, 190.0)
    wide = text_width(name)
    for step in range(8):
        for right in (True, False):
            start = x + 12 if right else x - 12 - wide
            for sign in (1, -1) if step else (1,):
                at = y + 4 + sign * 14 * step
                inside = start > 4 and start + wide < width - 32 and at > 28
                if inside and all(abs(at - ty) > 12 or start > tx + tw or start + wide < tx for tx, ty, tw in taken):
                    taken.append((start, at, wide))
                    return text(start, at, name)
    return text(x + 12, y + 4, name)


def small_run(said: Said, starts: np.ndarray, series: Sequence[Series], demand: Series) -> str:
    """A small chart of one item: demand as bars, stock as lines."""
    return over_time(said, starts, series, "units", columns=demand, width=420.0, height=150.0)


#: The ink of what belongs to no policy: demand, and parts of a cost.
DEMAND_INK = len(INKS) - 3
