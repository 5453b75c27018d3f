"""Names and values of columns as a person says them: ``lead_time_days_mean = 28.0`` is "lead time 28 days"."""

from __future__ import annotations

import difflib
import re
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from skuwise.core.dictionary import plan_fields
from skuwise.core.plan import Plan
from skuwise.core.quantities import currency_decimals

#: Columns whose name without its unit would not be what a planner says.
LABELS = {
    "abc_class": "ABC class",
    "xyz_class": "XYZ class",
    "adi_periods": "interval between demands",
    "after_moq_units": "quantity after MOQ",
    "cap_units": "cap",
    "capped_need_units": "need within cap",
    "cover_mean_units": "demand to cover",
    "cover_sd_units": "demand to cover sd",
    "cv": "variation of demand (CV)",
    "cv2": "variation of sizes (CV²)",
    "daily_mean_units": "daily demand",
    "demand_rate_units_per_period": "demand rate",
    "demand_sd_units_per_period": "demand sd",
    "error_sd_units_per_period": "forecast error sd",
    "last_buy": "state of the last buy",
    "lead_mean_units": "lead time demand",
    "lead_sd_units": "lead time demand sd",
    "lead_time_days_assumed": "lead time assumed",
    "lead_time_days_given": "lead time given",
    "lead_time_days_mean": "lead time",
    "lead_time_days_sd": "lead time sd",
    "lead_time_sd_days_given": "lead time sd given",
    "level_units_per_period": "level of demand",
    "lot_units": "lot",
    "lot_days_max": "longest lot",
    "lot_may_exceed_cap": "permission to exceed the cap",
    "max_supply_days": "longest supply",
    "mean_units": "expected demand",
    "moq_units": "MOQ",
    "moq_reason": "what the MOQ did",
    "cap_reason": "what the cap did",
    "multiple_reason": "what the multiple did",
    "need_reason": "why there is a need or none",
    "on_order_in_time_units": "on order in time",
    "order_cost_total_minor": "cost of the order",
    "order_up_to_level_units": "order-up-to level",
    "position_relief_units": "relief by losses",
    "protection_mean_units": "protection demand",
    "protection_sd_units": "protection demand sd",
    "review_mean_units": "review demand",
    "safety_stock_days_max": "longest safety stock",
    "safety_stock_units_min": "least safety stock",
    "stockout_risk_share": "risk of a stockout",
    "as_of_day": "as-of day",
    "due_units": "due",
    "overdue_units": "overdue",
    "awaited_units": "awaited",
    "grid_start_day": "first day of the history",
    "period_days": "planning period",
    "trend_units_per_period": "trend of demand",
    "undershoot_mean_units": "undershoot",
    "undershoot_sd_units": "undershoot sd",
}
#: Words of the rulebook, explained where they are shown.
CHOICES = {
    "fill_rate": "share of the units asked for that the shelf serves",
    "cycle_service_level": "share of the order cycles without a stockout",
    "cost": "holding against shortage, in money",
}
#: Other words by which formulas call a column.
ALIASES = {
    "inventory_position_units": ("position",),
    "position_relief_units": ("relief",),
    "lost_before_receipt_units": ("Lost",),
    "review_mean_units": ("demand of a review period",),
    "order_up_to_level_units": ("order-up-to",),
}
_UNIT_ENDINGS = ("_units_per_period", "_share_per_year", "_units", "_minor", "_periods", "_days", "_share", "_weeks")
_SHOWN_PERIODS = 10
_NEVER_DAYS = 100_000


def label(column: str) -> str:
    """What people call a column.

    >>> label("inventory_position_units"), label("lead_time_days_mean")
    ('inventory position', 'lead time')
    """
    if column in LABELS:
        return LABELS[column]
    for ending in _UNIT_ENDINGS:
        if column.endswith(ending):
            return column.removesuffix(ending).replace("_", " ")
    return column.replace("_", " ")


def number(value: float, decimals: int = 1) -> str:
    """A figure with thousands separators and no more decimals than it needs; small figures keep two digits.

    >>> number(1234.0), number(10.25), number(0.0123)
    ('1,234', '10.2', '0.012')
    """
    if value == round(value):
        return f"{value:,.0f}"
    if abs(value) < 1:
        return f"{value:.2g}"
    return f"{value:,.{decimals}f}"


def counted(value: float, unit: str) -> str:
    """A figure with its unit, in the singular for one.

    >>> counted(1, "units"), counted(28.0, "days")
    ('1 unit', '28 days')
    """
    return f"{number(value)} {unit.removesuffix('s') if value == 1 else unit}"


def money(value_minor: float, currency: str) -> str:
    """Minor currency as people write it.

    >>> money(123450, "USD"), money(1200, "JPY")
    ('USD 1,234.50', 'JPY 1,200')
    """
    decimals = currency_decimals(currency)
    return f"{currency} {value_minor / 10**decimals:,.{decimals}f}"


def texts(plan: Plan, column: str) -> np.ndarray:
    """A text, code or label column as words [(n,) text]."""
    values = np.asarray(plan.columns[column])
    return plan.text(column) if column in plan.labels and values.dtype.kind in "iu" else values


def text_at(plan: Plan, column: str, row: int) -> str:
    """One value of a text, code or label column."""
    value = plan.columns[column][row]
    return plan.labels[column][int(value)] if column in plan.labels and value.dtype.kind in "iu" else str(value)


def in_words(plan: Plan, column: str, value: Any) -> str:
    """One value of a column, or the newest ones of a history, with its unit."""
    if isinstance(value, np.ndarray) and value.ndim == 1:
        return _series_in_words(column, value)
    if column in plan.labels and isinstance(value, int | np.integer):
        return plan.labels[column][int(value)] or "(none)"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, str):
        return str(value) or "(none)"
    if isinstance(value, np.datetime64):
        return "none" if np.isnat(value) else str(value.astype("datetime64[D]"))
    if isinstance(value, float | np.floating) and np.isnan(value):
        return "unknown"
    return _figure_in_words(plan, column, float(value))


def figure(plan: Plan, column: str, value: Any) -> str:
    """A value as it stands inside a formula: without its unit where that is a plain count."""
    return figure_of(in_words(plan, column, value))


def figure_of(words: str) -> str:
    """Words of a value without the unit of a plain count.

    >>> figure_of("1,141 units"), figure_of("23.1 units/day")
    ('1,141', '23.1 units/day')
    """
    for unit in (" units", " unit", " days", " day"):
        words = words.removesuffix(unit)
    return words


def _figure_in_words(plan: Plan, column: str, value: float) -> str:
    field = plan_fields().get(column)
    unit = field.unit if field else ""
    period = "week" if plan.grid.period_days == 7 else f"{plan.grid.period_days}-day period"
    match unit:
        case "minor currency" | "minor currency/unit" | "minor currency/order":
            return "unknown" if value < 0 else money(value, plan.currency)
        case "share":
            return f"{number(100 * value)}%"
        case "share/year":
            return f"{number(100 * value)}% a year"
        case "units/period":
            return f"{number(value)} units/{period}"
        case "minor currency years":
            return f"{money(value, plan.currency)} × years"
        case "turns/year":
            return f"{number(value, 2)} a year"
        case "ratio/year":
            return f"×{number(value, 2)} a year"
        case "ratio" if "_share" in column:
            return f"{number(100 * value)}%"
        case "ratio":
            return f"×{number(value, 2)}"
        case "period":
            return _period_in_words(plan, value)
        case "periods":
            return counted(value, f"{period}s")
        case "days since 1970-01-01":
            return str(np.datetime64(int(value), "D"))
        case "row":
            return f"row {value:.0f}" if value else "none"
        case "":
            return number(value, 2)
    if column.startswith("days_until") and value < 0:
        return "beyond the horizon"
    if column.startswith("days_to") and value > _NEVER_DAYS:
        return "never"
    if column.startswith("weeks_since") and value < 0:
        return "never"
    return counted(value, unit)


def _period_in_words(plan: Plan, value: float) -> str:
    if value < 0:
        return "none"
    start = plan.grid.start + np.timedelta64(int(value) * plan.grid.period_days, "D")
    return f"from {start.astype('datetime64[D]')}"


def _series_in_words(column: str, values: np.ndarray) -> str:
    """The newest periods of a history, the first of a forecast, the range of a season."""
    field = plan_fields().get(column)
    table = field.table if field is not None else "history"
    if table == "season" and len(values):
        low, high = number(values.min(), 2), number(values.max(), 2)
        span = "week" if column == "weekday_index" else "year"
        return "flat" if low == high else f"{low} to {high} over the {span}"
    more = len(values) > _SHOWN_PERIODS
    if table in ("forecast", "due"):
        return " ".join(_short(value) for value in values[:_SHOWN_PERIODS]) + (" …" if more else "")
    shown = " ".join(_short(value) for value in values[-_SHOWN_PERIODS:])
    return f"… {shown}" if more else shown


def _short(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating) and np.isnan(value):
        return "?"
    return number(float(value))


def wrapped(text: str, width: int, first: str = "", then: str = "") -> list[str]:
    """Lines no wider than ``width``; no word is cut, and none is left alone on the last line where that can be helped.

    A no-break space (U+00A0) keeps its two words together and comes out as a plain one.

    >>> wrapped("one two three four", 14)
    ['one two', 'three four']
    """
    narrowest = width - min(16, width // 4)
    best: list[str] = []
    for tried in range(width, narrowest, -1):
        lines = textwrap.wrap(text, tried, initial_indent=first, subsequent_indent=then, break_on_hyphens=False)
        best = best or lines
        if len(lines) != len(best):
            break
        if len(lines) < 2 or " " in lines[-1].strip():
            best = lines
            break
    return [line.replace("\u00a0", " ") for line in best]


def without_names(text: str) -> str:
    """Column names in a text replaced by what people call them.

    >>> without_names("within max_supply_days")
    'within longest supply'
    """
    return re.sub(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b", lambda found: _called(found.group()), text)


def _called(name: str) -> str:
    return label(name) if name in plan_fields() else name


def nearest(name: str, names: Iterable[str], count: int = 3) -> list[str]:
    """The names most like a mistyped one, letter case aside.

    >>> nearest("tee-red-l", ["TEE-RED-M", "MUG-BLUE"])
    ['TEE-RED-M']
    """
    candidates = {candidate.casefold(): candidate for candidate in names}
    wanted = name.casefold()
    if wanted in candidates:
        return [candidates[wanted]]
    holding = sorted((len(key), key) for key in candidates if wanted in key)[:count]
    if holding:
        return [candidates[key] for _, key in holding]
    # Comparing with every name of a large catalogue is slow; those that share a beginning are the likely ones.
    pool = [key for key in candidates if key[:2] == wanted[:2]] or list(candidates)
    close = difflib.get_close_matches(wanted, pool[:20_000], n=4 * count, cutoff=0.5)
    return [candidates[key] for key in sorted(close, key=lambda key: _unlikeness(wanted, key))[:count]]


def _unlikeness(wanted: str, key: str) -> tuple[float, int]:
    """The less alike, the greater; of two equally alike the one with more letters in their places is nearer."""
    in_place = sum(a == b for a, b in zip(wanted, key, strict=False))
    return -difflib.SequenceMatcher(None, key, wanted).ratio(), -in_place


def formula_in_words(formula: str, said: Mapping[str, tuple[str, str]]) -> str:
    """A step's formula with the values put in: ``said`` maps a column to its label and its value in words.

    A column may stand in the formula by its name or by its label; the first mention gets the value.

    >>> said = {"safety_stock_units": ("safety stock", "16.9"), "moq_units": ("MOQ", "24")}
    >>> formula_in_words("⌈protection demand + safety stock⌉ at least moq_units", said)
    '⌈protection demand + safety stock 16.9⌉ at least MOQ 24'
    """
    phrases: dict[str, tuple[str, str]] = {}
    for name, (name_label, value) in said.items():
        for phrase in (name, name_label, *ALIASES.get(name, ())):
            phrases[phrase] = (phrase if phrase in ALIASES.get(name, ()) else name_label, value)
    if not phrases:
        return without_names(formula)
    pattern = "|".join(re.escape(phrase) for phrase in sorted(phrases, key=len, reverse=True))
    valued_of: dict[str, set[str]] = {}

    def put_in(found: re.Match[str]) -> str:
        words, value = phrases[found.group(1)]
        if value in valued_of.get(words, ()):
            return words
        valued_of.setdefault(words, set()).add(value)
        return f"{words} {value}"

    return without_names(re.sub(rf"(?<![\w-])({pattern})(?![\w-])", put_in, formula))
