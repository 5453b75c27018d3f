"""What the planning is due for by itself: the nightly plan, and tidying after what was cut short."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from skuwise.server.accounts.actor import SYSTEM
from skuwise.server.jobs.handlers import duty
from skuwise.server.planning.models import PlanRun
from skuwise.server.planning.run import start, sweep
from skuwise.server.sales.models import OrderLine


def due_since(now: datetime) -> datetime | None:
    """When the newest nightly plan was due, in the zone of the server; None where none is wanted."""
    if not settings.CONFIG.nightly_plan_at:
        return None
    zone = ZoneInfo(settings.TIME_ZONE)
    local = now.astimezone(zone)
    at = time.fromisoformat(settings.CONFIG.nightly_plan_at)
    today = datetime.combine(local.date(), at, tzinfo=zone)
    return today if today <= local else datetime.combine(local.date() - timedelta(days=1), at, tzinfo=zone)


@duty("nightly plan", timedelta(minutes=1))
def plan_tonight(now: datetime) -> None:
    """Start the nightly plan once it is due, unless somebody has planned since."""
    due = due_since(now)
    if due is None or not OrderLine.objects.exists():
        return
    if not PlanRun.objects.filter(requested_at__gte=due).exists():
        start(SYSTEM)


@duty("sweep plans", timedelta(minutes=10))
def sweep_plans(_now: datetime) -> None:
    """Take away what runs that were cut short have left."""
    sweep()
