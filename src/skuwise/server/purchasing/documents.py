"""A purchase order on paper: CSV, XLSX, PDF and the text of a mail."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter
from fpdf import FPDF

from skuwise.core.quantities import currency_decimals
from skuwise.server.catalog.models import Sku, Supplier
from skuwise.server.catalog.shop import shop_settings
from skuwise.server.purchasing.models import PurchaseOrder
from skuwise.snapshot.spreadsheet import defuse

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "txt": "text/plain; charset=utf-8",
}
HEADINGS = ("SKU", "Name", "Barcode", "Units", "Unit cost", "Amount")
PDF_WIDTHS_MM = (42, 66, 26, 16, 20, 20)
NAMES_PER_QUERY = 400


def document(order: PurchaseOrder, kind: str) -> bytes:
    """The order as a file of one of ``FORMATS``; quantities are those still wanted of each line."""
    makers: dict[str, Callable[[PurchaseOrder], bytes]] = {"csv": _csv, "xlsx": _xlsx, "pdf": _pdf, "txt": _text}
    return makers[kind](order)


def mail_text(order: PurchaseOrder) -> str:
    """A mail to the supplier that a person can send as it is."""
    supplier = _supplier(order)
    lines = _lines(order)
    told = "\n".join(f"  {units:>8,}  {sku}  {name}".rstrip() for sku, name, _, units, _, _ in lines)
    wanted = f" We need it by {order.expected_on:%d %B %Y}." if order.expected_on else ""
    total = _amount(sum(amount for *_, amount in lines), order.currency)
    return (
        f"Subject: Purchase order {order.number}\n\n"
        f"Hello{f' {supplier.name}' if supplier.name else ''},\n\n"
        f"please deliver the following to {order.location_id}.{wanted}\n\n{told}\n\n"
        f"In all {sum(units for _, _, _, units, _, _ in lines):,} units, {total}.\n\n"
        f"Please confirm the order and the day of delivery.\n\n{shop_settings().name}\n"
    )


def _text(order: PurchaseOrder) -> bytes:
    return mail_text(order).encode()


def _lines(order: PurchaseOrder) -> list[tuple[str, str, str, int, int | None, int]]:
    rows = list(order.lines.order_by("sku_id"))
    named: dict[str, Sku] = {}
    skus = [row.sku_id for row in rows]
    for start in range(0, len(skus), NAMES_PER_QUERY):
        named |= {one.sku_id: one for one in Sku.objects.filter(sku_id__in=skus[start : start + NAMES_PER_QUERY])}
    unknown = Sku()
    told = []
    for row in rows:
        sku = named.get(row.sku_id, unknown)
        units = row.units - row.cancelled_units
        told.append(
            (
                row.sku_id,
                sku.name or "",
                sku.barcode or "",
                units,
                row.unit_cost_minor,
                units * (row.unit_cost_minor or 0),
            )
        )
    return told


def _csv(order: PurchaseOrder) -> bytes:
    digits = currency_decimals(order.currency)
    rows = [
        (order.number, sku, name, barcode, units, None if cost is None else cost / 10**digits, order.currency)
        for sku, name, barcode, units, cost, _ in _lines(order)
    ]
    columns = ["order", "sku", "name", "barcode", "units", "unit_cost", "currency"]
    frame = pl.DataFrame(rows, schema=columns, orient="row", infer_schema_length=None)
    return defuse(frame).write_csv(include_bom=True).encode()


def _xlsx(order: PurchaseOrder) -> bytes:
    digits = currency_decimals(order.currency)
    target = io.BytesIO()
    with xlsxwriter.Workbook(
        target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        bold = book.add_format({"bold": True})
        money = book.add_format({"num_format": "#,##0" + ("." + "0" * digits if digits else "")})
        sheet = book.add_worksheet("Order")
        for row, (label, value) in enumerate(_head(order)):
            sheet.write_string(row, 0, label, bold)
            sheet.write_string(row, 1, value)
        top = len(_head(order)) + 1
        sheet.write_row(top, 0, HEADINGS, bold)
        lines = _lines(order)
        for row, (sku, name, barcode, units, cost, amount) in enumerate(lines, start=top + 1):
            for column, text in enumerate((sku, name, barcode)):
                sheet.write_string(row, column, text)
            sheet.write_number(row, 3, units)
            if cost is not None:
                sheet.write_number(row, 4, cost / 10**digits, money)
                sheet.write_number(row, 5, amount / 10**digits, money)
        last = top + 1 + len(lines)
        sheet.write_string(last, 2, "Total", bold)
        sheet.write_number(last, 3, sum(line[3] for line in lines), bold)
        sheet.write_number(last, 5, sum(line[5] for line in lines) / 10**digits, money)
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 1, 44)
        sheet.set_column(2, 5, 14)
        sheet.freeze_panes(top + 1, 0)
    return target.getvalue()


def _pdf(order: PurchaseOrder) -> bytes:
    page = FPDF(format="A4")
    page.set_auto_page_break(auto=True, margin=15)
    for style, name in (("", "OpenSans-Regular"), ("B", "OpenSans-Bold")):
        page.add_font("body", style, str(_font(name)))
    page.add_page()
    page.set_font("body", "B", 16)
    page.cell(0, 10, f"Purchase order {order.number}", new_x="LMARGIN", new_y="NEXT")
    page.set_font("body", "", 10)
    for label, value in _head(order)[1:]:
        page.cell(40, 6, label)
        page.multi_cell(0, 6, value or "–", new_x="LMARGIN", new_y="NEXT")
    page.ln(4)
    lines = _lines(order)
    page.set_font("body", "", 8)
    with page.table(col_widths=PDF_WIDTHS_MM, text_align=("L", "L", "L", "R", "R", "R"), line_height=5) as table:
        table.row(HEADINGS)
        for sku, name, barcode, units, cost, amount in lines:
            table.row((sku, name, barcode, f"{units:,}", _plain(cost, order.currency), _plain(amount, order.currency)))
        total = _plain(sum(line[5] for line in lines), order.currency)
        table.row(("", "Total", "", f"{sum(line[3] for line in lines):,}", "", total))
    return bytes(page.output())


def _font(name: str) -> Path:
    """The Unicode font that comes with Skuwise's charts."""
    return Path(str(files("ttf_opensans") / "ttf" / f"{name}.ttf"))


def _head(order: PurchaseOrder) -> Sequence[tuple[str, str]]:
    supplier = _supplier(order)
    return (
        ("Purchase order", order.number),
        ("Supplier", " · ".join(part for part in (supplier.name, order.supplier_id) if part)),
        ("Deliver to", order.location_id),
        ("Date", f"{order.approved_at or order.created_at:%d %B %Y}"),
        ("Wanted by", f"{order.expected_on:%d %B %Y}" if order.expected_on else ""),
        ("Currency", order.currency),
        ("From", shop_settings().name),
        ("Note", order.note),
    )


def _supplier(order: PurchaseOrder) -> Supplier:
    return Supplier.objects.filter(supplier_id=order.supplier_id).first() or Supplier(supplier_id=order.supplier_id)


def _plain(minor: Any, currency: str) -> str:
    digits = currency_decimals(currency)
    return "" if minor is None else f"{minor / 10**digits:,.{digits}f}"


def _amount(minor: int, currency: str) -> str:
    return f"{_plain(minor, currency)} {currency}"
