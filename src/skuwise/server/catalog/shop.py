"""The shop's own settings: one row, made when it is first asked for."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction

from skuwise.server.accounts.actor import Actor
from skuwise.server.audit.record import record
from skuwise.server.catalog.models import ShopSettings
from skuwise.server.errors import RefusedError

CURRENCY_LETTERS = 3
CHANGEABLE = (
    "name",
    "currency",
    "time_zone",
    "date_order",
    "feed_change_share_max",
    "order_value_minor_second_approval",
    "draft_days_max",
)


def shop_settings() -> ShopSettings:
    """The settings in force."""
    return ShopSettings.objects.filter(id=1).first() or ShopSettings(id=1)


def locked_settings() -> ShopSettings:
    """The one row under lock: whoever changes much at once (an import, a reversal) holds it, so that one does."""
    ShopSettings.objects.get_or_create(id=1)
    return ShopSettings.objects.select_for_update().get(id=1)


def change_settings(actor: Actor, **changes: Any) -> ShopSettings:
    """Change some of the settings; what changed from what to what is in the audit trail."""
    actor.require_everywhere("administer")
    unknown = set(changes) - set(CHANGEABLE)
    if unknown:
        raise RefusedError("CAT-SETTING", f"{sorted(unknown)[0]!r} is no setting", f"known are {', '.join(CHANGEABLE)}")
    _check(changes)
    with transaction.atomic():
        shop = locked_settings()
        before = {name: getattr(shop, name) for name in changes if getattr(shop, name) != changes[name]}
        for name in before:
            setattr(shop, name, changes[name])
        if before:
            shop.save(update_fields=list(before))
            after = {name: changes[name] for name in before}
            record(actor, "settings.changed", "settings", "shop", before=before, after=after)
    return shop


def _check(changes: dict[str, Any]) -> None:
    currency = changes.get("currency", "USD")
    if len(currency) != CURRENCY_LETTERS or not currency.isalpha() or currency != currency.upper():
        raise RefusedError("CAT-SETTING", f"{currency!r} is no currency", "give its three letters, such as EUR")
    try:
        ZoneInfo(changes.get("time_zone", "UTC"))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise RefusedError("CAT-SETTING", str(error), "give a zone such as Europe/Berlin") from error
    for name in ("feed_change_share_max", "order_value_minor_second_approval", "draft_days_max"):
        if (changes.get(name) or 0) < 0:
            raise RefusedError("CAT-SETTING", f"{name} cannot be below zero", "give zero or more")
    if changes.get("date_order", "") not in ("", "day_first", "month_first"):
        raise RefusedError("CAT-SETTING", "date_order is neither day_first nor month_first", "leave it blank if unsure")
