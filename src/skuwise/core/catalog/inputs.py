"""What a plan is made from: arrays over items (a SKU at a location) and periods, sorted by SKU and location.

The shell turns contract tables into these; nothing in the core sees a file or a frame.
"""

from __future__ import annotations

from dataclasses import dataclass

from skuwise.core.arrays import BoolArray, DateArray, Float32Array, FloatArray, IntArray, KeyArray, TextArray
from skuwise.core.findings import Finding
from skuwise.core.periods import PeriodGrid


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
    """The catalogue, one row an item. Missing prices and costs are -1, missing dates NaT."""

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


@dataclass(frozen=True, slots=True)
class History:
    """What was seen, (n, T) each; a table that was not given is a broadcast view that takes no memory.

    ``sales_units`` is net of cancellations and holds bundle sales exploded to components; ``in_stock_share`` is 1
    where nothing is known of a stockout. Promotion units are inside ``sales_units``; ``promotion_share`` is their
    share of the period's units. ``returned_units`` came back to stock but do not undo the demand.
    ``on_hand_units_mean`` is the mean of the stock counts in the period, NaN where nothing was counted.
    """

    grid: PeriodGrid
    sales_units: IntArray
    in_stock_share: Float32Array
    availability_known: BoolArray
    promotion_share: Float32Array
    returned_units: IntArray
    received_units: IntArray
    on_hand_units_mean: Float32Array


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
    """Stock at the as-of day. ``known`` is false where no count exists: then nothing is ordered blindly."""

    on_hand_units: IntArray
    reserved_units: IntArray
    backlog_units: IntArray
    known: BoolArray
    source_row: IntArray


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

    @property
    def grid(self) -> PeriodGrid:
        return self.history.grid
