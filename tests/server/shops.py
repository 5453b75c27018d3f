"""Small shops for the server's tests: two brands, one supplier each, a year of steady sales."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from skuwise.server.accounts.actor import SYSTEM, Actor, HeldGrant
from skuwise.server.imports.committing import commit
from skuwise.server.imports.models import ImportBatch
from skuwise.server.imports.staging import stage
from skuwise.server.planning.models import PlanRun
from skuwise.server.planning.run import make_plan

END = date(2026, 3, 2)
SKUS = [
    {"sku_id": "TEE-RED", "name": "Red tee", "brand": "Alder", "category": "Shirts", "unit_price": 20.0},
    {"sku_id": "TEE-BLUE", "name": "Blue tee", "brand": "Alder", "category": "Shirts", "unit_price": 22.0},
    {"sku_id": "CAP-1", "name": "Cap", "brand": "Birch", "category": "Hats", "unit_price": 15.0},
    {"sku_id": "MUG-1", "name": "Mug", "brand": "Birch", "category": "Kitchen", "unit_price": 9.0},
]
PLANNER = Actor("pat", (HeldGrant("planner"),), user_id=None)
BUYER = Actor("bo", (HeldGrant("buyer"),), user_id=None)
APPROVER = Actor("ann", (HeldGrant("approver"),), user_id=None)
VIEWER = Actor("vi", (HeldGrant("viewer"),), user_id=None)
OF_ALDER = Actor("al", (HeldGrant("approver", brand="Alder"),), user_id=None)


def tables(weeks: int = 52) -> dict[str, list[dict[str, Any]]]:
    """The shop's tables: each SKU sells two to five a day at one location; stock for four days is left."""
    sales, stock, supply = [], [], []
    for place, sku in enumerate(SKUS):
        for back in range(1, 7 * weeks + 1):
            day = END - timedelta(days=back)
            sales.append(
                {"date": day, "sku_id": sku["sku_id"], "units": 2 + (back * 7 + place) % 4, "location_id": "MAIN"}
            )
        on_hand = 14 + place
        stock.append(
            {"sku_id": sku["sku_id"], "location_id": "MAIN", "on_hand_units": on_hand, "date": END - timedelta(days=1)}
        )
        supply.append(
            {
                "sku_id": sku["sku_id"],
                "supplier_id": f"SUP-{sku['brand'].upper()}",
                "lead_time_days_mean": 10.0,
                "lead_time_days_sd": 2.0,
                "moq_units": 12,
                "order_multiple_units": 6,
                "unit_cost": 5.0 + place,
            }
        )
    return {"skus": SKUS, "sales": sales, "stock": stock, "supply": supply}


def imported(given: dict[str, Any] | None = None, source: str = "shop") -> ImportBatch:
    """The shop in the database."""
    return commit(SYSTEM, stage(SYSTEM, given or tables(), source).pk)


def planned() -> PlanRun:
    """A plan in force of what is in the database."""
    run = PlanRun.objects.create(requested_by="skuwise")
    return make_plan(SYSTEM, run, lambda _phase, _done, _total: None)
