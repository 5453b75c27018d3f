"""What a replay says, in plain words: who would have lost less, with how much stock, and whether that may be luck."""

from __future__ import annotations

import math
from dataclasses import dataclass

from skuwise.core.quantities import currency_decimals
from skuwise.core.trace.words import counted, number
from skuwise.replaying.result import Comparison, Measures, Replay
from skuwise.simulate.scores import FEWEST_ITEMS, Difference

UNKNOWN = "not known"
#: Shares closer than this are told as equal.
_ALIKE = 0.005


@dataclass(frozen=True, slots=True)
class Verdict:
    """``short`` for a table; ``luck`` says whether it may be luck, ``told`` the difference, ``band`` how sure it is.

    ``tone`` is good, bad or empty.
    """

    short: str
    luck: str
    told: str = ""
    band: str = ""
    tone: str = ""

    @property
    def sentence(self) -> str:
        return sentence(f"{self.luck}: {self.told}; {self.band}." if self.told else f"{self.luck}.")


def called(name: str) -> str:
    """A policy as it stands in a sentence: the product's name is a name.

    >>> called("skuwise"), called("skuwise careful"), called("min/max")
    ('Skuwise', 'Skuwise careful', 'min/max')
    """
    return f"S{name[1:]}" if name.startswith("skuwise") else name


def grouped_by(column: str) -> str:
    """What the groups of a segment are called.

    >>> grouped_by("abc_class"), grouped_by("category")
    ('ABC class', 'category')
    """
    names = {"abc_class": "ABC class", "supplier_id": "supplier", "stage": "life stage", "pattern": "demand pattern"}
    return names.get(column, column.replace("_", " "))


def _subject(name: str) -> str:
    """A policy as the one who does something."""
    return sentence({"chosen": "the chosen settings"}.get(name) or called(name))


def sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def amount(value: float, currency: str) -> str:
    """Money in major currency, without cents where they do not matter.

    >>> amount(1234.56, "USD"), amount(12.5, "USD"), amount(-3, "JPY")
    ('USD 1,235', 'USD 12.50', '−JPY 3')
    """
    decimals = currency_decimals(currency) if abs(value) < 1000 else 0
    return f"{'−' if value < 0 else ''}{currency} {abs(value):,.{decimals}f}"


def amount_minor(value: float, currency: str) -> str:
    """The same from minor currency; −1 and NaN say that it is not known."""
    if math.isnan(value) or value == -1:
        return UNKNOWN
    return amount(value / 10 ** currency_decimals(currency), currency)


def share(value: float, decimals: int = 1) -> str:
    return UNKNOWN if math.isnan(value) else f"{100 * value:.{decimals}f}%".replace("-", "−")


def figure(value: float, decimals: int = 1) -> str:
    """A figure with the decimals that matter.

    >>> figure(4709.13), figure(9.734, 2), figure(float("nan"))
    ('4,709', '9.73', 'not known')
    """
    if math.isnan(value):
        return UNKNOWN
    return (f"{value:,.0f}" if abs(value) >= 1000 else number(value, decimals)).replace("-", "−")


def count(value: float) -> str:
    return UNKNOWN if math.isnan(value) or value < 0 else f"{value:,.0f}"


def headline_policy(replay: Replay) -> int:
    """The policy that the report is about: the first of Skuwise's, else the first that is not the reference.

    It is not the one that came out best: picking the winner after the race would flatter it.
    """
    others = [place for place, name in enumerate(replay.names) if name != replay.reference]
    ours = [place for place in others if replay.policies[place].kind == "skuwise"]
    return (ours or others or [0])[0]


def reference_policy(replay: Replay) -> int:
    return replay.names.index(replay.reference)


def comparison_of(replay: Replay, policy: str) -> Comparison | None:
    return next((one for one in replay.comparisons if one.policy == policy), None)


def money_known(measures: Measures) -> bool:
    return bool((measures.cost_minor >= 0).all()) and bool((measures.items_with_money > 0).any())


def headline(replay: Replay) -> str:
    """One sentence: what the policy would have lost, with how much stock, beside the reference."""
    ours, base = headline_policy(replay), reference_policy(replay)
    total = replay.total
    name = _subject(replay.names[ours])
    if ours == base:
        return f"{name} would have served {share(float(total.fill_rate[ours, 0]))} of the units asked for."
    stock = total.capital_minor_mean if _capital_known(total) else total.stock_units_mean
    held = _change(float(stock[ours, 0]), float(stock[base, 0]), "less", "more")
    kept = "capital in stock" if _capital_known(total) else "stock"
    if money_known(total):
        lost = _change(float(total.lost_margin_minor[ours, 0]), float(total.lost_margin_minor[base, 0]), "less", "more")
        what = "margin"
    else:
        lost = _change(float(total.lost_units[ours, 0]), float(total.lost_units[base, 0]), "fewer", "more")
        what = "units of demand"
    return f"{name} would have lost {_put(lost, what)} {_than(lost)}{_the(replay.reference)}, with {_put(held, kept)}."


def _capital_known(total: Measures) -> bool:
    return bool((total.capital_minor_mean >= 0).all())


def _the(name: str) -> str:
    if name == "default":
        return "the settings as they are"
    return called(name) if name.startswith("skuwise") else f"the policy “{name}”"


def _put(change: str, what: str) -> str:
    return f"as many {what}" if change == "as much" and what.startswith("units") else f"{change} {what}"


def _than(change: str) -> str:
    return "as " if change == "as much" else "than "


def _change(new: float, old: float, below: str, above: str) -> str:
    """How a figure differs from another: "31% less", "as much", "3.2 times as much more"."""
    if old <= 0:
        return "as much" if new <= 0 else above
    ratio = new / old
    if abs(ratio - 1) < _ALIKE:
        return "as much"
    if ratio < 1:
        return f"{100 * (1 - ratio):.0f}% {below}"
    return f"{100 * (ratio - 1):.0f}% {above}" if ratio < 3 else f"{ratio:.1f} times as much, so {above}"


def verdict(comparison: Comparison, currency: str) -> Verdict:
    """Is it better, and is that luck? Judged on cost; on the fill rate where money is not known."""
    if comparison.cost is not None and not math.isnan(comparison.cost.mean):
        return _verdict_on_cost(comparison.cost, currency)
    return _verdict_on_fill_rate(comparison.fill_rate)


def _verdict_on_cost(cost: Difference, currency: str) -> Verdict:
    if cost.items < FEWEST_ITEMS:
        return _too_few(cost.items)
    whole, low, high = (value * cost.items for value in (cost.mean, cost.low, cost.high))
    told = f"being short, holding stock and placing orders together cost {amount(abs(whole), currency)} {_less(whole)}"
    near, far = sorted((abs(low), abs(high)))
    if low <= 0 <= high:
        band = f"goes from {amount(-low, currency)} less to {amount(high, currency)} more"
    else:
        band = f"is {amount(near, currency)} to {amount(far, currency)} {_less(whole)}"
    band = f"the {_confidence(cost)} band {band}"
    if not cost.real:
        return Verdict("cannot be told apart", "that may be luck", told, band)
    if cost.mean < 0:
        return Verdict("better, and no luck", "that is no luck", told, band, "good")
    return Verdict("worse, and no luck", "that is worse, and no bad luck", told, band, "bad")


def _verdict_on_fill_rate(rate: Difference) -> Verdict:
    if rate.items < FEWEST_ITEMS:
        return _too_few(rate.items)
    if math.isnan(rate.mean):
        return Verdict("nothing was asked for", "nothing was asked for, so service cannot be judged")
    told = f"the share of demand served is {abs(100 * rate.mean):.1f} points {'higher' if rate.mean > 0 else 'lower'}"
    band = f"the {_confidence(rate)} band is {points_of(rate.low)} to {points_of(rate.high)}"
    if not rate.real:
        return Verdict("cannot be told apart", "that may be luck", told, band)
    if rate.mean > 0:
        return Verdict("serves more, and no luck", "in service that is no luck", told, band)
    return Verdict("serves less, and no luck", "in service that is worse, and no bad luck", told, band)


def _too_few(items: int) -> Verdict:
    found = f"{counted(items, 'items')} {'is' if items == 1 else 'are'}"
    why = f"{found} too few to tell luck from skill: the figures tell what happened and prove nothing"
    return Verdict("too few items to tell", why)


def beside_what_was_done(replay: Replay) -> str:
    """The verdict on the report's policy beside what was really done; empty where that is not known."""
    was, ours = replay.as_it_was, replay.names[headline_policy(replay)]
    compared = next((one for one in was.comparisons if one.policy == ours), None) if was is not None else None
    if was is None or compared is None:
        return ""
    said = verdict(compared, replay.currency)
    known = f"Beside what was really done, as far as that is known ({counted(len(was.rows), 'items')}): "
    return known + (f"{said.told}, and {said.luck}; {said.band}." if said.told else f"{said.luck}.")


def _less(value: float) -> str:
    return "less" if value < 0 else "more"


def _confidence(difference: Difference) -> str:
    return f"{100 * difference.confidence:g}%"


def points_of(value: float) -> str:
    """A difference of shares in percentage points.

    >>> points_of(0.0123), points_of(-0.004)
    ('+1.2 points', '−0.4 points')
    """
    return f"{100 * value:+.1f} points".replace("-", "−")


def banded(difference: Difference | None, told: str, currency: str = "") -> tuple[str, str]:
    """A difference and its band for a table; ``told`` is points, units or money."""
    if difference is None or math.isnan(difference.mean):
        return UNKNOWN, ""

    def said(value: float) -> str:
        if told == "points":
            return f"{100 * value:+.1f}".replace("-", "−")
        if told == "units":
            return f"{value * difference.items:+,.0f}".replace("-", "−")
        plus = "+" if value > 0 else ""
        return plus + amount(value * difference.items, currency)

    band = f"{said(difference.low)} to {said(difference.high)}" if difference.items >= FEWEST_ITEMS else ""
    return said(difference.mean), band
