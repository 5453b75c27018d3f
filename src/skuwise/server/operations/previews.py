"""Preview, then commit: whatever buys, moves or publishes is first shown in words and numbers, and then done as shown.

An action registers two functions: one that looks and one that does. Between the two the world may change; what is done
is done only if it still is what was shown.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils import timezone

from skuwise.server.accounts.actor import Actor
from skuwise.server.audit.record import record
from skuwise.server.errors import ConflictError, NotFoundError, RefusedError
from skuwise.server.operations.models import Preview

Parameters = Mapping[str, Any]
LASTS = timedelta(hours=12)
ROWS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Effect:
    """What an action would do: in words, in numbers, and its first rows.

    ``fingerprint_of`` is everything on which the effect rests; if it is another at the commit, the preview is stale.
    """

    summary: str
    counts: Mapping[str, int] = field(default_factory=dict)
    money_minor: int | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    fingerprint_of: Any = None

    @property
    def fingerprint(self) -> str:
        said = json.dumps(
            [self.summary, self.counts, self.money_minor, self.fingerprint_of], cls=DjangoJSONEncoder, sort_keys=True
        )
        return hashlib.sha256(said.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Action:
    """A write that is shown before it is done. ``undo`` takes back what ``do`` returned, where the world allows."""

    name: str
    title: str
    permission: str
    look: Callable[[Actor, Parameters], Effect]
    do: Callable[[Actor, Parameters], dict[str, Any]]
    undo: Callable[[Actor, dict[str, Any], str], None] | None = None


ACTIONS: dict[str, Action] = {}


def register(action: Action) -> Action:
    """Make an action known; each app registers its own."""
    ACTIONS[action.name] = action
    return action


def preview(actor: Actor, name: str, parameters: Parameters) -> tuple[Preview, Effect]:
    """Show what the action would do. The preview's token commits it; nothing has changed."""
    action = _action(name)
    actor.require(action.permission)
    plain = json.loads(json.dumps(dict(parameters), cls=DjangoJSONEncoder))
    effect = action.look(actor, plain)
    made = Preview.objects.create(
        token=secrets.token_urlsafe(24),
        action=name,
        parameters=plain,
        fingerprint=effect.fingerprint,
        summary=effect.summary,
        actor=actor.name,
        user_id=actor.user_id,
        expires_at=timezone.now() + LASTS,
    )
    return made, effect


def commit(actor: Actor, token: str) -> dict[str, Any]:
    """Do what was shown; a second time gives the first result.

    Raises ``ConflictError`` ``OPS-PREVIEW-STALE`` where it would no longer do what was shown.
    """
    with transaction.atomic():
        shown = _own(actor, token)
        if shown.committed_at is not None:
            return dict(shown.result or {})
        if shown.expires_at < timezone.now():
            raise RefusedError("OPS-PREVIEW-EXPIRED", "this preview is too old", "look at it again")
        action = _action(shown.action)
        actor.require(action.permission)
        if action.look(actor, shown.parameters).fingerprint != shown.fingerprint:
            raise ConflictError(
                "OPS-PREVIEW-STALE", "something has changed since this was shown", "look at it again and commit that"
            )
        result = json.loads(json.dumps(action.do(actor, shown.parameters), cls=DjangoJSONEncoder))
        shown.committed_at, shown.result = timezone.now(), result
        shown.save(update_fields=["committed_at", "result"])
        record(actor, "preview.committed", "preview", token, after={"action": action.name, "summary": shown.summary})
    return dict(result)


def undo(actor: Actor, token: str, reason: str) -> None:
    """Take back what a committed preview did. Raises ``RefusedError`` where it cannot be taken back."""
    with transaction.atomic():
        shown = _own(actor, token)
        action = _action(shown.action)
        actor.require(action.permission)
        if shown.committed_at is None:
            raise RefusedError("OPS-NOT-COMMITTED", "nothing was done yet", "there is nothing to take back")
        if shown.undone_at is not None:
            return
        if action.undo is None:
            raise RefusedError(
                "OPS-NO-UNDO", f"{action.title} cannot be taken back", "do the opposite where there is one"
            )
        action.undo(actor, dict(shown.result or {}), reason)
        shown.undone_at = timezone.now()
        shown.save(update_fields=["undone_at"])
        record(actor, "preview.undone", "preview", token, after={"action": action.name}, reason=reason)


def sweep() -> int:
    """Take away previews that nobody committed and that are a day past; returns how many."""
    old = timezone.now() - timedelta(days=1)
    return Preview.objects.filter(committed_at=None, expires_at__lt=old).delete()[0]


def _own(actor: Actor, token: str) -> Preview:
    found = Preview.objects.select_for_update().filter(token=token).first()
    if found is None or (found.actor, found.user_id) != (actor.name, actor.user_id):
        raise NotFoundError("OPS-NO-PREVIEW", "there is no such preview of yours", "look at it first")
    return found


def _action(name: str) -> Action:
    if name not in ACTIONS:
        raise NotFoundError("OPS-NO-ACTION", f"{name!r} is no action", f"known are {', '.join(sorted(ACTIONS))}")
    return ACTIONS[name]
