"""Imports: send files, see what they would change, commit, take back. And the planning that follows."""

from __future__ import annotations

import tempfile
from pathlib import Path

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from skuwise.server.api.imports import keep_upload
from skuwise.server.errors import RefusedError
from skuwise.server.imports import committing
from skuwise.server.imports.models import ImportBatch
from skuwise.server.imports.staging import stage
from skuwise.server.jobs import queue
from skuwise.server.planning.models import PlanRun, RunState
from skuwise.server.planning.run import start
from skuwise.server.web.pages import actor, page

SHOWN, ROWS_SHOWN = 50, 100


@page("import")
def imports(request: HttpRequest) -> HttpResponse:
    """The imports, and a field for new files."""
    who = actor(request)
    who.require_everywhere("import")
    if request.method == "POST":
        try:
            with tempfile.TemporaryDirectory(prefix="skuwise-upload-") as folder:
                for file in request.FILES.getlist("files"):
                    keep_upload(file, Path(folder))
                batch = stage(who, Path(folder), request.POST.get("source") or "files", whole="whole" in request.POST)
            return redirect("web:import", batch.pk)
        except RefusedError as refused:
            messages.error(request, f"{refused.message}. {refused.mend}")
            return redirect("web:imports")
    return render(request, "web/imports.html", {"batches": ImportBatch.objects.order_by("-id")[:SHOWN]})


@page("import")
def batch(request: HttpRequest, batch_id: int) -> HttpResponse:
    """One import: what it would change or has changed, what was refused and how to mend it."""
    who = actor(request)
    if request.method == "POST":
        try:
            _do(request, batch_id)
        except RefusedError as refused:
            messages.error(request, f"{refused.message}. {refused.mend}")
        return redirect("web:import", batch_id)
    found = committing.get(who, batch_id)
    told = {
        "batch": found,
        "tables": {name: counts for name, counts in found.tables.items() if not name.startswith("_")},
        "rows": found.quarantined.order_by("id")[:ROWS_SHOWN],
        "can_plan": who.may("plan") and who.brands("plan") is None,
    }
    return render(request, "web/import.html", told)


def _do(request: HttpRequest, batch_id: int) -> None:
    who, version = actor(request), int(request.POST.get("version", "0"))
    reason = request.POST.get("reason", "")
    what = request.POST.get("do", "")
    if what == "commit":
        committing.commit(who, batch_id, version)
        messages.success(request, "The import is committed.")
    elif what == "release":
        committing.release(who, batch_id, reason, version)
    elif what == "discard":
        committing.discard(who, batch_id, reason, version)
    elif what == "reverse":
        committing.reverse(who, batch_id, reason, version)
        messages.success(request, "Everything is as it was before the import.")


@page("plan")
def plan_now(request: HttpRequest) -> HttpResponse:
    """Start a planning run, or look how far the one is that runs."""
    who = actor(request)
    if request.method == "POST":
        run = PlanRun.objects.filter(state__in=(RunState.WAITING, RunState.RUNNING)).first() or start(who)
        return redirect("web:plan-run", run.pk)
    return redirect("web:today")


@page("plan")
def plan_run(request: HttpRequest, run_id: int) -> HttpResponse:
    """How far a planning run is; the part with its progress asks again by itself."""
    who = actor(request)
    run = PlanRun.objects.filter(pk=run_id).first()
    if run is None or run.job_id is None:
        return redirect("web:today")
    if run.state == RunState.DONE:
        answer = redirect("web:today")
        if request.headers.get("HX-Request"):
            answer = HttpResponse(status=204, headers={"HX-Redirect": "/"})
        return answer
    part = "web/plan_run_part.html" if request.headers.get("HX-Request") else "web/plan_run.html"
    return render(request, part, {"run": run, "job": queue.get(who, run.job_id)})
