"""How much of what was there has been sold: three figures that share a name and are not the same.

*Receipt*: of the units bought, the share that sold within 90 days of arriving. *Available*: of the units that could
be sold in the window, the share that was. *Amazon*: units shipped ÷ average units available; it may exceed 1.
"""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray, CodeArray, FloatArray, IntArray, kernel
from skuwise.core.metrics.windows import QUARTER_DAYS, YEAR_DAYS, periods_in, ratio
from skuwise.core.steps import step

BASIS_NAMES = ("no_receipts", "sold_within_90_days", "sold_so_far")
BASIS_WITHIN_90_DAYS = 1


@kernel
def _receipt_cohorts(
    outflow_units: IntArray,
    received_units: IntArray,
    on_hand_units: IntArray,
    stock_known: BoolArray,
    sale_periods: int,
    year_periods: int,
) -> tuple[IntArray, IntArray, CodeArray]:
    """First in, first out, one row an item: the cohort of a period is sold after everything that came before it."""
    rows, periods = received_units.shape
    received = np.zeros(rows, np.int64)
    sold = np.zeros(rows, np.int64)
    basis = np.zeros(rows, np.int16)
    gone = np.zeros(periods, np.int64)  # units out and not come back by the end of each period
    newest_whole = periods - sale_periods  # the youngest cohort that has had its 90 days
    oldest = max(newest_whole - year_periods + 1, 0)
    for row in range(rows):
        net, came, opening = 0, 0, 0
        for period in range(periods):
            net += outflow_units[row, period]
            came += received_units[row, period]
            gone[period] = net
            opening = max(opening, gone[period] - came)
        if stock_known[row]:
            opening = max(opening, on_hand_units[row] + net - came)
        young_received, young_sold = 0, 0
        before = opening
        for period in range(periods):
            units = received_units[row, period]
            if units > 0 and period >= oldest:
                last = min(period + sale_periods, periods) - 1
                out = min(max(gone[last] - before, 0), units)
                if period <= newest_whole:
                    received[row] += units
                    sold[row] += out
                else:
                    young_received += units
                    young_sold += out
            before += units
        if received[row] > 0:
            basis[row] = 1
        elif young_received > 0:
            received[row], sold[row], basis[row] = young_received, young_sold, 2
    return received, sold, basis


@step(
    out=("receipt_cohort_units", "receipt_cohort_sold_units", "sell_through_receipt_basis"),
    formula="FIFO: of the receipts of the 52 weeks that ended 90 days ago; the units sold within 90 days of arriving "
    "(the period of arrival is the first of them); opening stock is sold first; where there are no such receipts: "
    "the younger receipts and what was sold of them so far",
    source="retail sell-through by receipt cohort",
    codes={"sell_through_receipt_basis": BASIS_NAMES},
)
def receipt_cohorts(
    sales_units: IntArray,
    returned_units: IntArray,
    received_units: IntArray,
    on_hand_units: IntArray,
    stock_known: BoolArray,
    period_days: int,
) -> tuple[IntArray, IntArray, CodeArray]:
    """Units received in the cohorts, units of them sold, and which cohorts they are [(n,) each].

    The opening stock is what today's count, the sales and the receipts imply, and at least what the sales needed.
    A unit that came back within the 90 days has not been sold.
    """
    received, sold = np.zeros(len(received_units), np.int64), np.zeros(len(received_units), np.int64)
    basis = np.zeros(len(received_units), np.int16)
    rows = np.flatnonzero((received_units > 0).any(axis=1))
    if rows.size and received_units.shape[1]:
        received[rows], sold[rows], basis[rows] = _receipt_cohorts(
            sales_units[rows] - returned_units[rows],
            received_units[rows],
            on_hand_units[rows],
            stock_known[rows],
            min(periods_in(QUARTER_DAYS, period_days), received_units.shape[1]),
            periods_in(YEAR_DAYS, period_days),
        )
    return received, sold, basis


@step(
    out="sell_through_receipt_share",
    formula="receipt_cohort_sold_units ÷ receipt_cohort_units",
    source="retail sell-through by receipt cohort",
)
def sell_through_receipt_share(receipt_cohort_sold_units: IntArray, receipt_cohort_units: IntArray) -> FloatArray:
    """Share of what was bought that sold in time [(n,) share 0–1]; null where nothing arrived.

    >>> sell_through_receipt_share(np.array([60]), np.array([80])).tolist()
    [0.75]
    """
    return ratio(receipt_cohort_sold_units, receipt_cohort_units)


@step(
    out="units_for_sale_90d",
    formula="on_hand_units + net_units_90d; -1 without a stock count",
    source="opening stock + receipts = what was sold + what is left",
)
def units_for_sale_90d(on_hand_units: IntArray, net_units_90d: IntArray, stock_known: BoolArray) -> IntArray:
    """Opening stock + receipts of the last 90 days [(n,) units], told from their other side.

    What could be sold was either sold or is still there. This needs no count of 90 days ago and no record of
    receipts, and it makes the share stay within 0–1.
    """
    return np.where(stock_known, on_hand_units + net_units_90d, -1)


@step(
    out="sell_through_available_share",
    formula="net_units_90d ÷ units_for_sale_90d",
    source="point-of-sale practice: sold ÷ (opening stock + receipts)",
)
def sell_through_available_share(net_units_90d: IntArray, units_for_sale_90d: IntArray) -> FloatArray:
    """Share of the units that could be sold in the last 90 days that was [(n,) share 0–1].

    Opening stock 40 and receipts 60, of which 75 are sold:

    >>> sell_through_available_share(np.array([75]), np.array([100])).tolist()
    [0.75]
    """
    return ratio(net_units_90d, units_for_sale_90d)


@step(
    out="sell_through_amazon_90d",
    formula="shipped_units_90d ÷ average_on_hand_units_90d",
    source="Amazon Seller Central, inventory performance index",
)
def sell_through_amazon_90d(shipped_units_90d: IntArray, average_on_hand_units_90d: FloatArray) -> FloatArray:
    """Units shipped in 90 days ÷ average units available in them [(n,) ratio]; may exceed 1.

    >>> sell_through_amazon_90d(np.array([70]), np.array([50.0])).tolist()
    [1.4]
    """
    return ratio(shipped_units_90d, average_on_hand_units_90d)
