"""The catalogue is changed by hand with its history, and stock moves only with a reason."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from skuwise.server.accounts.actor import SYSTEM, Actor, HeldGrant
from skuwise.server.audit.models import AuditEntry
from skuwise.server.catalog.changing import put, remove, rows_of
from skuwise.server.catalog.models import BundleComponent, Sku
from skuwise.server.catalog.shop import change_settings, shop_settings
from skuwise.server.dataset import shop_dataset
from skuwise.server.errors import ConflictError, NotAllowedError, NotFoundError, RefusedError
from skuwise.server.imports.committing import reverse
from skuwise.server.operations.previews import commit, preview
from skuwise.server.stock import ledger
from skuwise.server.stock.models import StockSnapshot
from skuwise.server.stock.moving import Moved, move, take_daily_snapshot, view
from tests.server.shops import BUYER, OF_ALDER, PLANNER, VIEWER, imported, tables

pytestmark = pytest.mark.django_db
OF_BIRCH = Actor("bea", (HeldGrant("planner", brand="Birch"),))


def test_rows_are_added_and_changed_with_what_changed_in_the_audit() -> None:
    imported()
    assert (
        put(
            PLANNER,
            "skus",
            [{"sku_id": "CAP-1", "name": "Cap, wool"}, {"sku_id": "HAT", "brand": "Birch"}],
            "new season",
        )
        == 2
    )
    assert put(PLANNER, "skus", [{"sku_id": "CAP-1", "name": "Cap, wool"}]) == 0
    entry = AuditEntry.objects.filter(subject_id="CAP-1").last()
    assert (entry.before, entry.after, entry.reason, entry.brand) == (
        {"name": "Cap"},
        {"name": "Cap, wool"},
        "new season",
        "Birch",
    )
    assert Sku.objects.get(sku_id="CAP-1").category == "Hats"


def test_what_a_person_wrote_is_not_taken_back_by_an_import() -> None:
    batch = imported()
    put(PLANNER, "skus", [{"sku_id": "CAP-1", "name": "Cap, wool"}])
    with pytest.raises(RefusedError, match="changed after import"):
        reverse(SYSTEM, batch.pk, "wrong")


def test_every_wrong_row_is_named_and_nothing_is_written() -> None:
    imported()
    rows = [
        {"sku_id": "HAT"},
        {"name": "no key"},
        {"sku_id": "X", "colour": "red"},
        {"sku_id": "Y", "launch_date": "soon"},
        {"sku_id": "Z" * 300},
    ]
    with pytest.raises(RefusedError) as refused:
        put(PLANNER, "skus", rows)
    assert [one["row"] for one in refused.value.details["rows"]] == [1, 2, 3, 4]
    assert not Sku.objects.filter(sku_id="HAT").exists()


def test_bundles_have_their_days_and_never_hold_themselves() -> None:
    imported()
    row = {"bundle_sku_id": "MUG-1", "component_sku_id": "CAP-1", "component_units": 2}
    put(PLANNER, "bundles", [row, row | {"valid_from": "2026-05-01", "component_units": 3}])
    assert BundleComponent.objects.count() == 2
    with pytest.raises(RefusedError, match="hold itself"):
        put(PLANNER, "bundles", [{"bundle_sku_id": "CAP-1", "component_sku_id": "MUG-1", "component_units": 1}])
    with pytest.raises(RefusedError, match="before it begins"):
        put(PLANNER, "bundles", [row | {"valid_from": "2026-05-01", "valid_until": "2026-04-01"}])
    remove(PLANNER, "bundles", {"bundle_sku_id": "MUG-1", "component_sku_id": "CAP-1"}, "no longer sold")
    assert [str(one.valid_from) for one in BundleComponent.objects.all()] == ["2026-05-01"]
    told = shop_dataset().table("bundles")
    assert told.select("bundle_sku_id", "component_units", "valid_from").rows() == [("MUG-1", 3, date(2026, 5, 1))]


def test_a_person_changes_only_their_brands_and_sees_only_them() -> None:
    imported()
    assert put(OF_BIRCH, "skus", [{"sku_id": "CAP-1", "name": "Cap!"}]) == 1
    for rows in ([{"sku_id": "TEE-RED", "name": "x"}], [{"sku_id": "CAP-1", "brand": "Alder"}]):
        with pytest.raises(NotAllowedError):
            put(OF_BIRCH, "skus", rows)
    with pytest.raises(NotAllowedError):
        put(OF_BIRCH, "suppliers", [{"supplier_id": "S"}])
    with pytest.raises(NotAllowedError):
        put(VIEWER, "skus", [{"sku_id": "CAP-1", "name": "x"}])
    assert sorted(rows_of(OF_ALDER, "skus").values_list("sku_id", flat=True)) == ["TEE-BLUE", "TEE-RED"]
    assert {row.sku_id for row in rows_of(OF_ALDER, "supply-terms")} == {"TEE-BLUE", "TEE-RED"}
    listing = {"sku_id": "CAP-1", "external_id": "B000", "pack_units": 2}
    put(PLANNER, "channels", [{"channel_id": "web"}, {"channel_id": "amazon"}])
    put(PLANNER, "listings", [listing | {"channel_id": one, "channel_sku": f"{one}-cap"} for one in ("web", "amazon")])
    of_web = Actor("wes", (HeldGrant("viewer", channel_id="web"),))
    assert [row.channel_sku for row in rows_of(of_web, "listings")] == ["web-cap"]
    assert [row.channel_id for row in rows_of(of_web, "channels")] == ["web"]


def test_stock_is_adjusted_and_carried_once_with_a_reason() -> None:
    imported()
    before = view(BUYER, "CAP-1")[0]["on_hand"]
    moves = [
        Moved("m1", "CAP-1", "MAIN", -2, "broken in the shelf"),
        Moved("m2", "CAP-1", "MAIN", 3, "to the shop", to_location_id="SHOP"),
    ]
    assert move(BUYER, moves) == 3
    assert move(BUYER, moves) == 0
    assert {place["location_id"]: place["available"] for place in view(BUYER, "CAP-1")} == {
        "MAIN": before - 5,
        "SHOP": 3,
    }
    for wrong in (
        Moved("m3", "CAP-1", "MAIN", 1, " "),
        Moved("m4", "CAP-1", "MAIN", 1, "x", state="inbound_planned"),
        Moved("m5", "CAP-1", "MAIN", 1, "x", to_location_id="MAIN"),
    ):
        with pytest.raises(RefusedError):
            move(BUYER, [wrong])
    with pytest.raises(ConflictError, match="cannot be taken"):
        move(BUYER, [Moved("m6", "CAP-1", "SHOP", -4, "lost")])
    with pytest.raises(NotFoundError):
        move(OF_ALDER, [Moved("m7", "CAP-1", "MAIN", -1, "lost")])
    row = {"key": "m8", "sku_id": "CAP-1", "location_id": "SHOP", "units": -1, "reason": "sold by hand"}
    shown, effect = preview(BUYER, "stock.move", {"rows": [row]})
    assert effect.rows[0]["there_now"] == 3
    assert commit(BUYER, shown.token) == commit(BUYER, shown.token) == {"moved": 1}
    with pytest.raises(RefusedError, match="cannot be read"):
        preview(BUYER, "stock.move", {"rows": [{"sku": "CAP-1"}]})
    assert ledger.differences().is_empty()


def test_what_moved_is_kept_by_day_and_the_next_plan_counts_it() -> None:
    imported()
    move(BUYER, [Moved("m1", "CAP-1", "MAIN", -2, "broken in the shelf")])
    today = timezone.localdate()
    assert take_daily_snapshot(today) == 1
    assert take_daily_snapshot(today) == 0
    kept = StockSnapshot.objects.get(sku_id="CAP-1", date=today)
    counted = next(row["on_hand_units"] for row in tables()["stock"] if row["sku_id"] == "CAP-1")
    assert kept.on_hand_units == counted - 2
    StockSnapshot.objects.filter(date=today).delete()
    stock = shop_dataset().table("stock").filter(sku_id="CAP-1").sort("date")
    assert stock["on_hand_units"].to_list()[-1] == counted - 2
    assert take_daily_snapshot(today - timedelta(days=1)) == 0


def test_the_shops_settings_are_changed_with_their_history() -> None:
    change_settings(SYSTEM, name="Alder & Birch", currency="EUR", order_value_minor_second_approval=500_000)
    assert (shop_settings().currency, shop_settings().name) == ("EUR", "Alder & Birch")
    assert AuditEntry.objects.last().after["currency"] == "EUR"
    for wrong in ({"currency": "euro"}, {"time_zone": "Mars/Base"}, {"colour": "red"}, {"draft_days_max": -1}):
        with pytest.raises(RefusedError):
            change_settings(SYSTEM, **wrong)
    with pytest.raises(NotAllowedError):
        change_settings(PLANNER, name="x")
