"""How the demo shop buys: a rule of thumb, suppliers that are late, and the purchase orders that come of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skuwise.demo.assortment import SUPPLIERS
from skuwise.demo.catalogue import Catalogue
from skuwise.demo.demand import Series

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: Days of sales behind the buyer's guess of demand.
LOOK_BACK_DAYS = 56
LONGEST_LEAD_DAYS = 330
#: Fast movers whose last orders are stuck at sea: ordered in the last days before as_of and that much later.
UNLUCKY_ITEMS, UNLUCKY_ORDER_DAYS, UNLUCKY_DELAY_DAYS = 24, 130, 60
SPLIT_DELIVERY_SHARE = 0.08


@dataclass(frozen=True, slots=True)
class PurchaseLines:
    """Deliveries of purchase orders (k,): a split delivery has two rows of one order. Days may lie before day 0."""

    ordered_day: Ints
    item: Ints
    units: Ints
    promised_day: Ints
    arrival_day: Ints


@dataclass(frozen=True, slots=True)
class ItemTerms:
    """What each item (i,) is bought by."""

    supplier: Ints
    lead_time_days_mean: Floats
    moq_units: Ints
    multiple_units: Ints


def item_terms(catalogue: Catalogue, product: Ints, size: Floats) -> ItemTerms:
    """Terms of items (i,) of products; a supplier asks less of a SKU that costs more. ``size`` scales the MOQ (i,)."""
    supplier = catalogue.products.column("supplier")[product]
    multiple = np.array([one.order_multiple_units for one in SUPPLIERS])[supplier]
    moq = np.array([one.moq_units for one in SUPPLIERS])[supplier] * size
    return ItemTerms(
        supplier,
        np.array([one.lead_time_days_mean for one in SUPPLIERS])[supplier],
        np.maximum(np.round(moq / multiple).astype(np.int64), 1) * multiple,
        multiple,
    )


def moq_size_of_products(catalogue: Catalogue) -> Floats:
    """Scale of the MOQ of each product (p,): suppliers ask for fewer of what is dear."""
    price = catalogue.products.column("price_minor") / 100.0
    return np.clip(18.0 / price, 0.12, 1.0)


class Buyer:
    """Places orders once a week per supplier when stock and orders do not cover lead time and a week.

    ``arriving_units`` (d + LONGEST_LEAD_DAYS, i) is what each morning brings.
    """

    def __init__(self, rng: np.random.Generator, catalogue: Catalogue, series: Series, rate: Floats) -> None:
        items = slice(0, series.item_count)
        product = series.product[items]
        count = series.item_count
        self.day_count = len(rate)
        self.terms = item_terms(catalogue, product, moq_size_of_products(catalogue)[product])
        self.launch_day = catalogue.products.column("launch_day")[product]
        self.stop_day = self._last_order_day(rng, catalogue, product)
        self.cover_days = np.clip(rng.lognormal(np.log(30.0), 0.5, count), 10, 150)
        self.safety_factor = rng.uniform(1.05, 1.6, count)
        self.review_weekday = self.terms.supplier % 5
        self.sold = np.zeros((self.day_count, count), dtype=np.int64)
        self.recent = np.zeros(count, dtype=np.int64)
        self.on_order = np.zeros(count, dtype=np.int64)
        self.arriving_units = np.zeros((self.day_count + LONGEST_LEAD_DAYS, count), dtype=np.int64)
        self._rows: list[tuple[Ints, Ints, Ints, Ints, Ints]] = []
        units_per_line = np.array([one.noun.units_per_line_mean for one in catalogue.products])[product]
        daily = rate[:, items] * units_per_line
        fast = np.argsort(-daily[-90:].sum(axis=0), kind="stable")[: UNLUCKY_ITEMS * 4]
        self.is_unlucky = np.isin(np.arange(count), rng.choice(fast, UNLUCKY_ITEMS, replace=False))
        self.opening_units = self._open(rng, daily)
        self._launch(rng, daily)

    def _last_order_day(self, rng: np.random.Generator, catalogue: Catalogue, product: Ints) -> Ints:
        """Orders stop in time for the end of life, unless nobody told the buyer."""
        end = catalogue.products.column("end_day")[product]
        return np.where(rng.random(len(product)) < 0.7, end - 45 - self.terms.lead_time_days_mean, end).astype(np.int64)

    def _open(self, rng: np.random.Generator, daily: Floats) -> Ints:
        """Stock on the first morning: the coming weeks by a rough guess, and a carton of the slow ones at least."""
        guess = daily[:90].mean(axis=0) * (1.4 * self.terms.lead_time_days_mean + self.cover_days)
        units = np.round(guess * rng.lognormal(0.0, 0.35, len(guess))).astype(np.int64)
        return np.where(self.launch_day < 0, np.maximum(units, self.terms.multiple_units), 0)

    def _launch(self, rng: np.random.Generator, daily: Floats) -> None:
        """First delivery of what is launched within the history: a hopeful guess, three days before the launch."""
        item = np.flatnonzero(self.launch_day >= 0)
        seen = np.maximum((daily[:, item] > 0).sum(axis=0), 1)
        mean = daily[:, item].sum(axis=0) / seen
        hope = rng.lognormal(0.25, 0.55, len(item))
        units = self._rounded(item, np.ceil(mean * hope * (self.terms.lead_time_days_mean[item] + 40)).astype(np.int64))
        arrival = np.maximum(self.launch_day[item] - 3, 0)
        ordered = arrival - np.ceil(self.terms.lead_time_days_mean[item]).astype(np.int64)
        self._book(ordered, item, units, arrival, arrival)

    def note_sales(self, day: int, units: Ints) -> None:
        """Remember what left the shelf; arrivals of the day are no longer on order."""
        self.sold[day] = units
        self.recent += units
        if day >= LOOK_BACK_DAYS:
            self.recent -= self.sold[day - LOOK_BACK_DAYS]
        self.on_order -= self.arriving_units[day]

    def place_orders(self, rng: np.random.Generator, day: int, stock: Ints) -> None:
        """Order for the items whose supplier's weekday it is and whose position is low."""
        window = np.clip(day - np.maximum(self.launch_day, 0) + 1, 7, LOOK_BACK_DAYS)
        daily = self.recent / window
        lead = self.terms.lead_time_days_mean
        level = daily * (lead + 7.0) * self.safety_factor
        position = stock + self.on_order
        may_order = (self.review_weekday == day % 7) & (daily > 0) & (day >= self.launch_day) & (day < self.stop_day)
        item = np.flatnonzero(may_order & (position <= level))
        need = np.ceil(level[item] + daily[item] * self.cover_days[item] - position[item]).astype(np.int64)
        units = self._rounded(item, np.maximum(need, 1))
        arrival = day + self._draw_lead_days(rng, item, day)
        promised = day + np.round(lead[item]).astype(np.int64)
        is_split = (rng.random(len(item)) < SPLIT_DELIVERY_SHARE) & (units >= 2 * self.terms.multiple_units[item])
        later = arrival + rng.integers(5, 21, len(item))
        first = np.where(is_split, units * 6 // 10, units)
        ordered = np.full(len(item), day)
        self._book(ordered, item, first, promised, arrival)
        rest = np.flatnonzero(is_split)
        self._book(ordered[rest], item[rest], (units - first)[rest], promised[rest], later[rest])

    def _draw_lead_days(self, rng: np.random.Generator, item: Ints, day: int) -> Ints:
        supplier = self.terms.supplier[item]
        cv = np.array([one.lead_time_cv for one in SUPPLIERS])[supplier]
        late_share = np.array([one.late_share for one in SUPPLIERS])[supplier]
        days = rng.gamma(1.0 / cv**2, self.terms.lead_time_days_mean[item] * cv**2)
        days = np.where(rng.random(len(item)) < late_share, days * rng.uniform(1.4, 2.4, len(item)), days)
        if day >= self.day_count - UNLUCKY_ORDER_DAYS:
            days = days + UNLUCKY_DELAY_DAYS * self.is_unlucky[item]
        return np.clip(np.ceil(days), 2, LONGEST_LEAD_DAYS - 25).astype(np.int64)

    def _rounded(self, item: Ints, need: Ints) -> Ints:
        multiple = self.terms.multiple_units[item]
        return -(-np.maximum(need, self.terms.moq_units[item]) // multiple) * multiple

    def _book(self, ordered: Ints, item: Ints, units: Ints, promised: Ints, arrival: Ints) -> None:
        np.add.at(self.arriving_units, (arrival, item), units)
        np.add.at(self.on_order, item, units)
        self._rows.append((ordered, item, units, promised, arrival))

    def purchases(self) -> PurchaseLines:
        """Every delivery booked, in the order of booking."""
        return PurchaseLines(*(np.concatenate(column) for column in zip(*self._rows, strict=True)))
