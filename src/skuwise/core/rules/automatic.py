"""Rules that the system sets by itself: one field of one SKU, from a day on, with the change they come from.

They lie above everything the shop writes in its rulebook and below a person's dated overrides.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from skuwise.core.dictionary import fields_of
from skuwise.core.rules.conditions import AnyOf
from skuwise.core.rules.problems import Problem, RulebookError, UnfitError, suggestion
from skuwise.core.rules.rule import Rule
from skuwise.core.rules.values import NO_DAY, Value, fit_value

AUTHOR = "skuwise"
#: What messages name in the place of a file.
PLACE = "automatic changes"


def automatic_rule(
    sku_id: str,
    location_id: str,
    field: str,
    value: object,
    valid_from: date | np.datetime64,
    valid_until: date | np.datetime64 | None = None,
    reason: str = "",
    change_id: str = "",
) -> Rule:
    """A rule of layer "automatic" for ``Rulebook.with_automatic``.

    A blank ``location_id`` means every location of the SKU. ``value`` is a date (NaT or None where there is none), a
    number, a flag, or the name of a choice. Raises RulebookError where the field is unknown, the value does not fit it,
    the days are not in order, or SKU, reason or change is missing.
    """
    begin, end = _day(valid_from), _day(valid_until)
    try:
        for name, given in (("SKU", sku_id), ("reason", reason), ("change", change_id)):
            if not given:
                raise UnfitError(f"a change of {field} names no {name}", f"Name its {name}")
        if begin is None:
            raise UnfitError(f"change {change_id} has no first day", "Name the day from which it holds")
        if end is not None and end <= begin:
            raise UnfitError(f"change {change_id} from {begin} is not before until {end}", "Let it end after it begins")
        fitted = _fitted(field, value)
    except UnfitError as unfit:
        raise RulebookError([Problem(PLACE, 0, unfit.what, unfit.mend)]) from None
    when = {"sku_id": AnyOf((str(sku_id),))}
    if location_id:
        when["location_id"] = AnyOf((str(location_id),))
    return Rule(
        name=f"{field} of {sku_id}",
        layer="automatic",
        when=when,
        values={field: fitted},
        valid_from=begin,
        valid_until=end,
        reason=reason,
        file=PLACE,
        author=AUTHOR,
        change_id=change_id,
    )


def _fitted(name: str, value: object) -> Value:
    fields = fields_of("rules")
    if name not in fields:
        raise UnfitError(f'unknown field "{name}"', suggestion(name, fields))
    if isinstance(value, np.datetime64):
        plain: object = _day(value)
    else:
        plain = value.item() if isinstance(value, np.generic) else value
    if plain is None and fields[name].dtype == "date":
        plain = NO_DAY
    return fit_value(fields[name], plain)


def _day(day: date | np.datetime64 | None) -> date | None:
    if not isinstance(day, np.datetime64):
        return day
    plain = day.astype("datetime64[D]").item()
    return plain if isinstance(plain, date) else None
