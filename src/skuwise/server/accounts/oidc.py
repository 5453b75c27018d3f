"""Signing in with the company's own provider: who is let in, and which roles their groups give."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest

from skuwise.server.accounts.actor import SYSTEM, HeldGrant
from skuwise.server.accounts.models import Grant, User
from skuwise.server.audit.record import record


class ClosedAdapter(DefaultAccountAdapter):
    """Nobody signs up by name and password: people are invited."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False


class CompanyAdapter(DefaultSocialAccountAdapter):
    """Whoever the provider knows and a rule gives a role is let in; roles follow the groups at each sign-in."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:  # noqa: ARG002
        return bool(grants_of(sociallogin.account.extra_data))

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        user = super().populate_user(request, sociallogin, data)
        claims = claims_of(sociallogin.account.extra_data)
        name = claims.get(settings.SKUWISE_OIDC.get("username_claim", "preferred_username")) or claims.get("email")
        user.username = str(name or claims.get("sub", ""))[:150]
        return user

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """A provider never takes over an account that was made here under the same name."""
        name = sociallogin.user.username
        if not sociallogin.is_existing and User.objects.filter(username=name).exists():
            messages.error(request, "An account of this name is here already; ask the administrator.")
            raise PermissionDenied("an account of this name exists")
        if sociallogin.is_existing:
            with transaction.atomic():
                follow_groups(sociallogin.user, sociallogin.account.extra_data)

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        with transaction.atomic():
            user = super().save_user(request, sociallogin, form)
            record(SYSTEM, "user.came_by_provider", "user", user.username)
            follow_groups(user, sociallogin.account.extra_data)
        return user


def claims_of(extra_data: dict[str, Any]) -> dict[str, Any]:
    """Claims of the identity token and of the user-info endpoint together."""
    return {**extra_data, **extra_data.get("id_token", {}), **extra_data.get("userinfo", {})}


def grants_of(extra_data: dict[str, Any]) -> list[HeldGrant]:
    """The roles that the groups of the claims give."""
    company = settings.SKUWISE_OIDC
    groups = claims_of(extra_data).get(company.get("groups_claim", "groups"), [])
    told = list(company.get("grants_of_everyone", []))
    for group in [groups] if isinstance(groups, str) else groups:
        told += company.get("grants", {}).get(group, [])
    return list(dict.fromkeys(HeldGrant(one["role"], one.get("brand", ""), one.get("channel_id", "")) for one in told))


def follow_groups(user: User, extra_data: dict[str, Any]) -> None:
    """Give the person the roles of their groups and no others."""
    wanted = grants_of(extra_data)
    held = [HeldGrant(one.role, one.brand, one.channel_id) for one in user.grants.all()]
    if set(held) == set(wanted):
        return
    user.grants.all().delete()
    Grant.objects.bulk_create(
        [Grant(user=user, role=one.role, brand=one.brand, channel_id=one.channel_id) for one in wanted]
    )
    record(
        SYSTEM, "user.grants_followed_groups", "user", user.username,
        before={"grants": [str(one) for one in held]}, after={"grants": [str(one) for one in wanted]},
    )  # fmt: skip
