"""People, keys and the audit trail over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import AwareDatetime, Field

from skuwise.server.accounts import people
from skuwise.server.accounts.actor import Actor, HeldGrant
from skuwise.server.accounts.keys import create_key, revoke_key
from skuwise.server.accounts.models import ApiKey, User
from skuwise.server.accounts.permissions import ALLOWED, PERMISSIONS
from skuwise.server.api.foundation import MaybeName, Name, Text, endpoint
from skuwise.server.api.lists import list_endpoint
from skuwise.server.audit.models import AuditEntry
from skuwise.server.audit.record import broken_link
from skuwise.server.errors import NotFoundError
from skuwise.server.listing.spec import Column, ListSpec

router = Router(tags=["people and audit"])

AUDIT = ListSpec(
    "audit",
    (
        Column("id", "Entry", "count"),
        Column("at", "When", "time", sortable=False),
        Column("actor", "Who"),
        Column("actor_kind", "Kind", "choice", sortable=False),
        Column("action", "Did", "choice"),
        Column("subject_kind", "To", "choice", sortable=False),
        Column("subject_id", "Which", sortable=False),
        Column("brand", "Brand", "choice", sortable=False),
        Column("reason", "Why", sortable=False),
        Column("request_id", "Request", sortable=False),
        Column("entry_hash", "Hash", sortable=False),
    ),
    "-id",
    search=lambda rows, text: rows.filter(subject_id__startswith=text),
)
KEYS = ListSpec(
    "keys",
    (
        Column("prefix", "Key"),
        Column("name", "Name"),
        Column("created_at", "Made", "time"),
        Column("expires_at", "Until", "time", nullable=True),
        Column("revoked_at", "Revoked", "time", nullable=True),
        Column("last_used_at", "Last used", "time", nullable=True),
    ),
    "-created_at",
)
USERS = ListSpec(
    "users",
    (
        Column("username", "Name"),
        Column("email", "Mail", sortable=False),
        Column("is_active", "Active", "flag", sortable=False),
        Column("last_login", "Last seen", "time", nullable=True),
    ),
    "username",
)


class GrantRecord(Schema):
    """A role, for all brands and channels or for those named."""

    role: Name
    brand: MaybeName = ""
    channel_id: MaybeName = ""


Grants = Annotated[list[GrantRecord], Field(max_length=200)]


class Me(Schema):
    name: str
    kind: str
    permissions: list[str]
    grants: list[GrantRecord]


class UserRecord(Schema):
    username: str
    email: str
    active: bool
    last_login: datetime | None
    grants: list[GrantRecord]


class Invitation(Schema):
    username: Name
    email: MaybeName = ""
    grants: Grants = []


class Invited(Schema):
    """``link_path`` is the one-time link by which the person chooses a password."""

    username: str
    link_path: str


class SetGrants(Schema):
    grants: Grants


class SetActive(Schema):
    active: bool
    reason: Text = ""


class NewKey(Schema):
    name: Name
    scopes: Annotated[list[Name], Field(max_length=20)] = []
    expires_at: AwareDatetime | None = None


class MadeKey(Schema):
    """``secret`` is shown this once."""

    prefix: str
    secret: str


class KeyRecord(Schema):
    prefix: str
    name: str
    revoked_at: datetime | None


class RoleRecord(Schema):
    role: str
    permissions: list[str]


class Chain(Schema):
    """``broken_at`` is the first entry that is not as it was written, null where the chain is whole."""

    entries: int
    broken_at: int | None


class EntryRecord(Schema):
    id: int
    before: Any
    after: Any


def _audit(actor: Actor) -> Any:
    """Administrators see everything; others what concerns their brands."""
    if actor.may("administer") and actor.brands("administer") is None:
        return AuditEntry.objects.all()
    return actor.scope(AuditEntry.objects.all(), "administer", brand="brand")


def _keys(actor: Actor) -> Any:
    rows = ApiKey.objects.all()
    return (
        rows if actor.may("administer") and actor.brands("administer") is None else rows.filter(owner_id=actor.user_id)
    )


def _users(actor: Actor) -> Any:
    return User.objects.all() if actor.brands("administer") is None else User.objects.none()


list_endpoint(router, "/audit", "administer", AUDIT, _audit, "list_audit", "Who changed what, the newest first.")
list_endpoint(router, "/users", "administer", USERS, _users, "list_users", "People.")
list_endpoint(router, "/keys", "look", KEYS, _keys, "list_keys", "Keys: one's own, or all for an administrator.")


@endpoint(router, "GET", "/me", "look", Me)
def get_me(request: HttpRequest) -> Any:
    """Who asks, and what they may."""
    actor: Actor = request.actor
    grants = [{"role": one.role, "brand": one.brand, "channel_id": one.channel_id} for one in actor.grants]
    allowed = [name for name in PERMISSIONS if actor.may(name)]
    return {"name": actor.name, "kind": actor.kind, "permissions": allowed, "grants": grants}


@endpoint(router, "GET", "/roles", "look", list[RoleRecord])
def list_roles(request: HttpRequest) -> Any:  # noqa: ARG001
    """What each role may."""
    return [{"role": role, "permissions": sorted(allowed)} for role, allowed in ALLOWED.items()]


@endpoint(router, "GET", "/users/{username}", "administer", UserRecord)
def get_user(request: HttpRequest, username: Name) -> Any:
    """One person with their roles."""
    request.actor.require_everywhere("administer")
    return people.told_user(people.named(username))


@endpoint(router, "POST", "/users", "administer", Invited, status=201)
def invite_user(request: HttpRequest, given: Invitation) -> Any:
    """Invite a person."""
    user, token = people.invite(request.actor, given.username, _held(given.grants), given.email)
    return {"username": user.get_username(), "link_path": f"/password/{token}"}


@endpoint(router, "PUT", "/users/{username}/grants", "administer", UserRecord)
def set_user_grants(request: HttpRequest, username: Name, given: SetGrants) -> Any:
    """Give a person these roles and no others."""
    return people.told_user(people.set_grants(request.actor, username, _held(given.grants)))


@endpoint(router, "PUT", "/users/{username}/active", "administer", UserRecord)
def set_user_active(request: HttpRequest, username: Name, given: SetActive) -> Any:
    """Let a person in or out."""
    return people.told_user(people.set_active(request.actor, username, given.active, given.reason))


@endpoint(router, "POST", "/users/{username}/reset-link", "administer", Invited)
def make_reset_link(request: HttpRequest, username: Name) -> Any:
    """Make a one-time link by which a person chooses a new password."""
    return {"username": username, "link_path": f"/password/{people.reset_link(request.actor, username)}"}


@endpoint(router, "POST", "/keys", "look", MadeKey, status=201)
def make_key(request: HttpRequest, given: NewKey) -> Any:
    """Make a key of one's own for a program."""
    key, secret = create_key(request.actor, given.name, given.scopes, given.expires_at)
    return {"prefix": key.prefix, "secret": secret}


@endpoint(router, "DELETE", "/keys/{prefix}", "look", KeyRecord)
def end_key(request: HttpRequest, prefix: Name) -> Any:
    """End a key at once."""
    key = revoke_key(request.actor, prefix)
    return {"prefix": key.prefix, "name": key.name, "revoked_at": key.revoked_at}


@endpoint(router, "GET", "/audit/chain", "administer", Chain)
def check_audit_chain(request: HttpRequest) -> Any:
    """Check that every entry is as it was written."""
    request.actor.require_everywhere("administer")
    return {"entries": AuditEntry.objects.count(), "broken_at": broken_link()}


@endpoint(router, "GET", "/audit/{entry_id}", "administer", EntryRecord)
def get_audit_entry(request: HttpRequest, entry_id: Annotated[int, Field(ge=1, le=2**53)]) -> Any:
    """One entry with what changed from what to what."""
    entry = _audit(request.actor).filter(pk=entry_id).first()
    if entry is None:
        raise NotFoundError("AUD-UNKNOWN", f"there is no entry {entry_id}", "look at the audit trail")
    return {"id": entry.pk, "before": entry.before, "after": entry.after}


def _held(grants: list[GrantRecord]) -> list[HeldGrant]:
    return [HeldGrant(one.role, one.brand, one.channel_id) for one in grants]
