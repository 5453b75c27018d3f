"""Keys for programs: made, shown once, checked, revoked. Only a hash of the secret is kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hmac import compare_digest

from django.db import transaction
from django.utils import timezone

from skuwise.server.accounts.actor import Actor, HeldGrant
from skuwise.server.accounts.models import ApiKey, User
from skuwise.server.accounts.permissions import PERMISSIONS
from skuwise.server.audit.record import record
from skuwise.server.errors import NotFoundError, RefusedError

#: A key looks like ``skw_<prefix>_<secret>``: a leaked one is told by its beginning.
MARK = "skw"
PREFIX_BYTES, SECRET_BYTES = 6, 32
USED_EVERY = timedelta(minutes=1)
NAME_MAX = 100


def create_key(
    actor: Actor, name: str, scopes: Sequence[str] = (), expires_at: datetime | None = None, owner: User | None = None
) -> tuple[ApiKey, str]:
    """A new key and its secret text, which is never shown again.

    ``scopes`` are permissions that the key may use of those its owner holds; none means all of them. Whoever signs in
    may make keys for themselves, an administrator for others too.
    """
    holder = owner or User.objects.filter(pk=actor.user_id).first()
    if holder is None:
        raise RefusedError("ACC-KEY-OWNER", "a key belongs to a person", "sign in, or name its owner")
    if holder.pk != actor.user_id:
        actor.require_everywhere("administer")
    unknown = set(scopes) - set(PERMISSIONS)
    if unknown:
        raise RefusedError(
            "ACC-SCOPE", f"{sorted(unknown)[0]!r} is no permission", f"known are {', '.join(PERMISSIONS)}"
        )
    if not name.strip() or len(name) > NAME_MAX:
        raise RefusedError("ACC-KEY-NAME", "a key needs a short name", "say what it is for")
    if expires_at is not None and expires_at <= timezone.now():
        raise RefusedError("ACC-KEY-EXPIRY", "the key would be over at once", "give a time to come")
    prefix, secret = secrets.token_hex(PREFIX_BYTES), secrets.token_urlsafe(SECRET_BYTES)
    with transaction.atomic():
        key = ApiKey.objects.create(
            owner=holder,
            name=name,
            prefix=prefix,
            secret_hash=_hash(secret),
            scopes=sorted(scopes),
            expires_at=expires_at,
        )
        after = {"name": name, "owner": holder.get_username(), "scopes": key.scopes, "expires_at": expires_at}
        record(actor, "key.created", "key", prefix, after=after)
    return key, f"{MARK}_{prefix}_{secret}"


def revoke_key(actor: Actor, prefix: str) -> ApiKey:
    """End a key at once."""
    with transaction.atomic():
        key = ApiKey.objects.select_for_update().filter(prefix=prefix).first()
        if key is None or (key.owner_id != actor.user_id and not actor.may("administer")):
            raise NotFoundError("ACC-KEY-UNKNOWN", "there is no such key", "look at the list of keys")
        if key.revoked_at is None:
            key.revoked_at = timezone.now()
            key.save(update_fields=["revoked_at"])
            record(actor, "key.revoked", "key", prefix, before={"name": key.name})
    return key


def actor_of_key(text: str) -> Actor | None:
    """Who acts with a key; None for one that is unknown, over, revoked, or whose owner is gone."""
    parts = text.split("_", 2)
    if len(parts) != 3 or parts[0] != MARK:
        return None
    key = ApiKey.objects.select_related("owner").filter(prefix=parts[1]).first()
    known = key.secret_hash if key else _hash("nobody's")
    now = timezone.now()
    # The hash is compared in any case, so that the time taken tells nothing.
    if not compare_digest(known, _hash(parts[2])) or key is None:
        return None
    if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now) or not key.owner.is_active:
        return None
    if key.last_used_at is None or now - key.last_used_at > USED_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    grants = tuple(HeldGrant(grant.role, grant.brand, grant.channel_id) for grant in key.owner.grants.all())
    return Actor(
        name=f"{key.owner.get_username()} ({key.name})",
        grants=grants,
        user_id=key.owner_id,
        kind="key",
        scopes=frozenset(key.scopes) if key.scopes else None,
    )


def _hash(secret: str) -> str:
    """A hash without salt is enough for a secret of 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()
