"""From the names people give their columns to the names of the data dictionary.

A header is matched without regard to case, with spaces, dashes, dots and slashes read as underscores. After the
dictionary's own names the aliases below are tried, in this order of preference: an exact name always wins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches

from skuwise.core.dictionary import fields_of

_SKU = (
    "sku variant_sku lineitem_sku item_sku sku_code sku_number merchant_sku seller_sku msku stockcode stock_code "
    "item_code item_id item variant_id"
)
_ORDER = "order_no order_number order invoice invoice_id invoice_no invoice_number amazon_order_id"
_LOCATION = "location warehouse warehouse_id location_name site fulfillment_center fulfillment_center_id"
_SUPPLIER = "supplier vendor vendor_id supplier_name"
_CHANNEL = "channel sales_channel"
_UNITS = "qty quantity units_sold"

#: Table → field → headers read as that field. A country is never read as a channel.
ALIASES: dict[str, dict[str, str]] = {
    "skus": {
        "sku_id": _SKU,
        "product_id": "product parent_sku handle parent_id",
        "name": "title product_name description sku_name",
        "category": "product_category type product_type department",
        "attributes": "attribute options option_values tags",
        "supplier_id": _SUPPLIER,
        "launch_date": "launched launched_on first_available",
        "end_of_life_date": "end_of_life eol eol_date discontinued_on",
        "successor_sku_id": "successor successor_sku replaced_by",
        "successor_share": "share_to_successor",
    },
    "sales": {
        "date": "day order_date invoicedate invoice_date purchase_date sold_on created_at timestamp datetime",
        "sku_id": _SKU,
        "units": f"{_UNITS} lineitem_quantity quantity_sold sales_units",
        "location_id": _LOCATION,
        "channel_id": _CHANNEL,
        "order_id": _ORDER,
        "line_id": "order_line line line_no line_number order_item_id line_item_id",
        "kind": "line_kind line_type",
        "requested_units": "requested quantity_requested ordered_units",
    },
    "stock": {
        "sku_id": _SKU,
        "on_hand_units": "on_hand quantity_on_hand qty_on_hand stock_on_hand stock qty quantity units",
        "location_id": _LOCATION,
        "date": "day count_date counted_on snapshot_date as_of",
        "reserved_units": "reserved committed allocated quantity_reserved",
        "backlog_units": "backlog backorder backordered backorders",
    },
    "supply": {
        "sku_id": _SKU,
        "location_id": _LOCATION,
        "supplier_id": _SUPPLIER,
        "lead_time_days_mean": "lead_time_days lead_time leadtime_days lead_time_mean_days",
        "lead_time_days_sd": "lead_time_sd lead_time_sd_days lead_time_std_days",
        "moq_units": "moq min_order_qty minimum_order_quantity min_order_quantity",
        "order_multiple_units": "order_multiple case_pack case_size pack_size carton_size multiple",
        "undelivered_share": "never_arrives_share share_never_delivered",
    },
    "open_orders": {
        "order_id": f"po po_id po_number purchase_order {_ORDER}",
        "sku_id": _SKU,
        "units": f"{_UNITS} open_units open_quantity remaining_units",
        "location_id": f"{_LOCATION} ship_to destination",
        "supplier_id": _SUPPLIER,
        "ordered_on": "order_date ordered placed_on po_date",
        "expected_on": "due_date due expected expected_date eta delivery_date",
        "status": "order_status po_status",
    },
    "bundles": {
        "bundle_sku_id": "bundle bundle_sku parent_sku kit_sku",
        "component_sku_id": "component component_sku child_sku",
        "component_units": "component_quantity component_qty qty quantity units",
    },
    "channels": {"channel_id": f"{_CHANNEL} id", "name": "channel_name title", "kind": "type channel_type"},
    "locations": {
        "location_id": "location warehouse warehouse_id id",
        "name": "location_name title",
        "kind": "type location_type",
    },
    "prices": {
        "sku_id": _SKU,
        "valid_from": "from start_date starts_on date",
        "valid_until": "until end_date ends_on",
        "channel_id": _CHANNEL,
        "kind": "type price_type",
    },
    "availability": {
        "sku_id": _SKU,
        "date": "day week_start",
        "in_stock_share": "in_stock available is_in_stock availability",
        "location_id": _LOCATION,
        "days": "number_of_days",
    },
    "receipts": {
        "sku_id": _SKU,
        "received_on": "date received receipt_date received_date delivered_on delivery_date",
        "units": f"{_UNITS} received_units quantity_received",
        "location_id": _LOCATION,
        "order_id": f"po po_id po_number purchase_order {_ORDER}",
        "supplier_id": _SUPPLIER,
        "ordered_on": "order_date po_date",
        "promised_on": "promised promised_date due_date scheduled_on",
        "ordered_units": "units_ordered quantity_ordered ordered_quantity",
    },
}

#: Money may be given in major currency under these names (dictionary name without ``_minor`` first).
MAJOR_ALIASES: dict[str, str] = {
    "unit_price_minor": "unit_price price selling_price variant_price lineitem_price",
    "unit_cost_minor": "unit_cost cost cost_per_item landed_cost",
    "order_cost_minor": "order_cost ordering_cost",
}

#: What ``unique_headers`` appends to a header that stands there twice.
_REPEAT = re.compile(r" \(\d+\)$")


@dataclass(frozen=True, slots=True)
class HeaderMatch:
    """Which column holds which field, and what is left over."""

    columns: dict[str, str]  # field → header as given
    in_major_currency: frozenset[str]  # fields whose column is in major currency
    missing: tuple[str, ...]  # required fields without a column
    twice: tuple[tuple[str, str, str], ...]  # (field, header used, header set aside)
    extra: tuple[str, ...]


def match_headers(table: str, headers: list[str]) -> HeaderMatch:
    """Give each field of a table its column.

    >>> match = match_headers("sales", ["Invoice", "StockCode", "Quantity", "InvoiceDate", "Price", "Country"])
    >>> match.columns["sku_id"], match.columns["unit_price_minor"], match.extra
    ('StockCode', 'Price', ('Country',))
    """
    by_name: dict[str, list[str]] = {}
    for header in headers:
        by_name.setdefault(normal_name(_REPEAT.sub("", header)), []).append(header)
    columns: dict[str, str] = {}
    in_major: set[str] = set()
    twice: list[tuple[str, str, str]] = []
    taken: set[str] = set()
    wanted = fields_of(table)
    # A header that is the dictionary's own name of one field is never an alias of another.
    own_names = set(wanted)
    for name in wanted:
        major = MAJOR_ALIASES.get(name, "").split()
        aliases = [alias for alias in ALIASES.get(table, {}).get(name, "").split() if alias not in own_names]
        for candidate in (name, *aliases, *major):
            for header in by_name.get(candidate, ()):
                if header in taken:
                    continue
                if name not in columns:
                    columns[name] = header
                    taken.add(header)
                    if candidate in major:
                        in_major.add(name)
                elif candidate == normal_name(_REPEAT.sub("", columns[name])):
                    twice.append((name, columns[name], header))
                    taken.add(header)
    missing = tuple(name for name, item in wanted.items() if item.required and name not in columns)
    extra = tuple(header for header in headers if header not in taken)
    return HeaderMatch(columns, frozenset(in_major), missing, tuple(twice), extra)


def known_header_count(table: str, headers: list[str]) -> int:
    """How many of the headers mean something in this table; tells a right delimiter from a wrong one."""
    return len(match_headers(table, headers).columns)


def nearest_header(field: str, table: str, headers: tuple[str, ...]) -> str:
    """The unused header most like a missing field or one of its aliases, or nothing."""
    names = [field, *ALIASES.get(table, {}).get(field, "").split(), *MAJOR_ALIASES.get(field, "").split()]
    by_name = {normal_name(header): header for header in headers}
    for name in names:
        near = get_close_matches(name, list(by_name), n=1, cutoff=0.6)
        if near:
            return by_name[near[0]]
    return ""


def normal_name(header: str) -> str:
    """Lower case with single underscores.

    >>> normal_name(" Variant SKU "), normal_name("lead-time (days)"), normal_name("qty.")
    ('variant_sku', 'lead_time_days', 'qty')
    """
    return re.sub(r"[\W_]+", "_", header.strip().lower()).strip("_")


def unique_headers(headers: list[str]) -> list[str]:
    """Headers as given, made different from each other: blanks are numbered, repeats get ``(2)``."""
    seen: set[str] = set()
    result = []
    for position, given in enumerate(headers, start=1):
        name = given.strip("\ufeff \t\r\n") or f"column {position}"
        copy, number = name, 1
        while copy in seen:
            number += 1
            copy = f"{name} ({number})"
        seen.add(copy)
        result.append(copy)
    return result
