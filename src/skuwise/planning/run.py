"""From a dataset to a plan: the one call that a program makes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from skuwise.core import plan as core
from skuwise.core.catalog.inputs import PlanInputs
from skuwise.core.rules import Rulebook
from skuwise.dataset.contract import Dataset
from skuwise.learning import train
from skuwise.planning.assemble import plan_inputs
from skuwise.planning.rulebook_files import load_rulebook


def plan(
    dataset: Dataset,
    rulebook: Rulebook | str | Path | None = None,
    as_of: date | None = None,
    seed: int = 0,
    *,
    learn: bool = False,
    progress: core.Progress | None = None,
) -> core.Plan:
    """Plan every item of the dataset in memory; nothing is written.

    ``rulebook`` is a rulebook or the path of its TOML file; None means the built-in rules alone. ``as_of`` is the
    first day that has not been seen, by default the dataset's. With ``learn`` a model over all items is trained first
    on what was known on that day, and its forecast counts beside each item's own by ``learned_weight_share``.
    ``progress`` is told the phase, the items done and all items.

    Raises ``RulebookError`` for a rulebook that cannot be used.
    """
    rules = rulebook if isinstance(rulebook, Rulebook) else load_rulebook(rulebook)
    inputs = plan_inputs(
        dataset,
        as_of=as_of,
        period_days=int(rules.settings["period_days"]),
        history_periods_max=int(rules.settings["history_periods_max"]),
    )
    return core.plan(taught(inputs, seed, progress) if learn else inputs, rules, seed=seed, progress=progress)


def taught(inputs: PlanInputs, seed: int = 0, progress: core.Progress | None = None) -> PlanInputs:
    """The inputs with what a model over all items learns from them, or with the reason why it learns nothing."""
    model, findings = train(inputs, seed=seed, progress=progress)
    learned = None if model is None else model.forecast(inputs)
    return replace(inputs, learned=learned, findings=(*inputs.findings, *findings))
