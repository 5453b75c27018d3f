"""Returns: does more come back than usual for what was sold some weeks before?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from skuwise.core.arrays import FloatArray, IntArray
from skuwise.core.metrics.windows import DAYS_PER_WEEK, YEAR_DAYS, newest, periods_in
from skuwise.core.monitoring.alarm import Alarms, Kind, Seen, register
from skuwise.core.monitoring.money import in_whole_minor, matters

RETURNS_JUMP = register(
    Kind(
        name="returns_jump",
        subject="item",
        title="More comes back",
        text="{0:.0f} units came back in {1:.0f} weeks, {2:.0%} of what was sold; {3:.0%} is usual",
        advice="Look at the newest deliveries, the description and the pictures; hold back stock that may be faulty.",
        false_alarms="at most one in 50 years of an item with a steady share of returns",
        quiet_weeks_to_resolve=4,
    )
)

#: Periods of this time are tested, against those of the year before.
TESTED_DAYS = 182
#: What is usual is not known before so many days lie before the tested ones.
KNOWN_DAYS_MIN = 90
#: A test looks for so many times the usual share.
RATIO = 2.0
YEARS_TO_A_FALSE_ALARM = 50.0
#: The item's own share is drawn towards its category's as by so many units sold, the category's towards the shop's.
PRIOR_UNITS, PRIOR_UNITS_OF_CATEGORY = 30.0, 200.0
#: Fewer units above the usual are no jump, and what is beyond the threshold by more than this is forgotten.
EXTRA_UNITS_MIN = 3.0
OVERSHOOT_NATS = 2.0
DISPERSION_MIN, DISPERSION_MAX = 1.05, 20.0
#: Cells in which less than this is expected tell nothing of the dispersion.
EXPECTED_MIN = 0.02


def returns_jump(seen: Seen) -> Alarms:
    """Items of which more comes back than usual.

    A CUSUM of the likelihood ratio between the usual share and twice that share, for counts with a variance that is a
    multiple of their mean (a negative binomial distribution): returns come by the order, not by the unit. What can
    come back in a period is what was sold in the periods before, ``returns_lag_weeks`` earlier on the mean.
    ``facts``: units, weeks, share and usual share. Money is the price of what came back beyond the usual.

    Source: Page (1954); Lorden (1971) for the threshold.
    """
    columns, days = seen.columns, seen.period_days
    back = newest(np.asarray(columns["returned_units"]), TESTED_DAYS, days)
    rows = np.flatnonzero(back.sum(axis=1) >= EXTRA_UNITS_MIN)
    if not len(rows):
        return Alarms.none()
    sold, returned = _sold_before(seen), newest(np.asarray(columns["returned_units"]), TESTED_DAYS + YEAR_DAYS, days)
    tested = back.shape[1]
    if returned.shape[1] - tested < periods_in(KNOWN_DAYS_MIN, days):
        return Alarms.none()
    usual = _usual_share(seen, sold[:, :-tested], returned[:, :-tested])
    spread = dispersion(returned[:, :-tested], usual[:, None] * sold[:, :-tested])
    threshold = math.log(YEARS_TO_A_FALSE_ALARM * YEAR_DAYS / days)
    run = run_of_returns(back[rows].astype(np.float64), usual[rows, None] * sold[rows, -tested:], spread, threshold)
    in_run = np.arange(tested)[None, :] >= run.first[:, None]
    came = np.where(in_run, back[rows], 0).sum(axis=1)
    base = np.where(in_run, sold[rows, -tested:], 0.0).sum(axis=1)
    extra = came - usual[rows] * base
    price = np.asarray(columns["unit_price_minor"])[rows].astype(np.float64)
    money = in_whole_minor(np.where(price < 0, np.nan, extra * price))
    told = (run.evidence >= threshold) & (extra >= EXTRA_UNITS_MIN) & matters(seen, money)
    some = np.flatnonzero(told)
    periods = tested - run.first[some]
    since = seen.as_of - (periods * days).astype("timedelta64[D]")
    return Alarms.of_items(
        RETURNS_JUMP.name,
        rows[some],
        since,
        run.evidence[some],
        money[some],
        came[some],
        periods * days / DAYS_PER_WEEK,
        came[some] / np.maximum(base[some], 1.0),
        usual[rows[some]],
    )


@dataclass(frozen=True, slots=True)
class Run:
    """The newest run of each item (k,): evidence for a jump [nats], and the tested period in which it began."""

    evidence: FloatArray
    first: IntArray


def run_of_returns(returned: FloatArray, expected: FloatArray, spread: float, threshold: float) -> Run:
    """CUSUM of returned units against the expected ones [(k, W) each]; variance = ``spread`` × mean."""
    size = np.maximum(expected, 1e-9) / (spread - 1.0)
    # ln NB(x; 2 × size) − ln NB(x; size), with the same spread: the mean is twice as large.
    gain = gammaln(returned + RATIO * size) - gammaln(RATIO * size) - gammaln(returned + size) + gammaln(size)
    gain -= (RATIO - 1.0) * size * math.log(spread)
    evidence, first = np.zeros(len(returned)), np.zeros(len(returned), np.int64)
    for period in range(returned.shape[1]):
        first = np.where(evidence <= 0.0, period, first)
        evidence = np.clip(evidence + gain[:, period], 0.0, threshold + OVERSHOOT_NATS)
    return Run(evidence, first)


def dispersion(returned: IntArray, expected: FloatArray) -> float:
    """Variance of a period's returns over its mean, from all items together."""
    use = expected >= EXPECTED_MIN
    cells = int(use.sum())
    if cells < 1:
        return DISPERSION_MIN
    squares = float((np.where(use, (returned - expected) ** 2 / np.where(use, expected, 1.0), 0.0)).sum())
    return float(np.clip(squares / cells, DISPERSION_MIN, DISPERSION_MAX))


def _sold_before(seen: Seen) -> FloatArray:
    """Units whose returns fall into each of the newest periods [(n, W)]: mean sales of the periods up to it."""
    days = seen.period_days
    sales = np.asarray(seen.columns["sales_units"])
    lag = round(float(seen.columns["returns_lag_weeks"]) * DAYS_PER_WEEK / days)
    span = 2 * lag + 1
    wanted = min(periods_in(TESTED_DAYS + YEAR_DAYS, days), sales.shape[1])
    some = sales[:, max(sales.shape[1] - wanted - span + 1, 0) :].astype(np.float64)
    padded = np.concatenate([np.zeros((len(some), wanted + span - 1 - some.shape[1] + 1)), some], axis=1)
    total = np.cumsum(padded, axis=1)
    mean: FloatArray = (total[:, span:] - total[:, :-span]) / span
    return mean


def _usual_share(seen: Seen, sold: FloatArray, returned: IntArray) -> FloatArray:
    """Usual share of what is sold that comes back [(n,)], from the year before the tested periods."""
    category = np.asarray(seen.columns["category"]).astype(np.int64)
    own_sold, own_back = sold.sum(axis=1), returned.sum(axis=1).astype(np.float64)
    count = int(category.max(initial=0)) + 1
    of_shop = (own_back.sum() + 1.0) / (own_sold.sum() + 50.0)
    sold_c = np.bincount(category, weights=own_sold, minlength=count)
    back_c = np.bincount(category, weights=own_back, minlength=count)
    of_category = (back_c + PRIOR_UNITS_OF_CATEGORY * of_shop) / (sold_c + PRIOR_UNITS_OF_CATEGORY)
    share: FloatArray = (own_back + PRIOR_UNITS * of_category[category]) / (own_sold + PRIOR_UNITS)
    return share
