"""Choosing the policy by replay: settings are picked on the earlier part of the window and shown on the later one.

The earlier part is replayed with the data as they stood at its end, so nothing of the later part can bear on the pick.
What is then said of the pick comes from the later part alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import numpy as np

from skuwise.core.dictionary import fields_of
from skuwise.core.rules import Rulebook, parse_rulebook
from skuwise.core.rules.rulebook import in_precedence
from skuwise.dataset.contract import Dataset
from skuwise.planning.rulebook_files import load_rulebook
from skuwise.replaying.living import Progress
from skuwise.replaying.measuring import compare_policies
from skuwise.replaying.policies import PolicySpec
from skuwise.replaying.result import Comparison, Measures, Replay
from skuwise.replaying.run import replay
from skuwise.replaying.window import ReplayError, open_window
from skuwise.simulate.scores import Difference

DEFAULT, CHOSEN, TEXTBOOK = "default", "chosen", "textbook"
#: Columns by which a choice may differ, and which a replay measures.
CHOSEN_BY = ("abc_class", "pattern", "stage", "category", "supplier_id")
#: What a person has marked as critical keeps its own promise.
LEFT_ALONE = ("critical", "high")
#: Items whose group is not known: no rule can ask for them.
NOBODY = "(none)"


@dataclass(frozen=True, slots=True)
class Candidate:
    """Values of rule fields that are tried together."""

    name: str
    values: Mapping[str, float | int | str | bool]


def fill_rate(target: float) -> Candidate:
    """A fill-rate target."""
    return Candidate(f"fill rate {target:g}", {"service_measure": "fill_rate", "service_target": target})


#: Tried where the caller names none. ``cost`` weighs shortage against holding cost instead of keeping a target.
CANDIDATES = (
    fill_rate(0.90),
    fill_rate(0.95),
    fill_rate(0.98),
    fill_rate(0.99),
    Candidate("cycle service 0.95", {"service_measure": "cycle_service_level", "service_target": 0.95}),
    Candidate("money", {"service_measure": "cost"}),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """What was picked and what it was worth.

    ``picked`` names the candidate of each group ("default": none was better). ``rules_text`` is TOML that
    ``parse_rulebook`` accepts, to be added to the shop's rules; ``rulebook`` is the shop's with it. ``early`` holds all
    candidates on the part that decided, ``late`` default, chosen and textbook on the part that did not.
    ``against_default`` and ``against_textbook`` compare on the later part; ``better`` says whether the pick is really
    better there than the default in what it was picked for, ``verdict`` in words.
    """

    by: str
    fill_rate_target: float | None
    candidates: tuple[Candidate, ...]
    picked: Mapping[str, str]
    rules_text: str
    rulebook: Rulebook
    early: Replay
    late: Replay
    against_default: Comparison
    against_textbook: Comparison
    better: bool
    verdict: str


def choose_policy(
    dataset: Dataset,
    candidates: Sequence[Candidate] = CANDIDATES,
    *,
    by: str = "abc_class",
    fill_rate_target: float | None = None,
    rulebook: Rulebook | str | Path | None = None,
    start: date | None = None,
    end: date | None = None,
    early_share: float = 0.5,
    seed: int = 0,
    unit_cost_share_assumed: float | None = None,
    progress: Progress | None = None,
) -> Choice:
    """Pick rule values for each group of items on the earlier part of a window, and show them on the later part.

    Args:
        candidates: what is tried, besides the rulebook as it is.
        by: the column that divides the items: one of ``CHOSEN_BY``.
        fill_rate_target: pick the least stock that reaches it (the highest fill rate where none does); by default the
            lowest cost is picked.
        early_share: share of the window's periods that decide.

    Other arguments are those of ``replay``.

    Raises:
        ReplayError: a window too short to divide, a column that cannot divide, or no money to compare cost with.
    """
    if by not in CHOSEN_BY:
        raise ReplayError(
            f'Items cannot be divided by "{by}"', "A replay does not measure it", f"Use one of: {', '.join(CHOSEN_BY)}"
        )
    rules = rulebook if isinstance(rulebook, Rulebook) else load_rulebook(rulebook)
    first, middle, last = _parts(dataset, rules, start, end, early_share)
    live = partial(
        replay,
        dataset,
        rulebook=rules,
        seed=seed,
        reference=DEFAULT,
        unit_cost_share_assumed=unit_cost_share_assumed,
        progress=progress,
    )
    default, textbook = PolicySpec(DEFAULT, "skuwise"), PolicySpec(TEXTBOOK, "textbook")
    early = live([default, *_specs(candidates, rules)], start=first, end=middle)
    picked = _pick(early, by, fill_rate_target)
    text = rules_text(by, picked, candidates, f"picked by replay of {first} to {middle}")
    chosen = PolicySpec(CHOSEN, "skuwise", rulebook=with_rules(rules, text))
    late = live([default, chosen, textbook], start=middle, end=last)
    better, verdict = _verdict(picked, late.comparisons[0], late.total, fill_rate_target)
    return Choice(
        by=by,
        fill_rate_target=fill_rate_target,
        candidates=tuple(candidates),
        picked=picked,
        rules_text=text,
        rulebook=with_rules(rules, text),
        early=early,
        late=late,
        against_default=late.comparisons[0],
        against_textbook=compare_policies(late, CHOSEN, TEXTBOOK),
        better=better,
        verdict=verdict,
    )


def rules_text(by: str, picked: Mapping[str, str], candidates: Sequence[Candidate], reason: str) -> str:
    """The pick as TOML rules; groups that stay at the default have none. Never touches what is marked as critical.

    >>> print(rules_text("abc_class", {"A": "fill rate 0.98", "B": "default"}, CANDIDATES, "why"), end="")
    [[rule]]
    name = "Replay: abc_class A, fill rate 0.98"
    layer = "segment"
    when = { abc_class = "A", criticality = ["low", "standard"] }
    set = { service_measure = "fill_rate", service_target = 0.98 }
    reason = "why"
    """
    by_name = {candidate.name: candidate for candidate in candidates}
    parts = []
    for group, name in picked.items():
        if name != DEFAULT:
            when = f"{by} = {_toml(group)}, {_ORDINARY}"
            parts.append(_rule(f"Replay: {by} {group}, {name}", when, by_name[name], reason))
    return "\n".join(parts)


def with_rules(rulebook: Rulebook, text: str) -> Rulebook:
    """The rulebook with the rules of a TOML text besides its own."""
    more = [rule for rule in parse_rulebook(text, "replay.toml").rules if not rule.builtin]
    return replace(rulebook, rules=in_precedence((*rulebook.rules, *more)))


def _parts(
    dataset: Dataset, rules: Rulebook, start: date | None, end: date | None, early_share: float
) -> tuple[date, date, date]:
    """First day, the day on which the later part begins, and the day after the last."""
    window = open_window(dataset, rules, start, end)
    early = round(window.periods * early_share)
    if early < 1 or early >= window.periods:
        raise ReplayError(
            f"{window.periods} periods cannot be divided into {early_share:g} and the rest",
            "A choice is made on the earlier part and shown on the later one",
            "Give a longer window, or early_share between 0 and 1",
        )
    last = window.grid.as_of.astype("datetime64[D]").astype(date)
    days = window.grid.period_days
    return last - timedelta(days * window.periods), last - timedelta(days * (window.periods - early)), last


def _specs(candidates: Sequence[Candidate], rules: Rulebook) -> list[PolicySpec]:
    """Each candidate for all items that a choice may touch."""
    return [
        PolicySpec(
            candidate.name,
            "skuwise",
            rulebook=with_rules(rules, _rule(f"Replay: {candidate.name}", _ORDINARY, candidate, "tried by replay")),
        )
        for candidate in candidates
    ]


_ORDINARY = "criticality = [{}]".format(
    ", ".join(f'"{word}"' for word in fields_of("skus")["criticality"].choices if word not in LEFT_ALONE)
)


def _rule(name: str, when: str, candidate: Candidate, reason: str) -> str:
    values = ", ".join(f"{field} = {_toml(value)}" for field, value in candidate.values.items())
    return (
        f'[[rule]]\nname = {_toml(name)}\nlayer = "segment"\nwhen = {{ {when} }}\nset = {{ {values} }}\n'
        f"reason = {_toml(reason)}\n"
    )


def _toml(value: float | int | str | bool) -> str:
    """A TOML value; JSON writes text, numbers and truth as TOML reads them."""
    return json.dumps(value, ensure_ascii=False)


def _pick(early: Replay, by: str, fill_rate_target: float | None) -> dict[str, str]:
    """The best policy of each group; the default where nothing is better, and in a tie."""
    segment, names = early.segment(by), early.names
    cost, fill, stock = (getattr(segment.measures, name) for name in ("cost_minor", "fill_rate", "stock_units_mean"))
    if fill_rate_target is None and (early.total.cost_minor < 0).all():
        raise ReplayError(
            "No item has both a price and a unit cost",
            "The lowest cost cannot be picked",
            "Give prices and costs, unit_cost_share_assumed, or a fill_rate_target",
        )
    picked = {}
    for number, group in enumerate(segment.names):
        if group == NOBODY:
            continue
        if fill_rate_target is None:
            best = int(np.argmin(cost[:, number]))
        else:
            reached = fill[:, number] >= fill_rate_target
            found = np.where(reached, stock[:, number], np.inf) if reached.any() else -np.nan_to_num(fill[:, number])
            best = int(np.argmin(found))
        picked[group] = names[best]
    return picked


def _verdict(
    picked: Mapping[str, str], against: Comparison, total: Measures, fill_rate_target: float | None
) -> tuple[bool, str]:
    """Whether the pick is better than the default on the later part, and in words."""
    if all(name == DEFAULT for name in picked.values()):
        return False, "On the earlier part nothing was better than the default: keep it."
    told = ", ".join(f"{group}: {name}" for group, name in picked.items())
    if fill_rate_target is None:
        better = against.cost is not None and _lower(against.cost)
        what = against.sentences[2] if against.cost is not None else "Cost cannot be told on the later part."
    else:
        default, chosen = total.fill_rate[0, 0], total.fill_rate[1, 0]
        reaches, reached = chosen >= fill_rate_target, default >= fill_rate_target
        better = bool((reaches >= reached and _lower(against.stock)) or (reaches and not reached))
        what = (
            f"On the later part the pick reaches a fill rate of {chosen:.3f} and the default {default:.3f}, of "
            f"{fill_rate_target:g} asked for. {against.sentences[1]}"
        )
    end = "Use it." if better else "It is no better than the default: keep the default."
    return better, f"Picked on the earlier part: {told}. {what} {end}"


def _lower(difference: Difference) -> bool:
    return difference.real and difference.mean < 0
