"""Which codes are SKUs: those that the ``skus`` table lists or, without it, those that the other tables name.

Shops book postage, fees, vouchers and corrections under codes that look like SKUs. What is listed in ``skus`` is
always a product. Without that table a code is set aside only where little doubt is left:

- words that name no product: POSTAGE, SHIPPING, BANK CHARGES, AMAZONFEE, ADJUST2, GIFT CARD, TEST001 …;
- short book-keeping codes (POST, DOT, M, D, C2 …) in a shop where at least half of the other codes hold a digit;
- other codes of at most six capitals without a digit in a shop of twenty codes or more, nine in ten of which hold
  one. Longer codes of letters, such as a variant DCGSSGIRL, stay products.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

import polars as pl

from skuwise.core.dictionary import fields_of
from skuwise.core.findings import found
from skuwise.dataset.columns import DTYPES
from skuwise.dataset.quarantine import Ledger

#: Columns that name SKUs, by table.
SKU_COLUMNS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("sales", "stock", "supply", "open_orders", "prices", "availability", "receipts"), ("sku_id",)),
    "bundles": ("bundle_sku_id", "component_sku_id"),
}
PREFIXES = {
    "sales": "SAL",
    "stock": "STK",
    "supply": "SUP",
    "open_orders": "ORD",
    "bundles": "BUN",
    "prices": "PRC",
    "availability": "AVL",
    "receipts": "RCP",
}

_WORDS = (
    r"^(?:POSTAGE|SHIPPING|SHIPPING[ _-].*|CARRIAGE|DELIVERY|DELIVERY[ _-](?:FEE|CHARGE|COST)S?|HANDLING|FREIGHT"
    r"|(?:BANK|AMAZON|PAYPAL|STRIPE|MARKETPLACE|SERVICE|HANDLING|DELIVERY|POSTAGE)?[ _-]?(?:FEE|CHARGE)S?"
    r"|DISCOUNT.*|COUPON.*|VOUCHER.*|GIFT[ _-]?(?:CARD|VOUCHER|CERTIFICATE|WRAP).*|GIFT|GIFT_\d+(?:_\d+)?"
    r"|ADJUST(?:MENT)?[ _-]?\d*|MANUAL|ROUNDING|REFUND|DEPOSIT|DONATION|SURCHARGE|TAX|VAT|TIP|INSURANCE"
    r"|SAMPLES?|TEST[ _-]?(?:PRODUCT|ITEM|SKU|ORDER)?[ _-]?\d*)$"
)
_SHORT_CODES = ("POST", "DOT", "M", "D", "S", "B", "C2", "C3", "CRUK", "PADS")


def known_skus(tables: Mapping[str, pl.DataFrame]) -> pl.Series | None:
    """SKUs that the ``skus`` table lists, or None where there is none."""
    listed = tables.get("skus")
    return None if listed is None else listed["sku_id"].unique()


def non_products(codes: pl.Series, *, by_shape: bool = True) -> pl.Series:
    """The codes, of all codes of a shop, that stand for money or corrections rather than products.

    ``by_shape``: judge codes that are on no list by their capitals and digits too.

    >>> non_products(pl.Series(["85048", "79323P", "POST", "M", "AMAZONFEE"])).sort().to_list()
    ['AMAZONFEE', 'M', 'POST']
    >>> non_products(pl.Series(["S", "M", "L"])).to_list()
    []
    """
    plain = codes.str.strip_chars().str.to_uppercase()
    worded = plain.str.contains(_WORDS)
    with_digit = codes.str.contains(r"\d")
    short = plain.is_in(_SHORT_CODES)
    others = with_digit.filter(~worded & ~short)
    share = float(others.mean() or 0.0) if len(others) else 0.0  # type: ignore[arg-type]
    aside = worded
    if share >= 0.5:
        aside = aside | short
    if by_shape and share >= 0.9 and len(codes) >= 20:
        aside = aside | codes.str.contains(r"^[A-Z]{1,6}$")
    return codes.filter(aside)


def keep_known_skus(tables: dict[str, pl.DataFrame], ledger: Ledger) -> dict[str, pl.DataFrame]:
    """Refuse lines whose code is no product or not in the catalogue; derive the catalogue where none was given."""
    listed = known_skus(tables)
    if listed is not None:
        return {
            name: _keep_listed(name, frame, listed, ledger) if name in SKU_COLUMNS else frame
            for name, frame in tables.items()
        }
    named = [frame[column].unique() for name, frame in tables.items() for column in SKU_COLUMNS.get(name, ())]
    if not named:
        return tables
    codes = pl.concat([column.alias("sku_id") for column in named]).unique().drop_nulls().sort()
    aside = non_products(codes)
    kept = {
        name: _drop_non_products(name, frame, aside, ledger) if len(aside) and name in SKU_COLUMNS else frame
        for name, frame in tables.items()
    }
    products = codes.filter(~codes.is_in(aside.implode()))
    ledger.say(
        found(
            "DAT-CATALOGUE-DERIVED",
            f"there is no skus table: the {len(products):,} SKUs that the other tables name are taken as the catalogue",
            table="skus",
            count=len(products),
        )
    )
    _tell_case(products, ledger)
    return {**kept, "skus": _derived(products)}


def _keep_listed(name: str, frame: pl.DataFrame, listed: pl.Series, ledger: Ledger) -> pl.DataFrame:
    for column in SKU_COLUMNS[name]:
        codes = frame[column].unique()
        unknown = codes.filter(~codes.is_in(listed.implode()))
        if unknown.is_empty():
            continue
        # What is on no list is simply unknown here: it may be a product that the catalogue lacks.
        aside = non_products(pl.concat([unknown.alias("sku_id"), listed.alias("sku_id")]).unique(), by_shape=False)
        aside = aside.filter(aside.is_in(unknown.implode()))
        if len(aside):
            frame = _drop_non_products(name, frame, aside, ledger)
        reason = pl.concat_str(
            pl.lit("SKU '"), column, pl.lit("' is not in the skus table"), _hints(unknown, listed, column)
        )
        mask = pl.col(column).is_in(unknown.implode())
        frame = ledger.refuse(name, frame, mask, f"{PREFIXES[name]}-UNKNOWN-SKU", reason)
    return frame


def _hints(unknown: pl.Series, listed: pl.Series, column: str) -> pl.Expr:
    """A near name for the first unknown codes; looking for more of them would take long and help nobody."""
    names = listed.sort().to_list()
    by_lower = {name.lower(): name for name in reversed(names)}
    hints = {}
    for code in unknown.sort().head(20).to_list():
        near = get_close_matches(code.lower(), by_lower, n=1, cutoff=0.85) if len(names) <= 20_000 else []
        exact = by_lower.get(code.lower())
        if exact or near:
            hints[code] = f"; did you mean {exact or by_lower[near[0]]}?"
    return pl.col(column).replace_strict(list(hints), list(hints.values()), default="", return_dtype=pl.String)


def _drop_non_products(name: str, frame: pl.DataFrame, aside: pl.Series, ledger: Ledger) -> pl.DataFrame:
    for column in SKU_COLUMNS[name]:
        reason = pl.format("'{}' is a code for money or corrections and no product", pl.col(column))
        code = "SAL-NOT-A-PRODUCT" if name == "sales" else "DAT-NOT-A-PRODUCT"
        frame = ledger.refuse(name, frame, pl.col(column).is_in(aside.implode()), code, reason)
    return frame


def _tell_case(products: pl.Series, ledger: Ledger) -> None:
    """Codes that differ in their capitals only are probably one SKU."""
    same = products.to_frame("sku").group_by(pl.col("sku").str.to_lowercase().alias("plain")).agg(pl.col("sku").sort())
    same = same.filter(pl.col("sku").list.len() > 1).sort("plain")
    if len(same):
        example = " and ".join(same["sku"][0].to_list())
        told = f"{len(same):,} SKUs are written in two ways, such as {example}: they are planned apart"
        ledger.say(found("DAT-SKU-CASE", told, table="skus", count=len(same)))


def _derived(products: pl.Series) -> pl.DataFrame:
    """A catalogue that knows names of SKUs only."""
    unknown = [
        pl.lit(None, dtype=DTYPES[field.dtype]).alias(name)
        for name, field in fields_of("skus").items()
        if name != "sku_id"
    ]
    place = [pl.lit(0, dtype=pl.Int64).alias("_row"), pl.lit(-1, dtype=pl.Int64).alias("_file_no")]
    return products.to_frame("sku_id").with_columns(*unknown, *place)
