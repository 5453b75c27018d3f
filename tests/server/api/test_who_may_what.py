"""Each role against each endpoint, and other brands' rows nowhere."""

from __future__ import annotations

import re
from typing import Any

import pytest

from skuwise.server.accounts.models import Role
from skuwise.server.accounts.permissions import ALLOWED
from skuwise.server.api.main import api
from skuwise.server.planning.run import in_force
from skuwise.server.purchasing.drafting import draft, open_proposals
from skuwise.server.rules.overrides import add
from tests.server.api.callers import Caller
from tests.server.shops import BUYER, PLANNER, imported, planned

OPERATIONS = [
    (method.upper(), path.removeprefix("/api/v1"), operation)
    for path, methods in api.get_openapi_schema(path_prefix="/api/v1")["paths"].items()
    for method, operation in methods.items()
]
#: Who may call which operation, written down so that a change of it shows.
TABLE = {
    "look": "viewer planner buyer approver admin",
    "plan": "planner buyer approver admin",
    "edit_rules": "planner approver admin",
    "import": "planner buyer approver admin",
    "buy": "buyer approver admin",
    "approve": "approver admin",
    "administer": "admin",
}
PERMISSION_OF = {
    "list_products": "look", "list_skus": "look", "list_suppliers": "look", "list_supply_terms": "look",
    "list_channels": "look", "list_locations": "look", "list_listings": "look", "list_bundles": "look",
    "list_prices": "look", "list_stock_levels": "look", "list_stock_movements": "look", "get_stock_of_sku": "look",
    "put_catalogue_rows": "import", "remove_catalogue_row": "import", "post_stock_movements": "buy",
    "list_imports": "import", "list_quarantined_rows": "import", "stage_import": "import", "get_import": "import",
    "commit_import": "import", "reverse_import": "import", "release_import": "import", "discard_import": "import",
    "list_plan_runs": "look", "list_items": "look", "list_alarms": "look", "list_changes": "look",
    "start_plan_run": "plan", "get_plan_in_force": "look", "get_plan_run": "look", "compare_plan_runs": "look",
    "explain_item": "look", "list_summaries": "look", "acknowledge_alarms": "edit_rules", "snooze_alarms": "edit_rules",
    "decide_changes": "edit_rules", "start_replay": "plan", "get_replay_report": "look",
    "list_orders": "look", "list_proposals": "buy", "get_order": "look", "change_order": "buy",
    "approve_order": "approve", "withdraw_order_approval": "approve", "send_order": "buy", "ship_order": "buy",
    "receive_order": "buy", "take_back_receipt": "buy", "cancel_order": "buy", "close_order": "buy",
    "get_order_document": "look", "list_supplier_scores": "look",
    "list_overrides": "look", "list_rulebook_versions": "look", "list_rule_fields": "look", "get_rulebook": "look",
    "get_rulebook_version": "look", "list_rule_history": "look",
    "list_rules_in_force": "look", "explain_rule": "look", "add_overrides": "edit_rules",
    "end_overrides": "edit_rules", "list_actions": "look", "show_preview": "look", "commit_preview": "look",
    "undo_preview": "look",
    "list_jobs": "look", "get_job": "look", "cancel_job": "look", "retry_job": "look",
    "list_audit": "administer", "list_users": "administer", "list_keys": "look", "get_me": "look", "list_roles": "look",
    "get_user": "administer", "invite_user": "administer", "set_user_grants": "administer",
    "set_user_active": "administer", "make_reset_link": "administer", "make_key": "look", "end_key": "look",
    "check_audit_chain": "administer", "get_audit_entry": "administer",
    "list_webhooks": "administer", "list_webhook_deliveries": "administer", "get_settings": "look",
    "patch_settings": "administer", "list_webhook_events": "look", "add_webhook": "administer",
    "end_webhook": "administer",
}  # fmt: skip
#: Things that belong to nobody's brand: these lists are the whole shop's or the caller's own.
WITHOUT_BRAND = {
    "list_suppliers", "list_channels", "list_locations", "list_products", "list_imports", "list_quarantined_rows",
    "list_plan_runs", "list_rulebook_versions", "list_jobs", "list_users", "list_keys", "list_webhooks",
    "list_webhook_deliveries", "list_audit",
}  # fmt: skip


def _path(path: str) -> str:
    return re.sub(r"\{[a-z_]+\}", "1", path)


def test_the_table_names_every_operation_with_its_permission() -> None:
    assert {one["operationId"]: one["x-permission"] for _, _, one in OPERATIONS} == PERMISSION_OF
    assert {
        permission: " ".join(role for role in Role.values if permission in ALLOWED[role]) for permission in TABLE
    } == TABLE


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["", *Role.values])
def test_a_role_is_let_in_where_the_table_says_and_nowhere_else(role: str) -> None:
    caller = Caller(role)
    for method, path, operation in OPERATIONS:
        allowed = role in TABLE[PERMISSION_OF[operation["operationId"]]].split() if role else False
        answer = caller.ask(method, _path(path), {} if method != "GET" else None)
        assert answer.status_code < 500, (method, path, answer.content)
        if not allowed:
            # A path or body that cannot be read may be told before the permission.
            assert answer.status_code in (403, 422), (role, method, path, answer.content)
            if answer.status_code == 422:
                assert answer.json()["code"] == "API-INPUT"
        else:
            refused = answer.status_code == 403 and answer.json()["code"] == "ACC-NOT-ALLOWED"
            assert not refused, (role, method, path, answer.content)


@pytest.mark.django_db
def test_who_is_not_known_is_let_in_nowhere() -> None:
    caller = Caller("admin")
    caller.secret = "skw_000000000000_wrong"
    for method, path, _ in OPERATIONS:
        answer = caller.ask(method, _path(path), {} if method != "GET" else None)
        assert (answer.status_code, answer.headers["Content-Type"]) == (401, "application/problem+json"), path


@pytest.mark.django_db
def test_no_list_shows_what_belongs_to_another_brand() -> None:
    imported()
    planned()
    draft(BUYER, open_proposals(BUYER, in_force()))
    for sku in ("TEE-RED", "CAP-1"):
        add(PLANNER, [{"sku_id": sku, "field": "service_target", "value": "0.9", "reason": "a test of brands"}])
    alder, all_of_it = Caller("admin", brand="Alder"), Caller("admin")
    lists = [
        (path, one) for method, path, one in OPERATIONS if one["operationId"].startswith("list_") and method == "GET"
    ]
    checked = 0
    for path, operation in lists:
        if operation["operationId"] in WITHOUT_BRAND or "next_cursor" not in str(_schema_of(operation)):
            continue
        own, every = (_rows(caller, path) for caller in (alder, all_of_it))
        assert not [row for row in own if "CAP-1" in str(row) or "MUG-1" in str(row) or "BIRCH" in str(row)], path
        if operation["operationId"] in (
            "list_items",
            "list_orders",
            "list_overrides",
            "list_skus",
            "list_stock_levels",
        ):
            assert 0 < len(own) < len(every), path
            checked += 1
    assert checked == 5
    for path in ("/proposals", "/supplier-scores", "/summaries/supplier", "/summaries/total"):
        assert "BIRCH" not in alder.get(path).content.decode(), path
    for path in (
        "/items/CAP-1/MAIN/explanation",
        "/rules/history?sku_id=CAP-1",
        "/rules",
        "/rules/explanation?sku_id=CAP-1&location_id=MAIN&field=service_target",
        "/plan-runs/in-force",
    ):
        answer = alder.get(path)
        assert answer.status_code in (403, 404), (path, answer.content)
    assert alder.get("/summaries/total").json()[0]["items"] == 2
    assert all_of_it.get("/summaries/total").json()[0]["items"] == 4


@pytest.mark.django_db
def test_a_key_may_no_more_than_its_scopes() -> None:
    caller = Caller("admin", scopes=("look",))
    assert caller.get("/me").json()["permissions"] == ["look"]
    assert caller.post("/plan-runs").status_code == 403


def _schema_of(operation: dict[str, Any]) -> Any:
    reference = operation["responses"]["200" if "200" in operation["responses"] else 200]
    name = str(reference).rsplit("/", 1)[-1].split("'")[0]
    return api.get_openapi_schema()["components"]["schemas"].get(name, {})


def _rows(caller: Caller, path: str) -> list[dict[str, Any]]:
    answer = caller.get(path)
    assert answer.status_code == 200, (path, answer.content)
    return list(answer.json()["rows"])
