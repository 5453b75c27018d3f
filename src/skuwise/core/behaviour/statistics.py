"""Rate, variation and interval of demand: the numbers behind the pattern."""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray, FloatArray, IntArray, kernel
from skuwise.core.steps import step

YEAR_WEEKS = 52
RECENT_WEEKS = 13

#: By the interval between demands and the variation of their size.
PATTERNS = ("no demand", "smooth", "erratic", "intermittent", "lumpy")


def periods_in_weeks(weeks: float, period_days: int) -> int:
    """Whole planning periods that are nearest to a number of weeks, at least one.

    >>> periods_in_weeks(52, 7), periods_in_weeks(52, 30)
    (52, 12)
    """
    return max(1, round(weeks * 7 / period_days))


@step(
    out=(
        "periods_on_sale",
        "observed_periods",
        "censored_periods",
        "demand_rate_units_per_period",
        "demand_sd_units_per_period",
        "recent_rate_units_per_period",
        "adi_periods",
        "cv2",
    ),
    formula="rate = mean, sd = sample deviation of demand over the last 52 weeks on sale; "
    "ADI = observed periods ÷ periods with demand; CV² = (sd ÷ mean)² of the non-zero demands; "
    "where only censored periods had demand, these stand in",
    source="Syntetos, Boylan & Croston, JORS 56 (2005) 495–503",
)
def demand_statistics(
    demand_units: FloatArray, censored: BoolArray, first_period: IntArray, period_days: int
) -> tuple[IntArray, IntArray, IntArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Statistics of demand since launch [(n,) each]; ADI and CV² use uncensored periods.

    An item that sold only in censored periods was never seen whole, but "no demand" would be false: for it the
    estimates of these periods are used.

    >>> demand = np.array([[0.0, 4, 0, 6, 0, 5]])
    >>> result = demand_statistics(demand, np.zeros((1, 6), bool), np.array([0]), 7)
    >>> [float(round(column[0], 4)) for column in result[3:]]
    [2.5, 2.8107, 2.5, 2.0, 0.04]
    """
    return _statistics(
        demand_units,
        censored,
        first_period,
        periods_in_weeks(YEAR_WEEKS, period_days),
        periods_in_weeks(RECENT_WEEKS, period_days),
    )


@kernel
def _sizes(demand: FloatArray, counts: BoolArray) -> tuple[int, float, float]:
    """Number, sum and sum of squares of the demands in the periods that count."""
    events = 0
    total = 0.0
    squares = 0.0
    for t in range(len(demand)):
        if counts[t] and demand[t] > 0:
            events += 1
            total += demand[t]
            squares += demand[t] * demand[t]
    return events, total, squares


@kernel
def _statistics(
    demand: FloatArray, censored: BoolArray, first_period: IntArray, year: int, recent: int
) -> tuple[IntArray, IntArray, IntArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    n, periods = demand.shape
    on_sale = np.zeros(n, np.int64)
    observed = np.zeros(n, np.int64)
    hidden = np.zeros(n, np.int64)
    rate = np.zeros(n)
    sd = np.zeros(n)
    recent_rate = np.zeros(n)
    adi = np.full(n, np.nan)
    cv2 = np.zeros(n)
    for i in range(n):
        if first_period[i] < 0:
            continue
        first = first_period[i]
        on_sale[i] = periods - first
        hidden[i] = censored[i, first:].sum()
        observed[i] = on_sale[i] - hidden[i]
        counted = observed[i]
        events, size_sum, size_square_sum = _sizes(demand[i, first:], ~censored[i, first:])
        if events == 0:
            counted = on_sale[i]
            events, size_sum, size_square_sum = _sizes(demand[i, first:], censored[i, first:])
        if events:
            adi[i] = counted / events
        if events > 1:
            mean_size = size_sum / events
            variance = max(0.0, (size_square_sum - events * mean_size * mean_size) / (events - 1))
            cv2[i] = variance / (mean_size * mean_size)
        start = max(first, periods - year)
        rate[i] = demand[i, start:].mean()
        recent_rate[i] = demand[i, max(first, periods - recent) :].mean()
        count = 0
        total = 0.0
        for t in range(start, periods):
            if not censored[i, t]:
                count += 1
                total += demand[i, t]
        if count > 1:
            mean = total / count
            squares = 0.0
            for t in range(start, periods):
                if not censored[i, t]:
                    squares += (demand[i, t] - mean) ** 2
            sd[i] = np.sqrt(squares / (count - 1))
    return on_sale, observed, hidden, rate, sd, recent_rate, adi, cv2


@step(
    out="pattern",
    formula="smooth: ADI < cut-off and CV² < cut-off; erratic: CV² ≥; intermittent: ADI ≥; lumpy: both ≥",
    source="Syntetos, Boylan & Croston, JORS 56 (2005) 495–503",
    codes={"pattern": PATTERNS},
)
def demand_pattern(adi_periods: FloatArray, cv2: FloatArray, adi_cutoff_periods: float, cv2_cutoff: float) -> CodeArray:
    """Demand pattern [(n,) code of ``PATTERNS``]; a value on a cut-off belongs to the harder class.

    >>> [PATTERNS[c] for c in demand_pattern(np.array([1.0, 1.32, np.nan]), np.array([0.49, 0.1, 0]), 1.32, 0.49)]
    ['erratic', 'intermittent', 'no demand']
    """
    sparse = adi_periods >= adi_cutoff_periods
    variable = cv2 >= cv2_cutoff
    code = 1 + variable.astype(np.int16) + 2 * sparse.astype(np.int16)
    return np.where(np.isnan(adi_periods), 0, code).astype(np.int16)
