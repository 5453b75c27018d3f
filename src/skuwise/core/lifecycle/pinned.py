"""The stage in force: the one that a rule pins, or the one that the data tell."""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray
from skuwise.core.lifecycle.stage import STAGES
from skuwise.core.steps import step


@step(
    out=("stage", "stage_is_pinned"),
    formula="stage_pinned where a rule sets it, else stage_seen",
    source="our choice: a person may know what the data do not tell yet",
    codes={"stage": STAGES},
)
def stage_in_force(stage_seen: CodeArray, stage_pinned: CodeArray) -> tuple[CodeArray, BoolArray]:
    """Stage [(n,) code of ``STAGES``] and whether it is pinned [(n,)].

    ``stage_pinned`` is the position among the field's choices: 0 is none, the stages follow in their order.

    >>> stage, is_pinned = stage_in_force(np.array([2, 2], np.int16), np.array([0, 2], np.int16))
    >>> [STAGES[code] for code in stage], is_pinned.tolist()
    (['mature', 'growing'], [False, True])
    """
    is_pinned = stage_pinned > 0
    return np.where(is_pinned, stage_pinned - 1, stage_seen).astype(np.int16), is_pinned
