"""Guard-rails from ``[[guard_rail]]`` tables, checked like rules: names, types, units, ranges, with line and mend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skuwise.core.dictionary import Field, fields_of
from skuwise.core.rules.conditions import ASKABLE, Condition, fit_asked
from skuwise.core.rules.guard_rails import STAGE, GuardRail
from skuwise.core.rules.problems import UnfitError, suggestion
from skuwise.core.rules.toml_document import Document
from skuwise.core.rules.toml_lines import Path
from skuwise.core.rules.values import EARLY_FIELDS, Value, fit_value

KEYS = (
    "name",
    "field",
    "automatic",
    "when",
    "change_share_max",
    "value_min",
    "value_max",
    "days_between_changes_min",
    "changes_per_run_max",
    "reason",
)
#: Columns that a guard-rail may ask.
ASKED = (*ASKABLE["segment"], "sku_id")


def _bound(name: str, dtype: str, unit: str, allowed: str) -> Field:
    return Field("guard_rail", name, dtype, unit, False, "", allowed, "", "")


_AUTOMATIC = _bound("automatic", "flag", "", "")
_HOW_OFTEN = {
    "days_between_changes_min": _bound("days_between_changes_min", "float64", "days", "0:3650"),
    "changes_per_run_max": _bound("changes_per_run_max", "int64", "changes", "1:1000000000"),
}
_SHARE = _bound("change_share_max", "float64", "share", "0:10")
_NUMBERS = ("float64", "int64")


def guard_rails_of(document: Document, *, builtin: bool) -> list[GuardRail]:
    """The guard-rails of a document that stand; what is wrong with the others is noted in it."""
    rails: list[GuardRail] = []
    lines: dict[str, int] = {}
    for number, raw in enumerate(document.tables("guard_rail", "guard-rail")):
        rail = _guard_rail(document, ("guard_rail", number), raw, builtin=builtin)
        if rail is None:
            continue
        if rail.name in lines:
            what = f'two guard-rails have the name "{rail.name}"; the other stands in line {lines[rail.name]}'
            document.refuse(("guard_rail", number), what, "Give each guard-rail a name of its own")
        lines.setdefault(rail.name, rail.line)
        rails.append(rail)
    return rails


def _guard_rail(document: Document, path: Path, raw: Mapping[str, Any], *, builtin: bool) -> GuardRail | None:
    """One guard-rail, or None where it has problems (which are noted)."""
    found_before = len(document.problems.found)
    for key in raw:
        if key not in KEYS:
            document.refuse((*path, key), f'unknown key "{key}" of a guard-rail', _key_mend(key))
    texts = {key: document.text((*path, key), raw.get(key, "")) for key in ("name", "field", "reason")}
    if "name" not in raw or not texts["name"]:
        document.refuse((*path, "name"), "the guard-rail has no name", "Write name = and a few words in quotes")
    field = _field(document, path, texts["field"])
    automatic = _automatic(document, path, raw)
    bounds = _bounds(document, path, raw, field)
    if automatic is False and bounds:
        what = f"{', '.join(bounds)} bound{'s' if len(bounds) == 1 else ''} what is not changed by itself"
        document.refuse((*path, next(iter(bounds))), what, "Write automatic = true, or take the bounds out")
    if {"value_min", "value_max"} <= bounds.keys() and bounds["value_min"] > bounds["value_max"]:
        what = f"value_min {bounds['value_min']:g} lies above value_max {bounds['value_max']:g}"
        document.refuse((*path, "value_max"), what, "Let value_min be at most value_max")
    when = _conditions(document, path, raw.get("when", {}))
    if len(document.problems.found) > found_before:
        return None
    return GuardRail(
        name=texts["name"],
        field=texts["field"],
        automatic=bool(automatic),
        when=when,
        **bounds,
        reason=texts["reason"],
        file=document.problems.file,
        line=document.line(*path),
        builtin=builtin,
    )


def _key_mend(key: str) -> str:
    if key in fields_of("rules"):
        return f'Write field = "{key}"'
    if key in ASKED:
        return f"Write it inside when = {{ {key} = … }}"
    return suggestion(key, KEYS)


def _field(document: Document, path: Path, name: str) -> Field | None:
    """The rule field of a guard-rail; None for the stage and where there is no such field."""
    fields = fields_of("rules")
    if name == STAGE or (name in fields and name not in EARLY_FIELDS):
        return fields.get(name)
    if not name:
        what, mend = "the guard-rail has no field", f'Write field = "{STAGE}" or the name of a rule field'
    elif name in EARLY_FIELDS:
        what, mend = f"{name} is set by people and by undoing", f'Moves of the stage are field = "{STAGE}"'
    elif name in fields_of("settings"):
        what, mend = f"{name} is a setting of the whole shop", "The system changes no settings by itself"
    else:
        what, mend = f'unknown field "{name}"', suggestion(name, [STAGE, *fields])
    document.refuse((*path, "field"), what, mend)
    return None


def _automatic(document: Document, path: Path, raw: Mapping[str, Any]) -> bool | None:
    if "automatic" not in raw:
        mend = "Write automatic = true, or automatic = false where every change is to wait for a person"
        document.refuse((*path, "automatic"), "the guard-rail does not say whether changes are automatic", mend)
        return None
    value = _fitted(document, path, _AUTOMATIC, raw["automatic"])
    return None if value is None else bool(value)


def _bounds(document: Document, path: Path, raw: Mapping[str, Any], field: Field | None) -> dict[str, Any]:
    """The bounds that a guard-rail gives, each fitted."""
    bounds: dict[str, Any] = {}
    for key, described in _HOW_OFTEN.items():
        if key in raw:
            bounds[key] = _fitted(document, path, described, raw[key])
    for key in ("change_share_max", "value_min", "value_max"):
        if key not in raw:
            continue
        if field is None or field.dtype not in _NUMBERS:
            if raw.get("field") in (STAGE, *fields_of("rules")):
                what = f"{key} bounds a number, and {raw['field']} has none"
                document.refuse((*path, key), what, f"Take it out; {' and '.join(_HOW_OFTEN)} are for every field")
            continue
        range_of_field = _bound(key, "float64", field.unit, field.range)
        bounds[key] = _fitted(document, path, _SHARE if key == "change_share_max" else range_of_field, raw[key])
    return {key: value for key, value in bounds.items() if value is not None}


def _fitted(document: Document, path: Path, described: Field, raw: object) -> Value | None:
    try:
        return fit_value(described, raw)
    except UnfitError as unfit:
        document.refuse((*path, described.name), unfit.what, unfit.mend)
        return None


def _conditions(document: Document, path: Path, given: object) -> dict[str, Condition]:
    if not isinstance(given, dict):
        document.refuse((*path, "when"), "when is not a table", 'Write when = { supplier_id = "S1" }')
        return {}
    conditions: dict[str, Condition] = {}
    for column, wanted in given.items():
        try:
            if column not in ASKED:
                raise UnfitError(f'a guard-rail may not ask "{column}"', suggestion(column, ASKED))
            conditions[column] = fit_asked(column, wanted)
        except UnfitError as unfit:
            document.refuse((*path, "when", column), unfit.what, unfit.mend)
    return conditions
