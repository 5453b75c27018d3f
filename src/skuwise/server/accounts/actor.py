"""Who acts: a person, a key or the system itself, with what they may and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from skuwise.server.accounts.models import User
from skuwise.server.accounts.permissions import ALLOWED, PERMISSIONS
from skuwise.server.errors import NotAllowedError


@dataclass(frozen=True, slots=True)
class HeldGrant:
    """A role with where it holds; blank means everywhere."""

    role: str
    brand: str = ""
    channel_id: str = ""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. ``name`` is what the audit shows; ``scopes`` narrows a key's permissions, None does not."""

    name: str
    grants: tuple[HeldGrant, ...]
    user_id: int | None = None
    kind: str = "person"  # person, key or system
    scopes: frozenset[str] | None = None

    def _holding(self, permission: str) -> list[HeldGrant]:
        if permission not in PERMISSIONS:
            raise ValueError(f"{permission!r} is no permission: {', '.join(PERMISSIONS)}")
        if self.scopes is not None and permission not in self.scopes:
            return []
        return [grant for grant in self.grants if permission in ALLOWED[grant.role]]

    def may(self, permission: str, brand: str | None = None, channel_id: str | None = None) -> bool:
        """Whether some grant gives the permission, for the brand and channel where they are named.

        A brand of None asks "for any brand at all"; use ``brands`` to narrow what is then shown.
        """
        return any(
            (brand is None or not grant.brand or grant.brand == brand)
            and (channel_id is None or not grant.channel_id or grant.channel_id == channel_id)
            for grant in self._holding(permission)
        )

    def require(self, permission: str, brand: str | None = None, channel_id: str | None = None) -> None:
        """Raise ``NotAllowedError`` where ``may`` says no."""
        if not self.may(permission, brand, channel_id):
            where = f" for brand {brand}" if brand else f" for channel {channel_id}" if channel_id else ""
            raise NotAllowedError(
                "ACC-NOT-ALLOWED",
                f"{self.name} may not {PERMISSIONS[permission]}{where}",
                "ask an administrator for a role that allows it",
                permission=permission,
            )

    def require_everywhere(self, permission: str) -> None:
        """Raise unless the permission holds for all brands and channels: what it does cannot be parted by them."""
        if not any(not grant.brand and not grant.channel_id for grant in self._holding(permission)):
            raise NotAllowedError(
                "ACC-NOT-ALLOWED",
                f"{self.name} may not {PERMISSIONS[permission]} for the whole shop",
                "ask an administrator for the role without a limit to brands or channels",
                permission=permission,
            )

    def brands(self, permission: str = "look") -> frozenset[str] | None:
        """The brands for which the permission holds; None means every one."""
        held = [grant.brand for grant in self._holding(permission)]
        return None if "" in held else frozenset(held)

    def channels(self, permission: str = "look") -> frozenset[str] | None:
        """The channels for which the permission holds; None means every one."""
        held = [grant.channel_id for grant in self._holding(permission)]
        return None if "" in held else frozenset(held)

    def scope(self, rows: QuerySet[Any], permission: str = "look", brand: str = "", channel: str = "") -> QuerySet[Any]:
        """The rows that the actor may see: of the brands and channels in the columns named ``brand`` and ``channel``.

        A grant for a brand and a channel together lets one see the rows of both, so each grant is applied as a whole.
        """
        held = self._holding(permission)
        if not held:
            return rows.none()
        return _of_grants(rows, held, brand, channel)


def _of_grants(rows: QuerySet[Any], held: Iterable[HeldGrant], brand: str, channel: str) -> QuerySet[Any]:
    from django.db.models import Q

    allowed = Q()
    for grant in held:
        one = {}
        if brand and grant.brand:
            one[brand] = grant.brand
        if channel and grant.channel_id:
            one[channel] = grant.channel_id
        if not one:
            return rows
        allowed |= Q(**one)
    return rows.filter(allowed)


#: The program itself: nightly plans, the watch, what a command line on the server's own machine does.
SYSTEM = Actor(name="skuwise", grants=(HeldGrant("admin"),), kind="system")


def actor_of(user: User) -> Actor:
    """The actor of a signed-in user."""
    held = tuple(HeldGrant(grant.role, grant.brand, grant.channel_id) for grant in user.grants.all())
    return Actor(name=user.get_username(), grants=held if user.is_active else (), user_id=user.pk)
