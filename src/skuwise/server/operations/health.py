"""Whether the server lives, whether it can work, and its figures for Prometheus."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from skuwise.server.accounts.actor import actor_of
from skuwise.server.accounts.keys import actor_of_key

REGISTRY = CollectorRegistry()
REQUESTS = Counter(
    "skuwise_requests", "Requests by method, kind of path and status.", ["method", "area", "status"], registry=REGISTRY
)
SECONDS = Histogram("skuwise_request_seconds", "Time to answer a request.", ["area"], registry=REGISTRY)
RUNNER_LOST_AFTER = timedelta(minutes=2)
LOOPBACK = ("127.0.0.1", "::1")


def alive(_request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


def ready(_request: HttpRequest) -> HttpResponse:
    """The database answers and is up to date, the data folder can be written, and the runner lives; 503 if not."""
    found = checks()
    return JsonResponse({"ready": all(found.values()), "checks": found}, status=200 if all(found.values()) else 503)


def checks() -> dict[str, bool]:
    """Each thing that the server needs, and whether it is so."""
    found = {
        "data_folder": os.access(settings.CONFIG.data_folder, os.W_OK),
        "database": False,
        "migrated": False,
        "runner": False,
    }
    try:
        executor = MigrationExecutor(connection)
        found["database"] = True
        found["migrated"] = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        found["runner"] = found["migrated"] and _runner_lives()
    except DatabaseError:
        pass
    return found


def metrics(request: HttpRequest) -> HttpResponse:
    """Figures in the text format of Prometheus, for this machine and for administrators."""
    if not _may_see(request):
        return HttpResponse("forbidden\n", status=403, content_type="text/plain")
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)


def _may_see(request: HttpRequest) -> bool:
    if request.META.get("REMOTE_ADDR") in LOOPBACK and "HTTP_X_FORWARDED_FOR" not in request.META:
        return True
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    someone = actor_of_key(token) if scheme.lower() == "bearer" else None
    if someone is None and request.user.is_authenticated:
        someone = actor_of(request.user)
    return someone is not None and someone.may("administer")


def _runner_lives() -> bool:
    from skuwise.server.jobs.models import DutyDone

    return DutyDone.objects.filter(done_at__gte=timezone.now() - RUNNER_LOST_AFTER).exists()


class _Figures:
    """What is counted anew whenever it is asked for."""

    def collect(self) -> Iterator[Any]:
        from skuwise.server.imports.models import ImportBatch
        from skuwise.server.jobs.models import Job
        from skuwise.server.planning.models import PlanRun

        now = timezone.now()
        jobs = GaugeMetricFamily("skuwise_jobs", "Background jobs by state.", labels=["state"])
        for row in Job.objects.values("state").annotate(count=Count("id")):
            jobs.add_metric([row["state"]], row["count"])
        yield jobs
        oldest = Job.objects.filter(state="queued").aggregate(oldest=Min("created_at"))["oldest"]
        yield _one(
            "skuwise_queue_age_seconds", "How long the oldest job waits.", oldest and (now - oldest).total_seconds()
        )
        run = PlanRun.objects.filter(in_force=True).first()
        yield _one(
            "skuwise_plan_age_seconds", "Age of the plan in force.", run and (now - run.finished_at).total_seconds()
        )
        yield _one("skuwise_plan_items", "Items of the plan in force.", run and run.item_count)
        yield _one(
            "skuwise_imports_held", "Imports that wait for a person.", ImportBatch.objects.filter(state="held").count()
        )


def _one(name: str, what: str, value: float | None) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, what, value=value or 0)


REGISTRY.register(_Figures())
