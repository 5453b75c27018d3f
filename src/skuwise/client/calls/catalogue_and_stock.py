"""Catalogue and stock of the Skuwise API. Written by ``skuwise.server.api.client_source``: change that, not this."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict, Unpack

from skuwise.client.connection import Connection, ListQuery, part


class ProductsRow(TypedDict):
    product_id: str
    name: str
    brand: str
    category: str


class ProductsPage(TypedDict):
    rows: list[ProductsRow]
    next_cursor: str
    count: NotRequired[int | None]


class SkusRow(TypedDict):
    sku_id: str
    product_id: str
    name: str | None
    category: str | None
    brand: str | None
    attributes: str | None
    supplier_id: str | None
    criticality: str
    unit_price_minor: int | None
    unit_cost_minor: int | None
    launch_date: str | None
    end_of_life_date: str | None
    successor_sku_id: str | None
    successor_share: float | None
    volume_litres: float | None
    weight_kg: float | None
    barcode: str | None


class SkusPage(TypedDict):
    rows: list[SkusRow]
    next_cursor: str
    count: NotRequired[int | None]


class SuppliersRow(TypedDict):
    supplier_id: str
    name: str
    email: str
    currency: str
    order_value_minor_min: int
    container_volume_litres: float | None
    container_weight_kg: float | None
    payment_days: int | None
    note: str


class SuppliersPage(TypedDict):
    rows: list[SuppliersRow]
    next_cursor: str
    count: NotRequired[int | None]


class SupplyTermsRow(TypedDict):
    sku_id: str
    location_id: str
    supplier_id: str
    lead_time_days_mean: float | None
    lead_time_days_sd: float | None
    moq_units: int
    order_multiple_units: int
    unit_cost_minor: int | None
    order_cost_minor: int
    undelivered_share: float | None


class SupplyTermsPage(TypedDict):
    rows: list[SupplyTermsRow]
    next_cursor: str
    count: NotRequired[int | None]


class ChannelsRow(TypedDict):
    channel_id: str
    name: str | None
    kind: str


class ChannelsPage(TypedDict):
    rows: list[ChannelsRow]
    next_cursor: str
    count: NotRequired[int | None]


class LocationsRow(TypedDict):
    location_id: str
    name: str | None
    kind: str


class LocationsPage(TypedDict):
    rows: list[LocationsRow]
    next_cursor: str
    count: NotRequired[int | None]


class ListingsRow(TypedDict):
    sku_id: str
    channel_id: str
    channel_sku: str
    external_id: str
    gtin: str
    pack_units: int
    valid_from: str
    valid_until: str | None
    active: bool


class ListingsPage(TypedDict):
    rows: list[ListingsRow]
    next_cursor: str
    count: NotRequired[int | None]


class BundlesRow(TypedDict):
    bundle_sku_id: str
    component_sku_id: str
    component_units: int
    valid_from: str
    valid_until: str | None


class BundlesPage(TypedDict):
    rows: list[BundlesRow]
    next_cursor: str
    count: NotRequired[int | None]


class PricesRow(TypedDict):
    sku_id: str
    channel_id: str
    valid_from: str
    valid_until: str | None
    kind: str
    unit_price_minor: int


class PricesPage(TypedDict):
    rows: list[PricesRow]
    next_cursor: str
    count: NotRequired[int | None]


class StockLevelsRow(TypedDict):
    id: int
    sku_id: str
    location_id: str
    state: str
    units: int
    updated_at: str


class StockLevelsPage(TypedDict):
    rows: list[StockLevelsRow]
    next_cursor: str
    count: NotRequired[int | None]


class StockMovementsRow(TypedDict):
    id: int
    day: str
    sku_id: str
    location_id: str
    state: str
    units: int
    kind: str
    reference: str
    actor: str
    reason: str


class StockMovementsPage(TypedDict):
    rows: list[StockMovementsRow]
    next_cursor: str
    count: NotRequired[int | None]


class MoveRow(TypedDict):
    """``key`` names the movement, so that it happens once; with ``to_location_id`` it is a transfer."""

    key: str
    sku_id: str
    location_id: str
    units: int
    reason: str
    state: NotRequired[str]
    to_location_id: NotRequired[str]


class Moves(TypedDict):
    rows: list[MoveRow]


class Changed(TypedDict):
    changed: int


class PutRows(TypedDict):
    """Rows to add or change; each names the key of its kind, and columns that it does not name stay."""

    rows: list[dict[str, Any]]
    reason: NotRequired[str]


class RemoveRow(TypedDict):
    key: dict[str, Any]
    reason: NotRequired[str]


class Place(TypedDict):
    location_id: str
    on_hand: int
    available: int
    committed: int
    backlog: int
    unsellable: int
    inbound_planned: int
    inbound_shipped: int
    inbound_receiving: int


class CatalogueAndStockCalls:
    def __init__(self, connection: Connection) -> None:
        self._ask = connection.ask

    def list_products(self, **query: Unpack[ListQuery]) -> ProductsPage:
        """The products of the catalogue."""
        answer: ProductsPage = self._ask("GET", "/catalogue/products", query=query)
        return answer

    def list_skus(self, **query: Unpack[ListQuery]) -> SkusPage:
        """The skus of the catalogue."""
        answer: SkusPage = self._ask("GET", "/catalogue/skus", query=query)
        return answer

    def list_suppliers(self, **query: Unpack[ListQuery]) -> SuppliersPage:
        """The suppliers of the catalogue."""
        answer: SuppliersPage = self._ask("GET", "/catalogue/suppliers", query=query)
        return answer

    def list_supply_terms(self, **query: Unpack[ListQuery]) -> SupplyTermsPage:
        """The supply terms of the catalogue."""
        answer: SupplyTermsPage = self._ask("GET", "/catalogue/supply-terms", query=query)
        return answer

    def list_channels(self, **query: Unpack[ListQuery]) -> ChannelsPage:
        """The channels of the catalogue."""
        answer: ChannelsPage = self._ask("GET", "/catalogue/channels", query=query)
        return answer

    def list_locations(self, **query: Unpack[ListQuery]) -> LocationsPage:
        """The locations of the catalogue."""
        answer: LocationsPage = self._ask("GET", "/catalogue/locations", query=query)
        return answer

    def list_listings(self, **query: Unpack[ListQuery]) -> ListingsPage:
        """The listings of the catalogue."""
        answer: ListingsPage = self._ask("GET", "/catalogue/listings", query=query)
        return answer

    def list_bundles(self, **query: Unpack[ListQuery]) -> BundlesPage:
        """The bundles of the catalogue."""
        answer: BundlesPage = self._ask("GET", "/catalogue/bundles", query=query)
        return answer

    def list_prices(self, **query: Unpack[ListQuery]) -> PricesPage:
        """The prices of the catalogue."""
        answer: PricesPage = self._ask("GET", "/catalogue/prices", query=query)
        return answer

    def list_stock_levels(self, **query: Unpack[ListQuery]) -> StockLevelsPage:
        """What lies where, by state."""
        answer: StockLevelsPage = self._ask("GET", "/stock/levels", query=query)
        return answer

    def list_stock_movements(self, **query: Unpack[ListQuery]) -> StockMovementsPage:
        """The ledger, the newest first."""
        answer: StockMovementsPage = self._ask("GET", "/stock/movements", query=query)
        return answer

    def post_stock_movements(self, body: Moves) -> Changed:
        """Adjust stock or carry it to another location."""
        answer: Changed = self._ask("POST", "/stock/movements", body=body)
        return answer

    def put_catalogue_rows(self, kind: str, body: PutRows) -> Changed:
        """Add or change rows of the catalogue, all of them or none."""
        answer: Changed = self._ask("PUT", f"/catalogue/{part(kind)}", body=body)
        return answer

    def remove_catalogue_row(self, kind: str, body: RemoveRow) -> Changed:
        """Take a row out of the catalogue."""
        answer: Changed = self._ask("POST", f"/catalogue/{part(kind)}/remove", body=body)
        return answer

    def get_stock_of_sku(self, *, sku_id: str) -> list[Place]:
        """What lies where of one SKU."""
        answer: list[Place] = self._ask("GET", "/stock/places", query={"sku_id": sku_id})
        return answer
