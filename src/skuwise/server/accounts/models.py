"""People and what they may: a user holds grants, each a role for all brands and channels or for named ones."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


class Role(models.TextChoices):
    """From the one that only looks to the one that may all; what each may is written in ``permissions``."""

    VIEWER = "viewer"
    PLANNER = "planner"
    BUYER = "buyer"
    APPROVER = "approver"
    ADMIN = "admin"


class User(AbstractUser):
    """A person who signs in. Django's own permissions are not used: grants are."""

    class Meta:
        db_table = "accounts_user"


class Grant(models.Model):
    """A role that a user holds; a blank brand or channel means every one."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(max_length=16, choices=Role.choices)
    brand = models.CharField(max_length=200, blank=True, default="")
    channel_id = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "role", "brand", "channel_id"], name="accounts_grant_once"),
        ]


class ApiKey(models.Model):
    """A key for a program. Its secret is shown once; only its hash is kept. It acts with the grants of its owner,
    narrowed to its scopes."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16, unique=True)
    secret_hash = models.CharField(max_length=128)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
