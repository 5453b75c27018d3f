"""What a plan is made from: arrays over items (a SKU at a location) and periods, sorted by SKU and location.

The shell turns contract tables into these; nothing in the core sees a file or a frame.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from skuwise.core.arrays import BoolArray, DateArray, Float32Array, FloatArray, IntArray, KeyArray, TextArray
from skuwise.core.findings import Finding
from skuwise.core.periods import PeriodGrid

#: Stands for an unknown day in arrays of day numbers, as ``UNKNOWN`` does for whole numbers that are never negative.
NO_DAY = -(2**31)
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Labels:
    """A text column with few values: ``names[codes]`` is the column; codes follow the sorted names."""

    codes: IntArray
    names: tuple[str, ...]

    def of(self, row: int) -> str:
        return self.names[int(self.codes[row])]


@dataclass(frozen=True, slots=True)
class ItemIndex:
    """Who the rows are. ``item_key`` depends on the two names alone: it seeds what is random for the item."""

    sku_id: TextArray
    location_id: TextArray
    item_key: KeyArray

    def __len__(self) -> int:
        return len(self.sku_id)


@dataclass(frozen=True, slots=True)
class ItemAttributes:
    """The catalogue, one row an item. Missing prices and costs are -1, missing dates NaT. ``attribute_codes`` (n, A)
    are numbers of what else describes an item, such as "colour=red", -1 where it has fewer; None where nothing does."""

    product: Labels
    name: TextArray
    category: Labels
    brand: Labels
    supplier: Labels
    criticality: Labels
    unit_price_minor: IntArray
    launch_date: DateArray
    end_of_life_date: DateArray
    successor_sku_id: TextArray
    is_bundle: BoolArray
    successor_share: FloatArray | None = None
    attribute_codes: IntArray | None = None


@dataclass(frozen=True, slots=True)
class History:
    """What was seen, (n, T) each; a table that was not given is a broadcast view that takes no memory.

    ``sales_units`` is net of cancellations and holds bundle sales exploded to components; ``in_stock_share`` is 1
    where nothing is known of a stockout. Promotion units are inside ``sales_units``; ``promotion_share`` is their
    share of the period's units. ``returned_units`` came back to stock but do not undo the demand.
    ``on_hand_units_mean`` is the mean of the stock counts in the period, NaN where nothing was counted.
    ``paid_price_minor`` is the mean price of a unit sold without promotion, NaN where none is known; None where nothing
    tells of prices.
    """

    grid: PeriodGrid
    sales_units: IntArray
    in_stock_share: Float32Array
    availability_known: BoolArray
    promotion_share: Float32Array
    returned_units: IntArray
    received_units: IntArray
    on_hand_units_mean: Float32Array
    paid_price_minor: Float32Array | None = None


@dataclass(frozen=True, slots=True)
class SupplyTerms:
    """How an item is bought. Where the lead time is unknown both figures are NaN; unknown cost is -1.

    ``undelivered_share`` is the share of orders that never arrive, NaN where nobody says. ``source_row`` is the row of
    the supply table, counted as a spreadsheet counts, or 0.
    """

    lead_time_days_mean: FloatArray
    lead_time_days_sd: FloatArray
    lead_time_observations: IntArray
    moq_units: IntArray
    order_multiple_units: IntArray
    unit_cost_minor: IntArray
    order_cost_minor: IntArray
    undelivered_share: FloatArray
    source_row: IntArray


@dataclass(frozen=True, slots=True)
class StockState:
    """Stock at the as-of day. ``known`` is false where no count exists: then nothing is ordered blindly.

    ``counted_days_ago`` are the days since the newest count, -1 where there is none; None where nobody asks.
    """

    on_hand_units: IntArray
    reserved_units: IntArray
    backlog_units: IntArray
    known: BoolArray
    source_row: IntArray
    counted_days_ago: IntArray | None = None


@dataclass(frozen=True, slots=True)
class OpenOrders:
    """Open order lines, k rows: which item, how many units, in how many days they are due (negative: overdue).

    Rows are sorted by item, then due day. ``ordered_days_ago`` is -1 where the day of the order is unknown.
    ``source_row`` is the row of ``open_orders``, or of ``receipts`` for lines rebuilt in the plan of a past day.
    """

    item: IntArray
    units: IntArray
    due_days: IntArray
    ordered_days_ago: IntArray
    order_id: TextArray
    source_row: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Deliveries:
    """Receipt lines, k rows sorted by the day they were received: what monitoring judges suppliers by.

    Days are numbers counted from 1970-01-01, ``NO_DAY`` where unknown. ``supplier`` is a place in ``suppliers``;
    ``order`` tells lines of one order and item apart from those of another, -1 where the order has no number.
    ``ordered_units`` is what the order line asked for, -1 where the receipt does not say.
    """

    item: IntArray
    supplier: IntArray
    suppliers: tuple[str, ...]
    order: IntArray
    ordered_day: IntArray
    promised_day: IntArray
    received_day: IntArray
    units: IntArray
    ordered_units: IntArray

    def __len__(self) -> int:
        return len(self.item)

    def __eq__(self, other: object) -> bool:
        return _same(self, other)

    # Arrays have no hash: what is compared by their values can have none.
    __hash__ = None  # type: ignore[assignment]

    @property
    def lead_time_days(self) -> IntArray:
        """Days from order to receipt [(k,)]; -1 where the day of the order is unknown."""
        return np.where(self.ordered_day == NO_DAY, UNKNOWN, self.received_day - self.ordered_day)

    def before(self, day: int) -> Deliveries:
        """The lines received before a day: views, no copies."""
        seen = slice(0, int(np.searchsorted(self.received_day, day)))
        return Deliveries(
            self.item[seen],
            self.supplier[seen],
            self.suppliers,
            self.order[seen],
            self.ordered_day[seen],
            self.promised_day[seen],
            self.received_day[seen],
            self.units[seen],
            self.ordered_units[seen],
        )

    @classmethod
    def none(cls) -> Deliveries:
        """No receipt is known."""
        nothing = np.empty(0, np.int64)
        return cls(nothing, nothing, (), nothing, nothing, nothing, nothing, nothing, nothing)


@dataclass(frozen=True, slots=True, eq=False)
class Feeds:
    """What each table brought, day by day: D days that end at the as-of day, (D,) each; empty where it was not given.

    ``sales_rows`` are lines of every kind, ``sales_units`` what was sold before cancellations, ``sales_value_minor``
    the priced part of it. ``stock_rows`` are counts, ``receipt_rows`` arrivals.
    """

    sales_rows: IntArray
    sales_units: IntArray
    sales_value_minor: IntArray
    stock_rows: IntArray
    receipt_rows: IntArray

    def __eq__(self, other: object) -> bool:
        return _same(self, other)

    # Arrays have no hash: what is compared by their values can have none.
    __hash__ = None  # type: ignore[assignment]

    def days(self, cut: slice) -> Feeds:
        """Some of the days: views, no copies."""
        return Feeds(*(getattr(self, name)[cut] for name in Feeds.__slots__))

    @classmethod
    def none(cls) -> Feeds:
        """Nothing is known of the feeds."""
        nothing = np.empty(0, np.int64)
        return cls(nothing, nothing, nothing, nothing, nothing)


def _same(one: Deliveries | Feeds, other: object) -> bool:
    """Whether two tables of arrays are equal in every value."""
    if type(one) is not type(other):
        return False
    return all(np.array_equal(getattr(one, field.name), getattr(other, field.name)) for field in fields(one))


@dataclass(frozen=True, slots=True)
class FillCounts:
    """What customers asked for and got at first attempt over the whole history; zero where it is not recorded.

    Per item (n,): units, order lines, and orders that hold the item. ``orders``/``orders_filled`` count each order
    of the shop once.
    """

    requested_units: IntArray
    shipped_units: IntArray
    lines: IntArray
    lines_filled: IntArray
    item_orders: IntArray
    item_orders_filled: IntArray
    orders: int
    orders_filled: int


@dataclass(frozen=True, slots=True)
class LearnedForecast:
    """Expected demand of the periods ahead (n, H) as a model over all items tells it; NaN where it knows nothing.

    ``model_id`` names the trained model, ``cases`` how many it learned from, ``drivers`` what it looks at most.
    """

    units: FloatArray
    model_id: str
    cases: int
    drivers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanInputs:
    """Everything a plan depends on besides rulebook and seed. Items are sorted by SKU, then location."""

    index: ItemIndex
    attributes: ItemAttributes
    history: History
    supply: SupplyTerms
    stock: StockState
    open_orders: OpenOrders
    fill: FillCounts
    currency: str
    findings: tuple[Finding, ...] = ()
    learned: LearnedForecast | None = None
    deliveries: Deliveries | None = None
    feeds: Feeds | None = None

    @property
    def grid(self) -> PeriodGrid:
        return self.history.grid
