"""People and audit of the Skuwise API. Written by ``skuwise.server.api.client_source``: change that, not this."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict, Unpack

from skuwise.client.connection import Connection, ListQuery, part


class AuditRow(TypedDict):
    id: int
    at: str
    actor: str
    actor_kind: str
    action: str
    subject_kind: str
    subject_id: str
    brand: str
    reason: str
    request_id: str
    entry_hash: str


class AuditPage(TypedDict):
    rows: list[AuditRow]
    next_cursor: str
    count: NotRequired[int | None]


class UsersRow(TypedDict):
    username: str
    email: str
    is_active: bool
    last_login: str | None


class UsersPage(TypedDict):
    rows: list[UsersRow]
    next_cursor: str
    count: NotRequired[int | None]


class GrantRecord(TypedDict):
    """A role, for all brands and channels or for those named."""

    role: str
    brand: NotRequired[str]
    channel_id: NotRequired[str]


class Invitation(TypedDict):
    username: str
    email: NotRequired[str]
    grants: NotRequired[list[GrantRecord]]


class Invited(TypedDict):
    """``link_path`` is the one-time link by which the person chooses a password."""

    username: str
    link_path: str


class KeysRow(TypedDict):
    prefix: str
    name: str
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None


class KeysPage(TypedDict):
    rows: list[KeysRow]
    next_cursor: str
    count: NotRequired[int | None]


class NewKey(TypedDict):
    name: str
    scopes: NotRequired[list[str]]
    expires_at: NotRequired[str | None]


class MadeKey(TypedDict):
    """``secret`` is shown this once."""

    prefix: str
    secret: str


class Me(TypedDict):
    name: str
    kind: str
    permissions: list[str]
    grants: list[GrantRecord]


class RoleRecord(TypedDict):
    role: str
    permissions: list[str]


class UserRecord(TypedDict):
    username: str
    email: str
    active: bool
    last_login: str | None
    grants: list[GrantRecord]


class SetGrants(TypedDict):
    grants: list[GrantRecord]


class SetActive(TypedDict):
    active: bool
    reason: NotRequired[str]


class KeyRecord(TypedDict):
    prefix: str
    name: str
    revoked_at: str | None


class Chain(TypedDict):
    """``broken_at`` is the first entry that is not as it was written, null where the chain is whole."""

    entries: int
    broken_at: int | None


class EntryRecord(TypedDict):
    id: int
    before: Any
    after: Any


class PeopleAndAuditCalls:
    def __init__(self, connection: Connection) -> None:
        self._ask = connection.ask

    def list_audit(self, **query: Unpack[ListQuery]) -> AuditPage:
        """Who changed what, the newest first."""
        answer: AuditPage = self._ask("GET", "/audit", query=query)
        return answer

    def list_users(self, **query: Unpack[ListQuery]) -> UsersPage:
        """People."""
        answer: UsersPage = self._ask("GET", "/users", query=query)
        return answer

    def invite_user(self, body: Invitation) -> Invited:
        """Invite a person."""
        answer: Invited = self._ask("POST", "/users", body=body)
        return answer

    def list_keys(self, **query: Unpack[ListQuery]) -> KeysPage:
        """Keys: one's own, or all for an administrator."""
        answer: KeysPage = self._ask("GET", "/keys", query=query)
        return answer

    def make_key(self, body: NewKey) -> MadeKey:
        """Make a key of one's own for a program."""
        answer: MadeKey = self._ask("POST", "/keys", body=body)
        return answer

    def get_me(self) -> Me:
        """Who asks, and what they may."""
        answer: Me = self._ask("GET", "/me")
        return answer

    def list_roles(self) -> list[RoleRecord]:
        """What each role may."""
        answer: list[RoleRecord] = self._ask("GET", "/roles")
        return answer

    def get_user(self, username: str) -> UserRecord:
        """One person with their roles."""
        answer: UserRecord = self._ask("GET", f"/users/{part(username)}")
        return answer

    def set_user_grants(self, username: str, body: SetGrants) -> UserRecord:
        """Give a person these roles and no others."""
        answer: UserRecord = self._ask("PUT", f"/users/{part(username)}/grants", body=body)
        return answer

    def set_user_active(self, username: str, body: SetActive) -> UserRecord:
        """Let a person in or out."""
        answer: UserRecord = self._ask("PUT", f"/users/{part(username)}/active", body=body)
        return answer

    def make_reset_link(self, username: str) -> Invited:
        """Make a one-time link by which a person chooses a new password."""
        answer: Invited = self._ask("POST", f"/users/{part(username)}/reset-link")
        return answer

    def end_key(self, prefix: str) -> KeyRecord:
        """End a key at once."""
        answer: KeyRecord = self._ask("DELETE", f"/keys/{part(prefix)}")
        return answer

    def check_audit_chain(self) -> Chain:
        """Check that every entry is as it was written."""
        answer: Chain = self._ask("GET", "/audit/chain")
        return answer

    def get_audit_entry(self, entry_id: int) -> EntryRecord:
        """One entry with what changed from what to what."""
        answer: EntryRecord = self._ask("GET", f"/audit/{part(entry_id)}")
        return answer
