"""A life stage in words, with the figures that it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from skuwise.core.lifecycle.stage import EVIDENCE, FALLS, HOLDS, RISES, SILENT_WITH_STOCK, SILENT_WITHOUT_STOCK, STAGES

#: Columns whose explanation begins with this sentence.
STAGE_COLUMNS = ("stage", "stage_seen", "stage_evidence", "stage_since", "stage_confidence_share")


def stage_in_words(columns: Mapping[str, Any], row: int) -> str:
    """What the data say of one item's stage, since when, why and how surely.

    >>> one = {"stage_seen": [3], "stage_evidence": [FALLS], "stage_since": np.array(["2025-08-04"], "datetime64[D]"),
    ...     "level_ratio": [0.58], "level_z": [-3.1], "change_weeks": [5.0], "silent_weeks": [0.0],
    ...     "usual_gap_weeks": [1.0], "stage_confidence_share": [0.6]}
    >>> stage_in_words(one, 0)
    'declining since 2025-08-04: sells 42% less than before (3.1 standard errors), for 5 weeks now; 60% sure'
    """
    since = np.datetime64(columns["stage_since"][row], "D")
    dated = "" if np.isnat(since) else f" since {since}"
    sure = f"{100 * float(columns['stage_confidence_share'][row]):.0f}% sure"
    return f"{STAGES[int(columns['stage_seen'][row])]}{dated}: {_why(columns, row)}; {sure}"


def _why(columns: Mapping[str, Any], row: int) -> str:
    evidence = int(columns["stage_evidence"][row])
    told = EVIDENCE[evidence]
    ratio, z = float(columns["level_ratio"][row]), abs(float(columns["level_z"][row]))
    if evidence in (RISES, FALLS) and not np.isnan(ratio):
        more = f"{100 * abs(ratio - 1):.0f}% {'more' if ratio >= 1 else 'less'}"
        weeks = float(columns["change_weeks"][row])
        return f"sells {more} than before ({z:.1f} standard errors), for {weeks:.0f} weeks now"
    if evidence == HOLDS and not np.isnan(ratio):
        return f"{told}: ×{ratio:.2f} of before ({z:.1f} standard errors)"
    if evidence in (SILENT_WITH_STOCK, SILENT_WITHOUT_STOCK):
        silent, gap = float(columns["silent_weeks"][row]), float(columns["usual_gap_weeks"][row])
        usual = "" if np.isnan(gap) else f" where {gap:.1f} are usual"
        return f"{told}: {silent:.0f} weeks{usual}"
    return told
