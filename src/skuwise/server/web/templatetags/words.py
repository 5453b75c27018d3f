"""Figures and states in words: money with its currency, units, shares, days, icons. Used by every template."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from skuwise.core.quantities import currency_decimals

register = template.Library()
NOTHING = "–"
THIN = "\u202f"  # between thousands: a comma means decimals to half the world
MINUTE, HOUR, DAY = 60, 3600, 86_400
BIG = 10_000


@register.filter
def money(minor: int | float | None, currency: str = "USD") -> str:
    """Minor units as an amount with its currency: 123456 → ``1 234.56 USD``; above 10 000 without the decimals."""
    if minor is None:
        return NOTHING
    decimals = currency_decimals(currency)
    amount = minor / 10**decimals
    return f"{_grouped(amount, 0 if abs(amount) >= BIG else decimals)} {currency}".strip()


@register.filter
def units(value: int | float | None, decimals: int = 0) -> str:
    """A quantity with its thousands apart."""
    return NOTHING if value is None else _grouped(float(value), decimals)


@register.filter
def share(value: float | None, decimals: int = 0) -> str:
    """A share of one as per cent."""
    return NOTHING if value is None else f"{_grouped(100 * value, decimals)} %"


@register.filter
def days(value: float | None) -> str:
    """A number of days in words."""
    if value is None:
        return NOTHING
    rounded = round(value)
    return f"{_grouped(rounded, 0)} day{'' if rounded == 1 else 's'}"


@register.filter
def counted(value: int | None, noun: str) -> str:
    """A number with its noun: ``1 SKU``, ``12 SKUs``; ``"entry,entries"`` gives both forms."""
    one, _, many = noun.partition(",")
    count = int(value or 0)
    return f"{_grouped(count, 0)} {one if count == 1 else many or one + 's'}"


@register.filter
def day(value: date | str | None) -> str:
    """A day as ``3 Feb 2026``."""
    if not value:
        return NOTHING
    read = date.fromisoformat(value) if isinstance(value, str) else value
    return f"{read.day} {read:%b %Y}"


@register.filter
def moment(value: datetime | None) -> SafeString | str:
    """How long ago, with the exact time beside it for those who point at it or cannot see."""
    if value is None:
        return NOTHING
    exact = timezone.localtime(value)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', exact.isoformat(), f"{exact:%d %b %Y %H:%M %Z}", _ago(exact)
    )


@register.filter
def plain(value: Any) -> str:
    """A code in words: ``partly_received`` → ``partly received``."""
    return NOTHING if value in (None, "") else str(value).replace("_", " ")


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon; with a label where it stands alone, hidden from readers where words stand beside it."""
    spoken = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    return format_html('<svg class="icon" {}><use href="{}#{}"></use></svg>', spoken, static("vendor/icons.svg"), name)


def _grouped(value: float, decimals: int) -> str:
    return f"{value:,.{decimals}f}".replace(",", THIN)


def _ago(then: datetime) -> str:
    seconds = (timezone.now() - then).total_seconds()
    if abs(seconds) < MINUTE:
        return "just now"
    for size, noun in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if abs(seconds) >= size:
            count = int(abs(seconds) // size)
            words = f"{count} {noun}{'' if count == 1 else 's'}"
            return f"{words} ago" if seconds > 0 else f"in {words}"
    return "just now"
