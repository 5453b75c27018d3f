"""What each role may, in one place: every page, endpoint and service asks here."""

from __future__ import annotations

from skuwise.server.accounts.models import Role

#: Permission → what it lets one do, in words.
PERMISSIONS = {
    "look": "see catalogue, stock, sales, plans, rules and orders of one's brands and channels",
    "plan": "start, cancel and retry planning runs; run proofs",
    "edit_rules": "change the rulebook, overrides and proposals; answer alarms and proposed changes",
    "import": "stage, commit and reverse imports",
    "buy": "make, change and send purchase orders; record receipts and stock movements",
    "approve": "approve purchase orders",
    "administer": "people, keys, settings, audit, webhooks, backup",
}

ALLOWED: dict[str, frozenset[str]] = {
    Role.VIEWER: frozenset({"look"}),
    Role.PLANNER: frozenset({"look", "plan", "edit_rules", "import"}),
    Role.BUYER: frozenset({"look", "plan", "buy", "import"}),
    Role.APPROVER: frozenset({"look", "plan", "edit_rules", "buy", "approve", "import"}),
    Role.ADMIN: frozenset(PERMISSIONS),
}
