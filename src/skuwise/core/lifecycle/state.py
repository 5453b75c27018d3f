"""Life stages: the type, the stages and the evidence codes."""

from __future__ import annotations

from dataclasses import dataclass

from skuwise.core.arrays import CodeArray, DateArray, FloatArray, IntArray

#: A life, in its order. The code of a stage is its place here.
STAGES = ("new", "growing", "mature", "declining", "retiring", "retired")
NEW, GROWING, MATURE, DECLINING, RETIRING, RETIRED = range(len(STAGES))


@dataclass(frozen=True, slots=True)
class LifecycleState:
    """The stage of each item, since when, and on what evidence (``evidence_code``, see ``EVIDENCE``).

    ``level_ratio`` is the recent deseasonalised level over the one before it, ``level_z`` how many standard
    errors that change is, ``weeks_on_sale`` and ``weeks_since_sale`` what their names say (-1: never).
    """

    stage: CodeArray
    since: DateArray
    evidence_code: CodeArray
    level_ratio: FloatArray
    level_z: FloatArray
    weeks_on_sale: FloatArray
    weeks_since_sale: FloatArray
    usual_gap_weeks: FloatArray
    successor_item: IntArray
