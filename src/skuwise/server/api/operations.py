"""The shop's settings and webhooks over the API."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from skuwise.server.accounts.actor import Actor
from skuwise.server.api.foundation import Id, MaybeName, Name, endpoint
from skuwise.server.api.lists import list_endpoint
from skuwise.server.catalog.shop import CHANGEABLE, change_settings, shop_settings
from skuwise.server.listing.spec import Column, ListSpec
from skuwise.server.webhooks import service
from skuwise.server.webhooks.models import Delivery, Webhook

router = Router(tags=["settings"])

WEBHOOKS = ListSpec(
    "webhooks",
    (
        Column("id", "Webhook", "count"),
        Column("url", "Address"),
        Column("active", "Active", "flag", sortable=False),
        Column("created_by", "By", sortable=False),
        Column("created_at", "Made", "time"),
    ),
    "id",
)
DELIVERIES = ListSpec(
    "deliveries",
    (
        Column("id", "Delivery", "count"),
        Column("webhook_id", "Webhook", "count", sortable=False),
        Column("event", "Event", "choice", sortable=False),
        Column("state", "State", "choice", sortable=False),
        Column("attempts", "Tries", "count", sortable=False),
        Column("status", "Answer", "count", sortable=False, nullable=True),
        Column("error", "Error", sortable=False),
        Column("created_at", "Made", "time", sortable=False),
    ),
    "-id",
)


class ShopRecord(Schema):
    name: str
    currency: str
    time_zone: str
    date_order: str
    feed_change_share_max: float
    order_value_minor_second_approval: int | None
    draft_days_max: int


class ShopChanges(Schema):
    """Only what is given changes."""

    name: MaybeName | None = None
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None
    time_zone: Annotated[str, Field(max_length=64)] | None = None
    date_order: Annotated[str, Field(pattern="^(|day_first|month_first)$")] | None = None
    feed_change_share_max: Annotated[float, Field(ge=0, le=1e6)] | None = None
    order_value_minor_second_approval: Annotated[int, Field(ge=0, le=2**53)] | None = None
    draft_days_max: Annotated[int, Field(ge=0, le=3650)] | None = None


class NewWebhook(Schema):
    url: Annotated[str, Field(max_length=2000)]
    events: Annotated[list[Name], Field(min_length=1, max_length=50)]


class MadeWebhook(Schema):
    """``secret`` signs every delivery and is shown this once."""

    id: int
    secret: str


class Ended(Schema):
    ended: bool


def _whole_shop(rows: Any) -> Any:
    def visible(actor: Actor) -> Any:
        allowed = actor.may("administer") and actor.brands("administer") is None
        return rows._default_manager.all() if allowed else rows._default_manager.none()

    return visible


list_endpoint(router, "/webhooks", "administer", WEBHOOKS, _whole_shop(Webhook), "list_webhooks", "Webhooks.")
list_endpoint(
    router, "/webhook-deliveries", "administer", DELIVERIES, _whole_shop(Delivery),
    "list_webhook_deliveries", "What was sent where, and how it ended.",
)  # fmt: skip


@endpoint(router, "GET", "/settings", "look", ShopRecord)
def get_settings(request: HttpRequest) -> Any:  # noqa: ARG001
    """The shop's settings."""
    shop = shop_settings()
    return {name: getattr(shop, name) for name in CHANGEABLE}


@endpoint(router, "PATCH", "/settings", "administer", ShopRecord)
def patch_settings(request: HttpRequest, given: ShopChanges) -> Any:
    """Change some of the settings."""
    shop = change_settings(request.actor, **given.dict(exclude_unset=True, exclude_none=True))
    return {name: getattr(shop, name) for name in CHANGEABLE}


@endpoint(router, "GET", "/webhook-events", "look", list[str])
def list_webhook_events(request: HttpRequest) -> Any:  # noqa: ARG001
    """Events that a webhook can be told of."""
    return list(service.EVENTS)


@endpoint(router, "POST", "/webhooks", "administer", MadeWebhook, status=201)
def add_webhook(request: HttpRequest, given: NewWebhook) -> Any:
    """Tell an address of events from now on."""
    made, secret = service.subscribe(request.actor, given.url, given.events)
    return {"id": made.pk, "secret": secret}


@endpoint(router, "DELETE", "/webhooks/{webhook_id}", "administer", Ended)
def end_webhook(request: HttpRequest, webhook_id: Id) -> Any:
    """Tell an address no more."""
    service.unsubscribe(request.actor, webhook_id)
    return {"ended": True}
