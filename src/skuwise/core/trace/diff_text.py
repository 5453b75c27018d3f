"""Two plans compared, in words."""

from __future__ import annotations

from skuwise.core.trace.diff import Cause, ItemChange, PlanDiff
from skuwise.core.trace.words import counted, label, money, wrapped

_CAUSES_SHOWN = 4
_ITEMS_LISTED = 5


def render_diff(compared: PlanDiff, *, width: int = 100) -> str:
    """Summary first, then the changes that move the most money, each with its causes."""
    lines = [*_summary(compared), *_causes(compared), *_states(compared)]
    lines += _listed("New in the second plan", compared.added) + _listed("Gone from the second plan", compared.removed)
    if compared.changes:
        shown = len(compared.changes)
        of = "" if shown == compared.changed_count else f" of {compared.changed_count:,}, the dearest first"
        lines += ["", f"Changed orders: {shown}{of}"]
        for change in compared.changes:
            lines += _change(change, compared.currency, width)
    return "\n".join(lines)


def signed(units: int, what: str = "units") -> str:
    """A change with its sign.

    >>> signed(240), signed(-1)
    ('+240 units', '−1 unit')
    """
    return f"{'+' if units > 0 else '−' if units < 0 else '±'}{counted(abs(units), what)}"


def _signed_money(minor: int, currency: str) -> str:
    return f"{'+' if minor > 0 else '−' if minor < 0 else '±'}{money(abs(minor), currency)}"


def _summary(compared: PlanDiff) -> list[str]:
    before, after = compared.before_id[:12], compared.after_id[:12]
    lines = [f"{before} (as of {compared.before_as_of}) → {after} (as of {compared.after_as_of})"]
    if compared.before_id == compared.after_id:
        return [*lines, "The two are the same plan."]
    lines.append(f"They differ in: {', '.join(compared.differs_in) or 'nothing that a plan is made from'}")
    lines.append("")
    share = f"{compared.changed_count:,} of {compared.items_compared:,} items"
    lines.append(f"Order changed for   {share}")
    units = compared.units_after - compared.units_before
    lines.append(f"Units to order      {compared.units_before:,} → {compared.units_after:,} ({signed(units)})")
    cost = compared.cost_after_minor - compared.cost_before_minor
    old, new = money(compared.cost_before_minor, compared.currency), money(compared.cost_after_minor, compared.currency)
    lines.append(f"Cost of the orders  {old} → {new} ({_signed_money(cost, compared.currency)})")
    return lines


def _causes(compared: PlanDiff) -> list[str]:
    if not compared.causes:
        return []
    wide = max(len(name) for name, _, _ in compared.causes)
    lines = ["", "What each cause is worth by itself"]
    for name, items, units in compared.causes:
        lines.append(f"  {name:<{wide}}  {signed(units):>16}  on {counted(items, 'items')}")
    return lines


def _states(compared: PlanDiff) -> list[str]:
    if not compared.state_changes:
        return []
    lines = ["", "Items that changed class"]
    shown = compared.state_changes[: 2 * _ITEMS_LISTED]
    wide = max(len(f"{label(column)} {words}") for column, words, _ in shown)
    for column, words, count in shown:
        told = f"{label(column)} {words}"
        lines.append(f"  {told:<{wide}}  {counted(count, 'items'):>10}")
    if len(compared.state_changes) > len(shown):
        lines.append(f"  … and {counted(len(compared.state_changes) - len(shown), 'more kinds')} of change")
    return lines


def _listed(title: str, items: tuple[tuple[str, str, int], ...]) -> list[str]:
    if not items:
        return []
    lines = ["", f"{title}: {counted(len(items), 'items')}"]
    largest = sorted(items, key=lambda item: -item[2])[:_ITEMS_LISTED]
    lines += [f"  {sku} @ {location}: order {units:,}" for sku, location, units in largest]
    if len(items) > _ITEMS_LISTED:
        lines.append(f"  … and {len(items) - _ITEMS_LISTED:,} more")
    return lines


def _change(change: ItemChange, currency: str, width: int) -> list[str]:
    delta = change.quantity_after_units - change.quantity_before_units
    cost = f", {_signed_money(change.cost_change_minor, currency)}" if change.cost_change_minor else ""
    head = (
        f"{change.sku_id} @ {change.location_id}: order {change.quantity_before_units:,} → "
        f"{change.quantity_after_units:,} ({signed(delta)}{cost})"
    )
    lines = wrapped(head, width, "", "  ")
    told = [_cause(cause) for cause in change.causes[:_CAUSES_SHOWN]]
    if len(change.causes) > _CAUSES_SHOWN:
        rest = change.causes[_CAUSES_SHOWN:]
        told.append(f"{signed(sum(cause.units for cause in rest))}: {counted(len(rest), 'other causes')}")
    if change.together_units:
        told.append(f"{signed(change.together_units)}: only together, rounding to whole orders among it")
    told += list(change.states)
    for line in told:
        lines += wrapped(line, width, "    ", "      ")
    return lines


def _cause(cause: Cause) -> str:
    where = f" ({cause.where})" if cause.where else ""
    return f"{signed(cause.units)}: {cause.words}{where}"
