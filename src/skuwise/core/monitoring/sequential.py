"""Sequential tests on events of suppliers: how long has it been worse than usual, and can that be chance?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skuwise.core.arrays import BoolArray, FloatArray, IntArray, kernel

#: A test looks for odds that are so many times the usual ones.
ODDS_RATIO = 4.0
#: Usual shares are drawn towards the shop's as by so many events, and kept within bounds in which a test can work.
PRIOR_EVENTS = 8.0
SHARE_MIN, SHARE_MAX = 0.03, 0.6
#: The threshold lets a steady group wait for a false alarm this many years at least by Lorden's bound (events to it are
#: e^threshold on the mean or more), and by generated deliveries ten years.
YEARS_BY_BOUND = 3.0
EVENTS_PER_YEAR_MIN = 4.0
#: What is beyond the threshold by more than this is forgotten, so that good events end an alarm.
OVERSHOOT_NATS = 1.5


@dataclass(frozen=True, slots=True)
class Runs:
    """What the test of each group says now, (G,) each.

    ``evidence_nats`` is the CUSUM of the log likelihood ratio, ``threshold_nats`` what it must pass. The newest run of
    bad luck began with event ``first`` (a row, -1 where there is none) and has ``events``, ``bad`` of them bad.
    ``usual_share`` is what was usual before.
    """

    evidence_nats: FloatArray
    threshold_nats: FloatArray
    first: IntArray
    events: IntArray
    bad: IntArray
    usual_share: FloatArray

    @property
    def alarmed(self) -> BoolArray:
        return (self.evidence_nats >= self.threshold_nats) & (self.bad > 1)


def worse_than_usual(group: IntArray, bad: BoolArray, recent: BoolArray, per_year: FloatArray, groups: int) -> Runs:
    """Bernoulli CUSUM of each group over its recent events [(e,) sorted by time].

    What was usual is the share of bad ones among the group's older events, drawn towards that of all groups. With
    ``per_year`` events a year (G,) a steady group gives at most one false alarm in ten years.

    Source: Page (1954); Lorden (1971) for the bound; Reynolds & Stoumbos (1999) for Bernoulli events.
    """
    old = ~recent
    counted = np.bincount(group[old], minlength=groups).astype(np.float64)
    bad_before = np.bincount(group[old & bad], minlength=groups).astype(np.float64)
    # Without older events the first recent ones would have to judge themselves: all that was seen is the guess then.
    known = old if old.any() else np.ones(len(bad), np.bool_)
    shop = (float(bad[known].sum()) + 0.5) / (float(known.sum()) + 5.0)
    usual = np.clip((bad_before + PRIOR_EVENTS * shop) / (counted + PRIOR_EVENTS), SHARE_MIN, SHARE_MAX)
    threshold = np.log(YEARS_BY_BOUND * np.maximum(per_year, EVENTS_PER_YEAR_MIN))
    worse = ODDS_RATIO * usual / (1.0 + (ODDS_RATIO - 1.0) * usual)
    when_bad, when_good = np.log(worse / usual), np.log((1.0 - worse) / (1.0 - usual))
    rows = np.flatnonzero(recent)
    evidence, first, events, misses = _walk(group[rows], bad[rows], when_bad, when_good, threshold, groups)
    began = np.where(first >= 0, rows[np.maximum(first, 0)] if len(rows) else -1, -1)
    return Runs(evidence, threshold, began, events, misses, usual)


@kernel
def _walk(
    group: IntArray, bad: BoolArray, when_bad: FloatArray, when_good: FloatArray, threshold: FloatArray, groups: int
) -> tuple[FloatArray, IntArray, IntArray, IntArray]:
    evidence = np.zeros(groups)
    first = np.full(groups, -1, np.int64)
    events = np.zeros(groups, np.int64)
    misses = np.zeros(groups, np.int64)
    for row in range(len(group)):
        g = group[row]
        now = evidence[g] + (when_bad[g] if bad[row] else when_good[g])
        if now <= 0.0:
            evidence[g], first[g], events[g], misses[g] = 0.0, -1, 0, 0
            continue
        if evidence[g] == 0.0:
            first[g] = row
        evidence[g] = min(now, threshold[g] + OVERSHOOT_NATS)
        events[g] += 1
        misses[g] += 1 if bad[row] else 0
    return evidence, first, events, misses
