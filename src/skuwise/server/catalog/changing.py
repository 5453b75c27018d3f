"""Change the catalogue by hand: products, SKUs, suppliers, terms, listings, bundles, prices. Each change is audited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from skuwise.server.accounts.actor import Actor
from skuwise.server.audit.record import Happened, record_all
from skuwise.server.catalog.models import (
    NO_DAY,
    BundleComponent,
    Channel,
    Listing,
    Location,
    Price,
    Product,
    Sku,
    Supplier,
    SupplyTerms,
)
from skuwise.server.errors import NotFoundError, RefusedError

ROWS_MAX = 5_000
_NEVER_GIVEN = ("id", "batch_id")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing in the catalogue: its rows, what names one, and where its brand stands."""

    name: str
    model: type[models.Model]
    key: tuple[str, ...]
    sku_column: str = ""  # the column that names a SKU, whose brand it is of

    @property
    def columns(self) -> list[str]:
        return [field.name for field in self.model._meta.fields if field.name not in _NEVER_GIVEN]


KINDS = {
    kind.name: kind
    for kind in (
        Kind("products", Product, ("product_id",)),
        Kind("skus", Sku, ("sku_id",), "sku_id"),
        Kind("suppliers", Supplier, ("supplier_id",)),
        Kind("supply-terms", SupplyTerms, ("sku_id", "location_id", "supplier_id"), "sku_id"),
        Kind("channels", Channel, ("channel_id",)),
        Kind("locations", Location, ("location_id",)),
        Kind("listings", Listing, ("channel_id", "channel_sku", "valid_from"), "sku_id"),
        Kind("bundles", BundleComponent, ("bundle_sku_id", "component_sku_id", "valid_from"), "bundle_sku_id"),
        Kind("prices", Price, ("sku_id", "channel_id", "valid_from", "kind"), "sku_id"),
    )
}


def put(actor: Actor, name: str, rows: Sequence[Mapping[str, Any]], reason: str = "") -> int:
    """Add rows or change the columns that they name, all of them or none; returns how many were new or differed.

    A row names the key of its kind; columns it does not name stay. Raises ``RefusedError`` ``CAT-ROW`` with every
    problem by row.
    """
    kind = _kind(name)
    if not 1 <= len(rows) <= ROWS_MAX:
        raise RefusedError("CAT-COUNT", f"{len(rows)} rows at once", f"give between 1 and {ROWS_MAX:,}")
    with transaction.atomic():
        brands = _brands(kind, rows)
        happened, problems, touched = [], [], []
        for place, given in enumerate(rows):
            try:
                thing, before = _changed(kind, given)
                _check_brand(actor, kind, thing, brands)
            except ValidationError as error:
                problems.append({"row": place, "what": "; ".join(error.messages)})
                continue
            after = {column: getattr(thing, column) for column in kind.columns}
            if before != after:
                moved = {column: after[column] for column in after if before.get(column) != after[column]}
                thing.batch_id = None  # an import must not take back what a person wrote
                touched.append(thing)
                was = {column: before[column] for column in moved} if before else None
                happened.append(Happened(_named(kind, thing), was, moved, reason, _brand_of(kind, thing, brands)))
        if problems:
            raise RefusedError(
                "CAT-ROW",
                f"row {problems[0]['row']}: {problems[0]['what']}",
                "mend the rows named",
                rows=problems[:100],
            )
        _save(touched)
        if kind.model is BundleComponent:
            _refuse_cycles()
        record_all(actor, f"{kind.model._meta.model_name}.put", kind.model._meta.model_name or "", happened)
    return len(touched)


def remove(actor: Actor, name: str, key: Mapping[str, Any], reason: str = "") -> None:
    """Take a row out of the catalogue."""
    kind = _kind(name)
    with transaction.atomic():
        thing = _found(kind, key)
        if thing is None:
            raise NotFoundError("CAT-UNKNOWN", f"there is no such row in {name}", "look at the list")
        brands = _brands(kind, [{kind.sku_column: getattr(thing, kind.sku_column)}] if kind.sku_column else [])
        _check_brand(actor, kind, thing, brands)
        before = {column: getattr(thing, column) for column in kind.columns}
        happened = Happened(_named(kind, thing), before, None, reason, _brand_of(kind, thing, brands))
        thing.delete()
        record_all(actor, f"{kind.model._meta.model_name}.removed", kind.model._meta.model_name or "", [happened])


def rows_of(actor: Actor, name: str) -> models.QuerySet[Any]:
    """The rows of a kind that the actor may see."""
    kind = _kind(name)
    rows = kind.model._default_manager.all()
    brands, channels = actor.brands(), actor.channels()
    if not actor.may("look"):
        return rows.none()
    if channels is not None and "channel_id" in kind.columns:
        # A blank channel means every one.
        rows = rows.filter(channel_id__in=[*sorted(channels), ""])
    if brands is None or not kind.sku_column:
        return rows
    if kind.model is Sku:
        return rows.filter(brand__in=brands)
    return rows.filter(**{f"{kind.sku_column}__in": Sku.objects.filter(brand__in=brands).values("sku_id")})


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise NotFoundError("CAT-KIND", f"{name!r} is not in the catalogue", f"known are {', '.join(KINDS)}")
    return KINDS[name]


def _changed(kind: Kind, given: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    unknown = [column for column in given if column not in kind.columns]
    if unknown:
        raise ValidationError(f"{unknown[0]!r} is no column; known are {', '.join(kind.columns)}")
    thing = _found(kind, given)
    before = {column: getattr(thing, column) for column in kind.columns} if thing else {}
    thing = thing or kind.model()
    for column, value in given.items():
        field = kind.model._meta.get_field(column)
        stands_open = value is None and not field.null
        blank = NO_DAY if isinstance(field, models.DateField) else field.get_default()
        setattr(thing, column, blank if stands_open else field.to_python(value))
    empty = {field.name for field in kind.model._meta.fields if getattr(thing, field.name) in (None, "")}
    thing.full_clean(exclude=empty, validate_unique=False, validate_constraints=False)
    _check_span(thing)
    return thing, before


def _found(kind: Kind, given: Mapping[str, Any]) -> Any:
    wanted: dict[str, Any] = {}
    for column in kind.key:
        field = kind.model._meta.get_field(column)
        value = given.get(column)
        if value in (None, ""):
            if not field.has_default():
                raise ValidationError(f"{column} is missing")
            value = field.get_default()
        wanted[column] = field.to_python(value)
    return kind.model._default_manager.filter(**wanted).first()


def _check_span(thing: Any) -> None:
    first, last = getattr(thing, "valid_from", None), getattr(thing, "valid_until", None)
    if isinstance(first, date) and isinstance(last, date) and last <= first:
        raise ValidationError(f"it would end on {last}, before it begins on {first}")


def _brands(kind: Kind, rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    names = sorted({str(row.get(kind.sku_column) or "") for row in rows}) if kind.sku_column else []
    found: dict[str, str] = {}
    for start in range(0, len(names), 400):
        part = names[start : start + 400]
        found |= {sku: brand or "" for sku, brand in Sku.objects.filter(sku_id__in=part).values_list("sku_id", "brand")}
    return found


def _brand_of(kind: Kind, thing: Any, brands: Mapping[str, str]) -> str:
    if kind.model is Sku:
        return thing.brand or ""
    return brands.get(getattr(thing, kind.sku_column), "") if kind.sku_column else ""


def _check_brand(actor: Actor, kind: Kind, thing: Any, brands: Mapping[str, str]) -> None:
    """A row about a SKU takes the permission for its brand, as it is and as it would be; others for the whole shop."""
    if not kind.sku_column:
        actor.require_everywhere("import")
        return
    sku = getattr(thing, kind.sku_column)
    if kind.model is not Sku and sku not in brands:
        raise ValidationError(f"there is no SKU {sku!r}")
    for brand in {brands.get(sku), _brand_of(kind, thing, brands)} - {None}:
        actor.require("import", brand=brand or "")


def _save(touched: Sequence[Any]) -> None:
    for thing in touched:
        try:
            thing.save()
        except IntegrityError as error:
            raise RefusedError("CAT-ROW", "two rows name the same thing", "give each once") from error


def _refuse_cycles() -> None:
    """A bundle may not hold itself, by whatever way."""
    holds: dict[str, set[str]] = {}
    for bundle, component in BundleComponent.objects.values_list("bundle_sku_id", "component_sku_id"):
        holds.setdefault(bundle, set()).add(component)
    for bundle in holds:
        seen, ahead = set(), [bundle]
        while ahead:
            for component in holds.get(ahead.pop(), ()):
                if component == bundle:
                    raise RefusedError("CAT-CYCLE", f"bundle {bundle} would hold itself", "leave that component out")
                if component not in seen:
                    seen.add(component)
                    ahead.append(component)


def _named(kind: Kind, thing: Any) -> str:
    return " / ".join(str(getattr(thing, column)) for column in kind.key if getattr(thing, column) not in ("", NO_DAY))
