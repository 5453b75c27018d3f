"""What was chosen by replay: the pick of each group, what it rests on, and the rules to put it to use."""

from __future__ import annotations

import math

import numpy as np
import polars as pl

from skuwise.replaying.choose import Choice
from skuwise.reports.page import Cell, Html, code_block, folded, paragraph, section, strong, table
from skuwise.reports.replay_tables import measures_frame
from skuwise.reports.replay_words import amount_minor, count, figure, grouped_by, sentence, share, verdict


def choice_section(choice: Choice) -> Html:
    """The verdict of the later part, the pick of each group beside what else was tried, and the rules."""
    first, middle = choice.early.start, choice.late.start
    told = (
        f"Settings were picked on {first} to {middle - np.timedelta64(1, 'D')} alone, by {_aim(choice)}. "
        "Everything else on this page tells of the part after it, which had no say in the pick."
    )
    textbook = verdict(choice.against_textbook, choice.late.currency).sentence
    return section(
        "choice",
        "What was chosen",
        paragraph(strong(sentence(choice.verdict))),
        paragraph(told),
        paragraph(f"Beside the textbook: {textbook}"),
        _picks(choice),
        folded("Everything that was tried, on the earlier part", _tried(choice)),
        folded("The rules to put it to use", code_block(choice.rules_text or "No group is better off than as it is.")),
    )


def _aim(choice: Choice) -> str:
    if choice.fill_rate_target is None:
        return "the lowest cost"
    return f"the least stock that serves {share(choice.fill_rate_target)} of demand"


def _picks(choice: Choice) -> Html:
    """For each group its pick, on the earlier part, beside the settings as they were."""
    segment, names = choice.early.segment(choice.by), choice.early.names
    rows: list[tuple[str | Cell, ...]] = []
    for group, name in enumerate(segment.names):
        picked = choice.picked.get(name, names[0])
        at = names.index(picked)
        measures, currency = segment.measures, choice.early.currency
        rows.append(
            (
                name or "(none)",
                "as it is" if at == 0 else picked,
                Cell(count(float(measures.items[group])), float(measures.items[group])),
                *(
                    Cell(share(float(measures.fill_rate[k, group])), float(measures.fill_rate[k, group]))
                    for k in (0, at)
                ),
                *(
                    Cell(
                        amount_minor(float(measures.cost_minor[k, group]), currency),
                        float(measures.cost_minor[k, group]),
                    )
                    for k in (0, at)
                ),
            )
        )
    headers = (
        grouped_by(choice.by),
        "picked",
        "items",
        "fill rate before",
        "fill rate picked",
        "cost before",
        "cost picked",
    )
    return table("The pick of each group, and what it reached on the part that decided", headers, rows, words_in=(0, 1))


def _tried(choice: Choice) -> Html:
    total, currency = choice.early.total, choice.early.currency
    rows: list[tuple[str | Cell, ...]] = []
    for place, name in enumerate(choice.early.names):
        values = [float(values[place, 0]) for values in (total.fill_rate, total.stock_units_mean, total.cost_minor)]
        told = (share(values[0]), figure(values[1]), amount_minor(values[2], currency))
        cells = (Cell(shown, math.nan if value == -1 else value) for shown, value in zip(told, values, strict=True))
        rows.append((name, *cells))
    return table("All items under one setting", ("setting", "fill rate", "mean stock, units", "cost"), rows)


def choice_tables(choice: Choice) -> dict[str, pl.DataFrame]:
    """``tried``: every setting on the part that decided, in total and by group; ``picked``: the pick of each group."""
    early = choice.early
    segment = early.segment(choice.by)
    tried = pl.concat(
        [
            measures_frame(early.total, early.names, ["(all)"]),
            measures_frame(segment.measures, early.names, list(segment.names)),
        ]
    ).rename({"policy": "setting", "group": choice.by})
    picked = pl.DataFrame({choice.by: list(choice.picked), "picked": list(choice.picked.values())})
    return {"tried": tried, "picked": picked}
