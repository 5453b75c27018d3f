"""People: invite, give and take roles, let go. There is always an administrator left."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from skuwise.server.accounts.actor import SYSTEM, Actor, HeldGrant
from skuwise.server.accounts.models import ApiKey, Grant, Role, User
from skuwise.server.audit.record import record
from skuwise.server.errors import ConflictError, NotFoundError, RefusedError

#: One-time links: what they are for, and for how many seconds they hold.
FIRST_RUN, SET_PASSWORD = "first-run", "set-password"
LINK_SECONDS = 7 * 86_400


def first_run_token() -> str | None:
    """The token of the link by which the first person makes the first account; None where there is one already."""
    return None if User.objects.exists() else signing.dumps(FIRST_RUN, salt=FIRST_RUN)


def sign_up_first(token: str, username: str, password: str, email: str = "") -> User:
    """Make the first account, an administrator of everything. The link works once."""
    _unsigned(token, FIRST_RUN)
    with transaction.atomic():
        user = User(username=username.strip(), email=email)
        _check_name(user.username)
        _check_password(password, user)
        user.set_password(password)
        # The lock of the audit head makes two who come at once follow each other.
        record(SYSTEM, "user.signed_up", "user", user.username, after={"role": Role.ADMIN})
        if User.objects.exists():
            raise ConflictError("ACC-LINK-USED", "this link has been used", "sign in, or ask the administrator")
        user.save()
        Grant.objects.create(user=user, role=Role.ADMIN)
    return user


def invite(actor: Actor, username: str, grants: Sequence[HeldGrant], email: str = "") -> tuple[User, str]:
    """Make an account and the token of the one-time link by which its owner chooses a password."""
    actor.require_everywhere("administer")
    _check_name(username)
    with transaction.atomic():
        user = User(username=username, email=email)
        user.set_unusable_password()
        try:
            with transaction.atomic():
                user.save()
        except IntegrityError as error:
            raise ConflictError("ACC-NAME-TAKEN", f"{username} is taken", "choose another name") from error
        _write_grants(user, grants)
        record(actor, "user.invited", "user", username, after={"grants": _told(grants)})
    return user, password_token(user)


def set_grants(actor: Actor, username: str, grants: Sequence[HeldGrant]) -> User:
    """Give a person these roles and no others."""
    actor.require_everywhere("administer")
    with transaction.atomic():
        user = _user(username)
        before = _told([HeldGrant(grant.role, grant.brand, grant.channel_id) for grant in user.grants.all()])
        user.grants.all().delete()
        _write_grants(user, grants)
        _refuse_without_administrator()
        record(actor, "user.grants_set", "user", username, before={"grants": before}, after={"grants": _told(grants)})
    return user


def set_active(actor: Actor, username: str, active: bool, reason: str = "") -> User:
    """Let a person in or out. Who is let out is signed out everywhere at once, and so are their keys."""
    actor.require_everywhere("administer")
    with transaction.atomic():
        user = _user(username)
        if user.is_active != active:
            user.is_active = active
            user.save(update_fields=["is_active"])
            if not active:
                _end_sessions(user)
                _refuse_without_administrator()
            record(
                actor, "user.let_in" if active else "user.let_out", "user", username,
                before={"active": not active}, after={"active": active}, reason=reason,
            )  # fmt: skip
    return user


def reset_link(actor: Actor, username: str) -> str:
    """The token of a one-time link by which a person chooses a new password."""
    actor.require_everywhere("administer")
    with transaction.atomic():
        user = _user(username)
        record(actor, "user.reset_link_made", "user", username)
    return password_token(user)


def password_token(user: User) -> str:
    """A token that holds until the password has changed, or for a week."""
    return signing.dumps([user.pk, _fingerprint(user)], salt=SET_PASSWORD)


def choose_password(token: str, password: str) -> User:
    """Set the password by a one-time link; everyone signed in with the old one is signed out."""
    pk, fingerprint = _unsigned(token, SET_PASSWORD)
    with transaction.atomic():
        user = User.objects.select_for_update().filter(pk=pk, is_active=True).first()
        if user is None or not secrets.compare_digest(fingerprint, _fingerprint(user)):
            raise RefusedError(
                "ACC-LINK-USED", "this link has been used or is over", "ask the administrator for another"
            )
        _check_password(password, user)
        user.set_password(password)
        user.save(update_fields=["password"])
        _end_sessions(user)
        record(Actor(user.username, (), user.pk), "user.password_set", "user", user.username)
    return user


def told_user(user: User) -> dict[str, Any]:
    """A person as a record."""
    return {
        "username": user.get_username(),
        "email": user.email,
        "active": user.is_active,
        "last_login": user.last_login,
        "grants": _told([HeldGrant(grant.role, grant.brand, grant.channel_id) for grant in user.grants.all()]),
    }


def named(username: str) -> User:
    """The person of a name. Raises ``NotFoundError`` where there is nobody."""
    user = User.objects.filter(username=username).first()
    if user is None:
        raise NotFoundError("ACC-UNKNOWN", f"there is nobody named {username}", "look at the list of people")
    return user


def _user(username: str) -> User:
    return User.objects.select_for_update().get(pk=named(username).pk)


def _write_grants(user: User, grants: Sequence[HeldGrant]) -> None:
    for grant in grants:
        if grant.role not in Role.values:
            raise RefusedError("ACC-ROLE", f"{grant.role!r} is no role", f"known are {', '.join(Role.values)}")
    Grant.objects.bulk_create(
        [Grant(user=user, role=one.role, brand=one.brand, channel_id=one.channel_id) for one in dict.fromkeys(grants)]
    )


def _refuse_without_administrator() -> None:
    left = Grant.objects.filter(role=Role.ADMIN, brand="", channel_id="", user__is_active=True)
    if not left.exists():
        raise RefusedError(
            "ACC-LAST-ADMIN", "nobody could administer the shop any more", "make another administrator first"
        )


def _end_sessions(user: User) -> None:
    for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            session.delete()
    if not user.is_active:
        ApiKey.objects.filter(Q(owner=user), revoked_at=None).update(revoked_at=timezone.now())


def _check_name(username: str) -> None:
    try:
        User._meta.get_field("username").run_validators(username)
    except ValidationError as error:
        raise RefusedError("ACC-NAME", " ".join(error.messages), "use letters, digits and @ . + - _") from error
    if not username:
        raise RefusedError("ACC-NAME", "a name is missing", "use letters, digits and @ . + - _")


def _check_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise RefusedError("ACC-PASSWORD", " ".join(error.messages), "choose another password") from error


def _fingerprint(user: User) -> str:
    return str(signing.Signer(salt="password").signature(f"{user.pk}:{user.password}:{user.is_active}"))


def _unsigned(token: str, purpose: str) -> Any:
    try:
        return signing.loads(token, salt=purpose, max_age=LINK_SECONDS)
    except signing.BadSignature as error:
        raise RefusedError(
            "ACC-LINK", "this link is not valid or is over", "ask the administrator for another"
        ) from error


def _told(grants: Sequence[HeldGrant]) -> list[dict[str, str]]:
    return [{"role": one.role, "brand": one.brand, "channel_id": one.channel_id} for one in grants]
