"""Settings of the Skuwise API. Written by ``skuwise.server.api.client_source``: change that, not this."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict, Unpack

from skuwise.client.connection import Connection, ListQuery, part


class WebhooksRow(TypedDict):
    id: int
    url: str
    active: bool
    created_by: str
    created_at: str


class WebhooksPage(TypedDict):
    rows: list[WebhooksRow]
    next_cursor: str
    count: NotRequired[int | None]


class NewWebhook(TypedDict):
    url: str
    events: list[str]


class MadeWebhook(TypedDict):
    """``secret`` signs every delivery and is shown this once."""

    id: int
    secret: str


class DeliveriesRow(TypedDict):
    id: int
    webhook_id: int
    event: str
    state: str
    attempts: int
    status: int | None
    error: str
    created_at: str


class DeliveriesPage(TypedDict):
    rows: list[DeliveriesRow]
    next_cursor: str
    count: NotRequired[int | None]


class ShopRecord(TypedDict):
    name: str
    currency: str
    time_zone: str
    date_order: str
    feed_change_share_max: float
    order_value_minor_second_approval: int | None
    draft_days_max: int


class ShopChanges(TypedDict):
    """Only what is given changes."""

    name: NotRequired[str | None]
    currency: NotRequired[str | None]
    time_zone: NotRequired[str | None]
    date_order: NotRequired[str | None]
    feed_change_share_max: NotRequired[float | None]
    order_value_minor_second_approval: NotRequired[int | None]
    draft_days_max: NotRequired[int | None]


class Ended(TypedDict):
    ended: bool


class SettingsCalls:
    def __init__(self, connection: Connection) -> None:
        self._ask = connection.ask

    def list_webhooks(self, **query: Unpack[ListQuery]) -> WebhooksPage:
        """Webhooks."""
        answer: WebhooksPage = self._ask("GET", "/webhooks", query=query)
        return answer

    def add_webhook(self, body: NewWebhook) -> MadeWebhook:
        """Tell an address of events from now on."""
        answer: MadeWebhook = self._ask("POST", "/webhooks", body=body)
        return answer

    def list_webhook_deliveries(self, **query: Unpack[ListQuery]) -> DeliveriesPage:
        """What was sent where, and how it ended."""
        answer: DeliveriesPage = self._ask("GET", "/webhook-deliveries", query=query)
        return answer

    def get_settings(self) -> ShopRecord:
        """The shop's settings."""
        answer: ShopRecord = self._ask("GET", "/settings")
        return answer

    def patch_settings(self, body: ShopChanges) -> ShopRecord:
        """Change some of the settings."""
        answer: ShopRecord = self._ask("PATCH", "/settings", body=body)
        return answer

    def list_webhook_events(self) -> list[str]:
        """Events that a webhook can be told of."""
        answer: list[str] = self._ask("GET", "/webhook-events")
        return answer

    def end_webhook(self, webhook_id: int) -> Ended:
        """Tell an address no more."""
        answer: Ended = self._ask("DELETE", f"/webhooks/{part(webhook_id)}")
        return answer
