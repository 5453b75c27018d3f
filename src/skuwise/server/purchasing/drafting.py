"""Drafts of purchase orders from the plan in force: its proposals, grouped by supplier and location, each once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from skuwise.server.accounts.actor import Actor
from skuwise.server.audit.record import Happened, record_all
from skuwise.server.catalog.models import Sku, Supplier
from skuwise.server.catalog.shop import locked_settings
from skuwise.server.errors import RefusedError
from skuwise.server.planning.models import PlanItem, PlanRun
from skuwise.server.planning.run import in_force
from skuwise.server.purchasing.models import OrderState, PurchaseOrder, PurchaseOrderBrand, PurchaseOrderLine
from skuwise.server.rules.overrides import proposal_units
from skuwise.server.stock import ledger
from skuwise.server.stock.ledger import Movement
from skuwise.server.stock.models import MovementKind, StockState

NAMES_PER_QUERY = 400
ROWS_MAX = 50_000


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the plan (or a person instead of it) would order of a SKU at a location."""

    sku_id: str
    location_id: str
    supplier_id: str
    brand: str
    name: str
    units: int
    proposed_units: int
    unit_cost_minor: int | None
    expected_on: date | None
    key: str
    reasons: str

    @property
    def value_minor(self) -> int:
        return self.units * (self.unit_cost_minor or 0)


@dataclass(frozen=True, slots=True)
class Group:
    """The proposals of one supplier and location, and what the supplier asks of an order."""

    supplier_id: str
    location_id: str
    proposals: tuple[Proposal, ...]
    order_value_minor_min: int
    container_share: float | None

    @property
    def value_minor(self) -> int:
        return sum(proposal.value_minor for proposal in self.proposals)

    @property
    def expected_on(self) -> date | None:
        return min((one.expected_on for one in self.proposals if one.expected_on), default=None)

    @property
    def missing_minor(self) -> int:
        """What the order lacks of the supplier's minimum."""
        return max(self.order_value_minor_min - self.value_minor, 0)


def open_proposals(
    actor: Actor, run: PlanRun, *, suppliers: Sequence[str] = (), items: Iterable[tuple[str, str]] | None = None
) -> list[Proposal]:
    """What is to be ordered and is in no order yet; of the suppliers or items named, or all that the actor buys."""
    rows = actor.scope(PlanItem.objects.filter(run_id=run.pk), "buy", brand="brand")
    set_units = proposal_units()
    wanted = rows.filter(order_quantity_units__gt=0)
    if suppliers:
        wanted, rows = wanted.filter(supplier_id__in=suppliers), rows.filter(supplier_id__in=suppliers)
    asked = None if items is None else list(dict.fromkeys(items))
    parts = (
        [wanted]
        if asked is None
        else [wanted.filter(sku_id__in=part) for part in _parts(sorted({s for s, _ in asked}))]
    )
    found = {(item.sku_id, item.location_id): item for part in parts for item in part.iterator(chunk_size=5000)}
    for part in _parts(sorted({sku for sku, _ in set_units})):
        found |= {(item.sku_id, item.location_id): item for item in rows.filter(sku_id__in=part)}
    chosen = found.keys() if asked is None else [item for item in asked if item in found]
    proposals = [_proposal(run, found[item], set_units.get(item)) for item in chosen]
    taken = _taken({proposal.key for proposal in proposals})
    return sorted(
        (one for one in proposals if one.units > 0 and one.key not in taken),
        key=lambda one: (one.supplier_id, one.location_id, one.sku_id),
    )


def grouped(proposals: Sequence[Proposal]) -> list[Group]:
    """The proposals by supplier and location, with the supplier's minimum and how full a container is."""
    by_place: dict[tuple[str, str], list[Proposal]] = defaultdict(list)
    for proposal in proposals:
        by_place[proposal.supplier_id, proposal.location_id].append(proposal)
    suppliers = {one.supplier_id: one for one in Supplier.objects.filter(supplier_id__in={s for s, _ in by_place})}
    sizes = _sizes({proposal.sku_id for proposal in proposals})
    return [
        Group(
            supplier_id,
            location_id,
            tuple(some),
            supplier.order_value_minor_min if (supplier := suppliers.get(supplier_id)) else 0,
            _container_share(some, sizes, supplier),
        )
        for (supplier_id, location_id), some in sorted(by_place.items())
    ]


def draft(actor: Actor, proposals: Sequence[Proposal], *, state: str = OrderState.DRAFT) -> list[PurchaseOrder]:
    """Make one draft for each supplier and location, all of them or none; a proposal is ordered once.

    With ``state`` approved the orders are approved by the same action; the actor must be allowed to.
    """
    actor.require("buy")
    if not proposals:
        raise RefusedError("PO-NOTHING", "there is nothing to order", "choose items with a proposed quantity")
    if len(proposals) > ROWS_MAX:
        raise RefusedError("PO-COUNT", f"{len(proposals):,} lines at once", f"choose at most {ROWS_MAX:,}")
    for brand in {proposal.brand for proposal in proposals}:
        actor.require("buy", brand=brand)
        if state == OrderState.APPROVED:
            actor.require("approve", brand=brand)
    with transaction.atomic():
        shop = locked_settings()
        run = in_force()
        taken = _taken({proposal.key for proposal in proposals})
        if taken:
            raise RefusedError(
                "PO-ORDERED-ALREADY", f"{len(taken):,} of these are ordered already", "look at the proposals again",
                proposals=sorted(taken)[:100],
            )  # fmt: skip
        groups = grouped(proposals)
        first = shop.next_order_number
        shop.next_order_number += len(groups)
        shop.save(update_fields=["next_order_number"])
        orders = [_order(actor, run, group, first + place, state) for place, group in enumerate(groups)]
        _refuse_above_limit(orders, shop.order_value_minor_second_approval, state)
        orders = PurchaseOrder.objects.bulk_create(orders, batch_size=NAMES_PER_QUERY)
        _write_lines(orders, groups)
        ledger.post(actor, _planned(orders, groups))
        record_all(
            actor,
            "order.approved" if state == OrderState.APPROVED else "order.drafted",
            "order",
            (Happened(order.number, None, _told(order, group)) for order, group in zip(orders, groups, strict=True)),
        )
    return orders


def _told(order: PurchaseOrder, group: Group) -> dict[str, Any]:
    return {
        "supplier_id": order.supplier_id,
        "lines": {one.sku_id: one.units for one in group.proposals},
        "value_minor": order.value_minor,
        "plan_id": order.plan_id,
    }


def _proposal(run: PlanRun, item: PlanItem, set_units: int | None) -> Proposal:
    return Proposal(
        sku_id=item.sku_id,
        location_id=item.location_id,
        supplier_id=item.supplier_id,
        brand=item.brand,
        name=item.name,
        units=item.order_quantity_units if set_units is None else set_units,
        proposed_units=item.order_quantity_units,
        unit_cost_minor=item.unit_cost_minor,
        expected_on=item.expected_on,
        key=ledger.fitted_key(f"{run.plan_id}:{item.sku_id}:{item.location_id}"),
        reasons=item.reasons,
    )


def _taken(keys: set[str]) -> set[str]:
    lines = PurchaseOrderLine.objects
    return {
        key
        for part in _parts(sorted(keys))
        for key in lines.filter(proposal__in=part).values_list("proposal", flat=True)
    }


def _sizes(skus: set[str]) -> dict[str, tuple[float | None, float | None]]:
    found: dict[str, tuple[float | None, float | None]] = {}
    for part in _parts(sorted(skus)):
        rows = Sku.objects.filter(sku_id__in=part).values_list("sku_id", "volume_litres", "weight_kg")
        found |= {sku: (volume, weight) for sku, volume, weight in rows}
    return found


def _container_share(
    some: Sequence[Proposal], sizes: Mapping[str, tuple[float | None, float | None]], supplier: Supplier | None
) -> float | None:
    """How full the supplier's container is, by volume or weight, whichever is more; None where sizes are not known."""
    if supplier is None:
        return None
    shares = []
    for place, room in enumerate((supplier.container_volume_litres, supplier.container_weight_kg)):
        known = [sizes.get(one.sku_id, (None, None))[place] for one in some]
        if room and all(size is not None for size in known):
            shares.append(sum(one.units * float(size or 0) for one, size in zip(some, known, strict=True)) / room)
    return max(shares) if shares else None


def _order(actor: Actor, run: PlanRun, group: Group, number: int, state: str) -> PurchaseOrder:
    now = timezone.now()
    approved = state == OrderState.APPROVED
    return PurchaseOrder(
        number=f"PO-{number:06d}",
        supplier_id=group.supplier_id,
        location_id=group.location_id,
        currency=run.currency,
        state=state,
        plan_id=run.plan_id,
        expected_on=group.expected_on,
        line_count=len(group.proposals),
        ordered_units=sum(one.units for one in group.proposals),
        value_minor=group.value_minor,
        created_by=actor.name,
        created_at=now,
        approved_by=actor.name if approved else "",
        approved_at=now if approved else None,
    )


def _refuse_above_limit(orders: Sequence[PurchaseOrder], limit: int | None, state: str) -> None:
    above = [order for order in orders if limit is not None and order.value_minor > limit]
    if above and state == OrderState.APPROVED:
        raise RefusedError(
            "PO-SECOND-APPROVER",
            f"{len(above)} of these orders are above the limit for one approval",
            "make drafts and let two people approve them",
            suppliers=[order.supplier_id for order in above[:100]],
        )


def _write_lines(orders: Sequence[PurchaseOrder], groups: Sequence[Group]) -> None:
    PurchaseOrderLine.objects.bulk_create(
        [
            PurchaseOrderLine(
                order=order,
                sku_id=one.sku_id,
                brand=one.brand,
                units=one.units,
                unit_cost_minor=one.unit_cost_minor,
                proposal=one.key,
            )
            for order, group in zip(orders, groups, strict=True)
            for one in group.proposals
        ],
        batch_size=NAMES_PER_QUERY,
    )
    PurchaseOrderBrand.objects.bulk_create(
        [
            PurchaseOrderBrand(order=order, brand=brand)
            for order, group in zip(orders, groups, strict=True)
            for brand in sorted({one.brand for one in group.proposals})
        ],
        batch_size=NAMES_PER_QUERY,
    )


def _planned(orders: Sequence[PurchaseOrder], groups: Sequence[Group]) -> list[Movement]:
    return [
        Movement(
            one.sku_id, order.location_id, StockState.INBOUND_PLANNED, one.units, MovementKind.ORDER,
            ledger.fitted_key(f"po:{order.number}:drafted:{one.sku_id}"), reference=order.number,
        )
        for order, group in zip(orders, groups, strict=True)
        for one in group.proposals
    ]  # fmt: skip


def _parts(names: Sequence[str]) -> list[Sequence[str]]:
    return [names[start : start + NAMES_PER_QUERY] for start in range(0, len(names), NAMES_PER_QUERY)]
