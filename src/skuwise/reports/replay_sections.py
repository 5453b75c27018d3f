"""The sections of a replay's page: charts, each with its table."""

from __future__ import annotations

import math

import numpy as np

from skuwise.replaying.result import AsItWas, Comparison, Measures, Replay, Segment
from skuwise.reports import replay_figures as drawn
from skuwise.reports.page import Cell, Html, beside, chart, folded, paragraph, points, section, table
from skuwise.reports.replay_words import (
    amount_minor,
    banded,
    called,
    count,
    figure,
    grouped_by,
    headline_policy,
    money_known,
    share,
    verdict,
)
from skuwise.simulate.scores import Difference

Row = tuple[str | Cell, ...]

_MEASURES = (
    "fill rate",
    "lost units",
    "lost margin",
    "mean stock, units",
    "mean capital",
    "turnover a year",
    "weeks of supply",
    "orders",
    "cost",
)
#: Rows of the two lists of items, and how many of each get a chart.
_ITEMS_LISTED = 8
_ITEMS_DRAWN = 4
#: Rows of a segment's table, where a shop has very many categories or suppliers.
_GROUPS_LISTED = 100
#: Segments whose chart is open; the others are folded.
_OPEN_SEGMENTS = ("abc_class", "pattern")


def policies_section(replay: Replay) -> Html:
    """The measures of every policy, how each decides, and its difference to the reference with band and verdict."""
    rows = [
        (Cell(called(name), name), *_measure_cells(replay.total, place, 0, replay.currency))
        for place, name in enumerate(replay.names)
    ]
    caption = f"All {len(replay.judged):,} items, {replay.start} to {_last_day(replay)}"
    decides = points(f"{called(spec.name)}: {spec.description}." for spec in replay.policies)
    return section(
        "policies",
        "The policies side by side",
        table(caption, ("policy", *_MEASURES), rows),
        _comparison_table(replay, replay.comparisons, f"Difference to “{called(replay.reference)}”, with 95% bands"),
        paragraph(
            "A band comes from drawing the items anew, with replacement, many times: a difference is called real where "
            "the band leaves out zero. That all items move together, in a crisis or a heat wave, is not in it.",
            kind="soft",
        ),
        folded("How each policy decides", decides),
    )


def _measure_cells(measures: Measures, place: int, group: int, currency: str) -> tuple[Cell, ...]:
    def told(name: str) -> float:
        return float(getattr(measures, name)[place, group])

    return (
        Cell(share(told("fill_rate")), told("fill_rate")),
        Cell(count(told("lost_units")), told("lost_units")),
        Cell(amount_minor(told("lost_margin_minor"), currency), told("lost_margin_minor")),
        Cell(figure(told("stock_units_mean")), told("stock_units_mean")),
        Cell(amount_minor(told("capital_minor_mean"), currency), told("capital_minor_mean")),
        Cell(figure(told("turnover_per_year"), 2), told("turnover_per_year")),
        Cell(figure(told("weeks_of_supply")), told("weeks_of_supply")),
        Cell(count(told("orders_placed")), told("orders_placed")),
        Cell(amount_minor(told("cost_minor"), currency), told("cost_minor")),
    )


def _comparison_table(replay: Replay, comparisons: tuple[Comparison, ...], caption: str) -> Html:
    rows: list[Row] = []
    for one in comparisons:
        said = verdict(one, replay.currency)
        rows.append(
            (
                Cell(called(one.policy), one.policy),
                _banded_cell(one.fill_rate, "points"),
                _banded_cell(one.stock, "units"),
                _banded_cell(one.capital, "money", replay.currency),
                _banded_cell(one.cost, "money", replay.currency),
                Cell(said.short, said.short, said.tone),
            )
        )
    if not rows:
        return paragraph("There is no other policy to compare with.", kind="soft")
    headers = ("policy", "fill rate, points", "mean stock, units", "mean capital", "cost", "verdict")
    return table(caption, headers, rows, words_in=(0, 5))


def _banded_cell(difference: Difference | None, told: str, currency: str = "") -> Cell:
    shown, band = banded(difference, told, currency)
    return Cell(shown, difference.mean if difference is not None else math.nan, note=band)


def trade_off_section(replay: Replay) -> Html:
    total, currency = replay.total, replay.currency
    held = [
        (
            Cell(called(name), name),
            Cell(share(float(total.fill_rate[place, 0])), float(total.fill_rate[place, 0])),
            Cell(
                amount_minor(float(total.capital_minor_mean[place, 0]), currency),
                float(total.capital_minor_mean[place, 0]),
            ),
            Cell(figure(float(total.stock_units_mean[place, 0])), float(total.stock_units_mean[place, 0])),
        )
        for place, name in enumerate(replay.names)
    ]
    left = chart(
        drawn.trade_off_chart(replay),
        "Service against capital: up and to the left is better",
        folded("Table", table("Service and stock", ("policy", "fill rate", "mean capital", "mean stock, units"), held)),
    )
    if not money_known(total):
        why = "What each policy cost cannot be told: price and unit cost of the items are not known."
        return section("money", "What service cost", left, paragraph(why, kind="soft"))
    parts = [(Cell(called(name), name), *_cost_cells(replay, place)) for place, name in enumerate(replay.names)]
    headers = ("policy", "being short", "holding stock", "placing orders", "together")
    right = chart(
        drawn.cost_chart(replay),
        f"Cost over the window, {currency}: being short, holding, orders",
        folded("Table", table("Cost and its parts", headers, parts)),
    )
    why = (
        "Being short costs the margin of each unit that was not served, unless the rules name another cost of a unit "
        "short. The parts add up to the cost in the table of policies."
    )
    return section("money", "What service cost", left, right, paragraph(why, kind="soft"))


def _cost_cells(replay: Replay, place: int) -> tuple[Cell, ...]:
    total = replay.total
    parts = (total.shortage_cost_minor, total.holding_cost_minor, total.order_cost_minor, total.cost_minor)
    values = [float(part[place, 0]) for part in parts]
    return tuple(Cell(amount_minor(value, replay.currency), value) for value in values)


def time_section(replay: Replay) -> Html:
    run = replay.run_of_time
    names = [called(name) for name in replay.names]
    days = np.datetime_as_string(run.starts.astype("datetime64[D]"))

    def rows(values: np.ndarray) -> list[Row]:
        return [
            (str(day), *(Cell(count(float(value)), float(value)) for value in column))
            for day, column in zip(days, np.vstack([run.demand_units, values]).T, strict=True)
        ]

    headers = ("period from", "demand", *names)
    stock = table("Units in stock at the end of each period", headers, rows(run.on_hand_units))
    lost = table("Units asked for and not served, in each period", headers, rows(run.lost_units))
    return section(
        "time",
        "Week by week" if replay.grid.period_days == 7 else "Period by period",
        chart(drawn.stock_chart(replay), "Stock of all items", folded("Table", stock)),
        chart(drawn.lost_chart(replay), "Units lost so far: the flatter the better", folded("Table", lost)),
    )


def segments_section(replay: Replay) -> Html:
    if not replay.segments:
        return Html("")
    pieces: list[Html] = [
        paragraph("Groups as they stood at the start of the window. The charts show the share of demand missed.")
    ]
    for segment in replay.segments:
        shown = chart(
            drawn.segment_chart(replay, segment), f"By {grouped_by(segment.by)}", _segment_table(replay, segment)
        )
        pieces.append(shown if segment.by in _OPEN_SEGMENTS else folded(f"By {grouped_by(segment.by)}", shown))
    return section("segments", "Where it holds and where not", *pieces)


def _segment_table(replay: Replay, segment: Segment) -> Html:
    measures, shown = segment.measures, drawn.groups_shown(segment, _GROUPS_LISTED)
    rows: list[Row] = [
        (
            segment.names[group] or "(none)",
            called(policy),
            Cell(count(float(measures.items[group])), float(measures.items[group])),
            *_measure_cells(measures, place, group, replay.currency),
        )
        for group in shown
        for place, policy in enumerate(replay.names)
    ]
    made = table(
        f"By {grouped_by(segment.by)}", (grouped_by(segment.by), "policy", "items", *_MEASURES), rows, words_in=(0, 1)
    )
    if len(shown) == len(segment.names):
        return folded("Table", made)
    more = f"The {len(shown)} groups of the largest demand; all {len(segment.names):,} are in the table segments."
    return folded("Table", made, paragraph(more, kind="soft"))


def items_section(replay: Replay) -> Html:
    """The items that gained most and lost most by the report's policy, with small charts where counts are there."""
    ours, base = headline_policy(replay), replay.names.index(replay.reference)
    if ours == base:
        return Html("")
    gained, counted_in = drawn.gains(replay)
    order = np.argsort(-np.nan_to_num(gained, nan=0.0), kind="stable")
    best = [row for row in order[:_ITEMS_LISTED].tolist() if gained[row] > 0]
    worst = [row for row in order[::-1][:_ITEMS_LISTED].tolist() if gained[row] < 0]
    us, them = called(replay.names[ours]), called(replay.names[base])
    pieces: list[Html] = []
    place = 0
    for rows, title in ((best, f"Where {us} gained most"), (worst, f"Where {us} lost most")):
        if not rows:
            pieces.append(paragraph(f"{title}: nowhere.", kind="soft"))
            continue
        pieces.append(_items_table(replay, rows, gained, counted_in, f"{title}, against “{them}”"))
        if replay.counts is not None:
            drawings = []
            for row in rows[:_ITEMS_DRAWN]:
                heading = f"{replay.judged.sku_id[row]} @ {replay.judged.location_id[row]}"
                drawings.append(chart(drawn.item_chart(replay, row, place), heading, _item_table(replay, row)))
                place += 1
            pieces.append(beside(*drawings))
    return section("items", "The SKUs behind it", *pieces)


def _items_table(replay: Replay, rows: list[int], gained: np.ndarray, counted_in: str, caption: str) -> Html:
    ours, base = headline_policy(replay), replay.names.index(replay.reference)
    us, them = called(replay.names[ours]), called(replay.names[base])
    items = replay.items
    body: list[Row] = []
    for row in rows:
        gain = float(gained[row])
        told = amount_minor(gain, replay.currency) if counted_in == "cost" else figure(gain)
        body.append(
            (
                f"{replay.judged.sku_id[row]} @ {replay.judged.location_id[row]}",
                Cell(count(float(items.demanded_units[base, row])), float(items.demanded_units[base, row])),
                *(
                    Cell(said(float(column[k, row])), float(column[k, row]))
                    for column, said in ((items.lost_units, count), (items.stock_units_mean, figure))
                    for k in (base, ours)
                ),
                Cell(told, gain, "good" if gain > 0 else "bad"),
            )
        )
    measured = "saved" if counted_in == "cost" else "units more served"
    headers = ("SKU", "demand", f"lost, {them}", f"lost, {us}", f"stock, {them}", f"stock, {us}", measured)
    return table(caption, headers, body)


def _item_table(replay: Replay, row: int) -> Html:
    """Demand and stock of one item, period by period: the table of its small chart."""
    if replay.counts is None:
        return Html("")
    shown = list(dict.fromkeys((replay.names.index(replay.reference), headline_policy(replay))))
    days = np.datetime_as_string(replay.run_of_time.starts.astype("datetime64[D]"))
    columns = [replay.demand_units[row], *(replay.counts.on_hand_units[k, row] for k in shown)]
    rows: list[Row] = [
        (str(day), *(Cell(count(float(value)), float(value)) for value in values))
        for day, values in zip(days, np.stack(columns).T, strict=True)
    ]
    headers = ("period from", "demand", *(f"stock, {called(replay.names[k])}" for k in shown))
    return folded("Table", table(f"{replay.judged.sku_id[row]}, period by period", headers, rows))


def as_it_was_section(replay: Replay) -> Html:
    was = replay.as_it_was
    if was is None:
        return section("as-it-was", "Beside what was really done", paragraph(replay.as_it_was_absent))
    rows = [
        (Cell(called(name), name), *_measure_cells(was.total, place, 0, replay.currency))
        for place, name in enumerate(was.names)
    ]
    return section(
        "as-it-was",
        "Beside what was really done",
        table(_who_was(was), ("what", *_MEASURES), rows),
        _comparison_table(replay, was.comparisons, "Difference to what was done, with 95% bands"),
        points(was.notes),
    )


def _who_was(was: AsItWas) -> str:
    return f"The {len(was.rows):,} items whose stockouts and stock counts are known"


def _last_day(replay: Replay) -> np.datetime64:
    return replay.grid.as_of - np.timedelta64(1, "D")
