"""What each step is worth in the games of VN2: the weekly round as it ships, and with one step switched off.

A step is switched off in the registry of steps for as long as the games last; what ships knows no such switch. All
rows play the same games (``benchmarks/vn2.py``) and share the trained models: these see sales and in-stock flags of
the past and nothing of a policy, so a model of a week serves every row with the same flags.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks import vn2
from skuwise import weekly_game
from skuwise.core import plan as core
from skuwise.core.catalog.inputs import PlanInputs
from skuwise.core.forecast import calibration
from skuwise.core.policy import losses
from skuwise.core.steps import STEPS
from skuwise.planning import run as planning

StepFunction = Callable[..., Any]
PHASES = ("UNDERSTAND", "COMPARE_IN_SHOP", "CLASSIFY", "COMPARE_DAYS", "FORECAST", "ORDER", "TELL", "DECIDE")


@contextmanager
def switched_off(function: StepFunction, change: Callable[[np.ndarray], np.ndarray]) -> Iterator[None]:
    """The step computes as ever and each of its columns is replaced by ``change`` of it.

    Raises:
        LookupError: no such step in the plan.
    """

    def changed(*columns: Any) -> Any:
        made = function(*columns)
        return tuple(map(change, made)) if isinstance(made, tuple) else change(made)

    outputs = {name: replace(step, function=changed) for name, step in STEPS.items() if step.function is function}
    if not outputs:
        raise LookupError(f"{function.__name__} is not a step of the plan")
    phases = {name: tuple(changed if step is function else step for step in getattr(core, name)) for name in PHASES}
    with patch.dict(STEPS, outputs), patch.multiple(core, **phases):
        yield


@contextmanager
def shared_models() -> Iterator[None]:
    """Each model is trained once for the sales and flags that it sees, and used by every row."""
    taught, kept = planning.taught, {}

    def remembered(inputs: PlanInputs, seed: int = 0, progress: core.Progress | None = None) -> PlanInputs:
        key = hash((inputs.history.sales_units.tobytes(), inputs.history.in_stock_share.tobytes(), seed))
        if key not in kept:
            made = taught(inputs, seed, progress)
            kept[key] = made.learned, made.findings[len(inputs.findings) :]
        learned, findings = kept[key]
        return replace(inputs, learned=learned, findings=(*inputs.findings, *findings))

    with patch.object(planning, "taught", remembered):
        yield


def played(shop: vn2.Shop, starts: list[int]) -> list[tuple[str, np.ndarray]]:
    """Each row with the holding and shortage cost of its games [(games, 2)]."""
    all_in_stock = replace(shop, in_stock=np.ones_like(shop.in_stock))
    rows = (
        ("as it ships", vn2.skuwise(shop), nullcontext()),
        ("the learned model", vn2.skuwise(shop, learn=False), nullcontext()),
        ("the losses before the receipt", vn2.skuwise(shop), switched_off(losses.position_relief, np.zeros_like)),
        ("the spread factor of calibration", vn2.skuwise(shop), switched_off(calibration.spread_factor, np.ones_like)),
        ("the in-stock flags (no censoring)", vn2.skuwise(all_in_stock), nullcontext()),
        (
            "the dearer unit short (its cost × 1.0)",
            vn2.skuwise(shop),
            patch.object(weekly_game, "SHORTAGE_SHARE", 1.0),
        ),
    )
    found = []
    with shared_models():
        for name, policy, without in rows:
            with without:
                found.append((name, np.array([vn2.play(shop, policy, start) for start in starts])))
    return found


def section(games: int = vn2.GAMES) -> str:
    """The whole table as a section of the results."""
    shop = vn2.read_shop()
    starts = shop.starts(games)
    days = [str(shop.mondays[start]) for start in starts]
    found = played(shop, starts)
    whole = found[0][1].sum(axis=1)
    lines = [
        f"## Ablation: {games} games of VN2 with one step switched off",
        "",
        "Mean cost of a game; all else as it ships. `benchmarks/ablation.py`; what ships has no such switches.",
        "",
        "| without | mean | against as it ships | holding | shortage | games worse | " + " | ".join(days) + " |",
        "|---|" + "--:|" * (5 + games),
    ]
    for name, costs in found:
        total, (holding, shortage) = costs.sum(axis=1), costs.mean(axis=0)
        lines.append(
            f"| {name} | {total.mean():,.0f} | {total.mean() / whole.mean() - 1:+.1%} | {holding:,.0f} "
            f"| {shortage:,.0f} | {int((total > whole).sum())} | " + " | ".join(f"{cost:,.0f}" for cost in total) + " |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    print(section())
