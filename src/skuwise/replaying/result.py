"""What a replay tells: measures in total, by segment and by item, the run of time, bands, and what it cannot judge.

The package is ``skuwise.replaying`` (as ``skuwise.planning`` holds ``skuwise.plan``); the call is
``skuwise.replay(dataset, ...) -> Replay``.

Shapes: K policies in the order of ``Replay.policies``, n judged items sorted by SKU, then location, T judged periods,
G groups of items. Units are int64, money int64 in minor currency, shares 0–1, NaN where a figure cannot be told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from skuwise.core.arrays import BoolArray, DateArray, FloatArray, IntArray, TextArray
from skuwise.core.findings import Finding
from skuwise.core.periods import PeriodGrid
from skuwise.replaying.policies import PolicySpec
from skuwise.simulate.scores import Difference
from skuwise.simulate.shop import UnitCounts


@dataclass(frozen=True, slots=True)
class Measures:
    """What K policies reached in G groups of items, over the judged window: arrays (K, G) unless said otherwise.

    A group is one item, a segment, or all items (G = 1). The same class holds all three.

    Attributes:
        items: items in the group [(G,)].
        items_with_money: of these the ones whose price and unit cost are known or assumed [(G,)]. Money is summed over
            them alone; where there are none it is −1.
        demanded_units: demand that was judged on; the same for every policy.
        demand_estimated_units: the part of it that is an estimate, because the item was out of stock then.
        filled_units: met from stock in the period in which it was asked for.
        lost_units: not met then: lost, or backordered where the rules say that customers wait.
        fill_rate: filled ÷ demanded [share]; NaN without demand.
        lost_margin_minor: lost units × (price − cost), never below 0 an item.
        stock_units_mean: stock at the ends of the periods, mean over the window [units, float].
        capital_minor_mean: the same at unit cost [minor currency, float; −1 unknown].
        turnover_per_year: units that left the shelf in a year ÷ mean stock; NaN where none was ever left.
        weeks_of_supply: mean stock ÷ mean weekly demand; NaN without demand.
        orders_placed: order lines placed.
        ordered_units, received_units: ordered, and arrived (of the opening's orders too).
        never_arrived_units: ordered and never going to arrive.
        in_transit_units: on their way at the end of the window.
        closing_on_hand_units: stock at the end of the window.
        holding_cost_minor: mean stock × unit cost × holding share a year × length of the window.
        order_cost_minor: orders placed × cost of an order line.
        shortage_cost_minor: lost units × what a unit short costs: its margin, unless the rules say otherwise.
        cost_minor: shortage cost + holding cost + order cost.
        cycles: replenishment cycles: from one receipt to the next.
        cycles_with_stockout: of these the ones in which something was missed.
        cycle_service_share: share of the cycles without a stockout; NaN without cycles.
    """

    items: IntArray
    items_with_money: IntArray
    demanded_units: IntArray
    demand_estimated_units: IntArray
    filled_units: IntArray
    lost_units: IntArray
    fill_rate: FloatArray
    lost_margin_minor: IntArray
    stock_units_mean: FloatArray
    capital_minor_mean: FloatArray
    turnover_per_year: FloatArray
    weeks_of_supply: FloatArray
    orders_placed: IntArray
    ordered_units: IntArray
    received_units: IntArray
    never_arrived_units: IntArray
    in_transit_units: IntArray
    closing_on_hand_units: IntArray
    holding_cost_minor: IntArray
    order_cost_minor: IntArray
    shortage_cost_minor: IntArray
    cost_minor: IntArray
    cycles: IntArray
    cycles_with_stockout: IntArray
    cycle_service_share: FloatArray


@dataclass(frozen=True, slots=True)
class Segment:
    """One way to divide the items, as they stood at the start of the window.

    ``by`` is the column: abc_class, pattern, stage, category or supplier_id. ``names`` (G) name the groups that
    have items, in the order of the codes; ``group`` (n,) is the group of each item.
    """

    by: str
    names: tuple[str, ...]
    group: IntArray
    measures: Measures


@dataclass(frozen=True, slots=True)
class RunOfTime:
    """All items together, period by period.

    ``starts`` (T,) first day of each period; ``demand_units`` (T,) what was judged on, ``demand_estimated_units`` (T,)
    the estimated part. (K, T): ``on_hand_units`` at the end of the period, ``capital_minor`` the same at unit cost
    (items with known cost), ``lost_units``, ``ordered_units``, ``received_units``.
    """

    starts: DateArray
    demand_units: IntArray
    demand_estimated_units: IntArray
    on_hand_units: IntArray
    capital_minor: IntArray
    lost_units: IntArray
    ordered_units: IntArray
    received_units: IntArray


@dataclass(frozen=True, slots=True)
class Comparison:
    """One policy against the reference: policy − reference, with 95% bootstrap bands over items.

    ``cost`` and ``capital`` are means an item in major currency over the whole window (None where money is unknown),
    ``stock`` mean units an item, ``fill_rate`` of all units together [share]. ``sentences`` says each of them in words,
    with whether the difference is real.
    """

    policy: str
    reference: str
    fill_rate: Difference
    stock: Difference
    cost: Difference | None
    capital: Difference | None
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AsItWas:
    """What was really done, for the items whose stockouts and stock counts are known, beside the policies on the same.

    ``rows`` (m,) are these items among the n. ``names`` is "as it was" and then the K policies, ``total`` (1 + K, 1)
    their measures over these items alone, ``items`` (1, m) those of what was done. ``comparisons`` set each policy
    against what was done. Orders and cycles are told from receipts where there are any, else they are −1 and NaN;
    stock is the mean of the counts.
    """

    rows: IntArray
    names: tuple[str, ...]
    total: Measures
    items: Measures
    comparisons: tuple[Comparison, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """Who the n items are, and what they are judged with [(n,) each].

    ``unit_price_minor`` and ``unit_cost_minor`` are as used, assumptions included; −1 unknown. ``money_known`` says
    where lost margin and holding cost can be told. ``holding_minor_per_period`` is the cost of holding a unit for a
    period [minor currency, float]. ``opening_source`` names where the opening stock comes from: an index into
    ``OPENING_SOURCES``. ``lead_time_source`` likewise into ``LEAD_TIME_SOURCES``.
    """

    sku_id: TextArray
    location_id: TextArray
    unit_price_minor: IntArray
    unit_cost_minor: IntArray
    money_known: BoolArray
    holding_minor_per_period: FloatArray
    opening_source: IntArray
    lead_time_source: IntArray

    def __len__(self) -> int:
        return len(self.sku_id)


OPENING_SOURCES = ("stock count of the day", "warm-up by weeks of cover")
LEAD_TIME_SOURCES = ("its receipts", "its supplier's receipts", "mean and deviation of its terms", "assumed by rule")


@dataclass(frozen=True, slots=True)
class Replay:
    """The whole result.

    ``grid.as_of`` is the first day after the window, ``grid.start`` its first day, ``grid.period_count`` = T.
    ``reference`` is the policy that the others are compared with. ``as_it_was`` is None where it is not known, and then
    ``as_it_was_absent`` says why. ``sequence_of_events`` and ``assumptions`` (sentences: opening, lead times, what was
    known when) tell how it was lived; ``cannot_judge`` (sentences) and ``findings`` what it cannot say.
    ``audited_periods`` is how many SKU-periods × policies the auditor re-counted (0: switched off). ``seconds`` are by
    phase. ``demand_units`` (n, T) was judged on; ``counts`` (K, n, T) is kept where asked for (``keep_periods=True``).
    ``stage_moves`` (K, n) tells how often an item's stage in force changed from one period to the next,
    ``automatic_changes`` (K, n) how many rules the loop of a policy changed by itself.
    """

    grid: PeriodGrid
    currency: str
    seed: int
    policies: tuple[PolicySpec, ...]
    reference: str
    judged: Judged
    total: Measures
    segments: tuple[Segment, ...]
    items: Measures
    run_of_time: RunOfTime
    comparisons: tuple[Comparison, ...]
    as_it_was: AsItWas | None
    as_it_was_absent: str
    sequence_of_events: str
    assumptions: tuple[str, ...]
    cannot_judge: tuple[str, ...]
    findings: tuple[Finding, ...]
    audited_periods: int
    seconds: Mapping[str, float]
    demand_units: IntArray
    stage_moves: IntArray
    automatic_changes: IntArray
    counts: UnitCounts | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the K policies, in the order of every (K, ...) array."""
        return tuple(spec.name for spec in self.policies)

    @property
    def start(self) -> np.datetime64:
        return self.grid.start

    @property
    def demand_estimated_share(self) -> float:
        """Share of the judged demand that is an estimate; NaN without demand."""
        demand = int(self.total.demanded_units[0, 0])
        return int(self.total.demand_estimated_units[0, 0]) / demand if demand else float("nan")

    def segment(self, by: str) -> Segment:
        """The segment of that column.

        Raises:
            KeyError: the replay was not divided so.
        """
        for segment in self.segments:
            if segment.by == by:
                return segment
        raise KeyError(f"no segment {by!r}: one of {', '.join(segment.by for segment in self.segments)}")
