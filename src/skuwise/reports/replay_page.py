"""The report of a replay as one page that fetches nothing: plain words first, then figures, then how to repeat it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from skuwise._version import __version__
from skuwise.core.trace.words import counted
from skuwise.replaying.choose import Choice
from skuwise.replaying.result import LEAD_TIME_SOURCES, OPENING_SOURCES, Replay
from skuwise.reports.choice_section import choice_section
from skuwise.reports.page import (
    Html,
    beside,
    block,
    card,
    cards,
    code,
    folded,
    head,
    navigation,
    page,
    paragraph,
    points,
    section,
    strong,
    subheading,
    table,
    together,
)
from skuwise.reports.replay_sections import (
    as_it_was_section,
    items_section,
    policies_section,
    segments_section,
    time_section,
    trade_off_section,
)
from skuwise.reports.replay_words import (
    amount_minor,
    beside_what_was_done,
    called,
    comparison_of,
    figure,
    headline,
    headline_policy,
    money_known,
    share,
    verdict,
)
from skuwise.simulate.scores import FEWEST_ITEMS


@dataclass(frozen=True, slots=True)
class Origin:
    """What a replay was made from, so that it can be repeated: names, fingerprints, and the command."""

    source: str = "a dataset in memory"
    dataset_hash: str = ""
    rulebook_name: str = "a rulebook in memory"
    rulebook_hash: str = ""
    code_version: str = __version__
    command: str = ""


def title_of(replay: Replay, origin: Origin) -> str:
    return f"Replay of {origin.source}, {replay.start} to {replay.grid.as_of - np.timedelta64(1, 'D')}"


def replay_page(replay: Replay, origin: Origin, choice: Choice | None = None) -> str:
    """The page as text; where settings were chosen, ``replay`` is the later part of that choice."""
    title = title_of(replay, origin)
    period = "week" if replay.grid.period_days == 7 else f"{replay.grid.period_days}-day period"
    lived = (
        f"{counted(len(replay.judged), 'items')}, {counted(replay.grid.period_count, f'{period}s')}, "
        f"{counted(len(replay.policies), 'policies')}: each decision taken with what was known then."
    )
    sections = [
        *([("choice", "Choice", choice_section(choice))] if choice is not None else []),
        ("limits", "How far to trust it", _limits_section(replay)),
        ("policies", "Policies", policies_section(replay)),
        ("money", "Money", trade_off_section(replay)),
        ("time", "Over time", time_section(replay)),
        ("as-it-was", "What was done", as_it_was_section(replay)),
        ("segments", "Segments", segments_section(replay)),
        ("items", "SKUs", items_section(replay)),
        ("repeat", "Repeat it", _repeat_section(replay, origin)),
    ]
    links = navigation((name, short) for name, short, made in sections if made.markup)
    return page(title, head(title, lived), links, _verdict(replay), *(made for _, _, made in sections))


def _verdict(replay: Replay) -> Html:
    """The plain words, the four figures that people ask for, and what to keep in mind."""
    ours, base = headline_policy(replay), replay.names.index(replay.reference)
    compared = comparison_of(replay, replay.names[ours])
    said = [paragraph(strong(headline(replay)))]
    if compared is not None:
        said.append(paragraph(verdict(compared, replay.currency).sentence))
    done = beside_what_was_done(replay)
    if done:
        said.append(paragraph(done))
    said.append(_cards(replay, ours, base))
    items, with_money = int(replay.total.items[0]), int(replay.total.items_with_money[0])
    if with_money == 0:
        told = "Prices or unit costs are not known, so whether the service is worth its stock cannot be told."
        said.append(paragraph(told, kind="soft"))
    elif with_money < items:
        told = f"Money is told of {with_money:,} of {items:,} items: price or unit cost of the others is not known."
        said.append(paragraph(told, kind="soft"))
    estimated = replay.demand_estimated_share
    if not math.isnan(estimated) and estimated > 0:
        said.append(
            paragraph(
                f"{share(estimated)} of the demand is an estimate, for days on which the shop was out of stock.",
                kind="soft",
            )
        )
    return block("verdict", *said)


def _cards(replay: Replay, ours: int, base: int) -> Html:
    total, currency = replay.total, replay.currency
    them = called(replay.reference)

    def made(title: str, name: str, said: Callable[[float], str], better: int) -> Html:
        values = getattr(total, name)[:, 0]
        mine, other = float(values[ours]), float(values[base])
        alike = mine == other or math.isnan(mine - other) or len(replay.judged) < FEWEST_ITEMS
        tone = "" if alike else "good" if (mine - other) * better > 0 else "bad"
        words = f"{them}: {said(other)}" if ours != base else ""
        return card(title, said(mine), words, tone)

    def money(value: float) -> str:
        return amount_minor(value, currency)

    shown = [made("Share of demand served", "fill_rate", share, 1)]
    if money_known(total):
        shown += [
            made("Lost margin", "lost_margin_minor", money, -1),
            made("Mean capital in stock", "capital_minor_mean", money, -1),
            made("Cost in all", "cost_minor", money, -1),
        ]
    else:
        shown += [
            made("Units lost", "lost_units", figure, -1),
            made("Mean stock, units", "stock_units_mean", figure, -1),
            made("Orders placed", "orders_placed", figure, -1),
        ]
    return cards(*shown)


def _limits_section(replay: Replay) -> Html:
    """The sequence of events, what was assumed, what cannot be judged, and the findings."""
    audited = (
        f"An auditor counted every unit again ({replay.audited_periods:,} SKU-periods) and found the same."
        if replay.audited_periods
        else "The auditor was switched off."
    )
    pieces: list[str | Html] = [
        beside(
            together(
                subheading("Sequence of events"),
                paragraph(replay.sequence_of_events),
                paragraph(audited),
                folded("What was assumed", points(replay.assumptions), _sources(replay)),
            ),
            together(subheading("What replay cannot judge"), points(replay.cannot_judge)),
        ),
    ]
    if replay.findings:
        rows = [(f.severity.name.lower(), f.code, f.message, f.mend) for f in replay.findings]
        headers = ("severity", "finding", "what", "how to mend it")
        pieces.append(folded(counted(len(rows), "findings"), table("Findings", headers, rows, words_in=(0, 1, 2, 3))))
    return section("limits", "How it was lived, and how far to trust it", *pieces)


def _sources(replay: Replay) -> Html:
    judged = replay.judged
    rows = []
    for what, names, codes in (
        ("opening stock", OPENING_SOURCES, judged.opening_source),
        ("lead times", LEAD_TIME_SOURCES, judged.lead_time_source),
    ):
        found = np.bincount(codes, minlength=len(names))
        rows += [(what, name, f"{found[code]:,}") for code, name in enumerate(names) if found[code]]
    unknown = int((~judged.money_known).sum())
    rows.append(("money", "price and unit cost known or assumed", f"{len(judged) - unknown:,}"))
    rows.append(("money", "not known: counted in units alone", f"{unknown:,}"))
    return table("What the items are judged with", ("what", "from", "items"), rows, words_in=(0, 1))


def _repeat_section(replay: Replay, origin: Origin) -> Html:
    last = replay.grid.as_of - np.timedelta64(1, "D")
    rows = [
        ("dataset", f"{origin.source}, fingerprint {origin.dataset_hash or 'none: it was not read from files'}"),
        (
            "rulebook",
            f"{origin.rulebook_name}, fingerprint {origin.rulebook_hash or 'none: it was not read from files'}",
        ),
        ("window", f"{replay.start} to {last}, {replay.grid.period_count} periods of {replay.grid.period_days} days"),
        ("seed", str(replay.seed)),
        ("reference", called(replay.reference)),
        ("Skuwise", origin.code_version),
    ]
    pieces: list[str | Html] = [table("Settings and fingerprints", ("setting", "value"), rows, words_in=(0, 1))]
    if origin.command:
        pieces.append(
            paragraph("The same data, rulebook, version and seed give the same figures: ", code(origin.command))
        )
    return section("repeat", "How to repeat it", *pieces)
