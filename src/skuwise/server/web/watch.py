"""The watch: what it found and what it changed or asks for; a person answers here."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from skuwise.server.errors import RefusedError
from skuwise.server.planning import answers
from skuwise.server.planning.models import PlanRun
from skuwise.server.web.pages import actor, page

SHOWN = 60
STATES = ("waiting", "applied", "refused", "undone")


@page("look")
def watch(request: HttpRequest) -> HttpResponse:
    """Alarms, the most money first, and changes of rules in one state."""
    who = actor(request)
    if request.method == "POST":
        try:
            _answer(request)
        except RefusedError as refused:
            messages.error(request, f"{refused.message}. {refused.mend}")
        return redirect(request.get_full_path())
    state = request.GET.get("state", "waiting")
    state = state if state in STATES else "waiting"
    told = {
        "run": PlanRun.objects.filter(in_force=True).first(),
        "alarms": answers.alarms(who).filter(state="open").order_by("-at_stake_minor", "id")[:SHOWN],
        "changes": answers.changes(who).filter(state=state).order_by("-state_on", "id")[:SHOWN],
        "count": answers.changes(who).filter(state=state).count(),
        "state": state,
        "states": STATES,
        "can_answer": who.may("edit_rules"),
    }
    return render(request, "web/watch.html", told)


def _answer(request: HttpRequest) -> None:
    who, ids, what = actor(request), request.POST.getlist("id"), request.POST.get("do", "")
    why = request.POST.get("why", "")
    if what == "acknowledge":
        count = answers.acknowledge(who, ids, why)
        messages.success(request, f"{count} acknowledged.")
    else:
        count = answers.decide(who, ids, what, why)
        messages.success(request, f"{count} answered. The next plan counts with it.")
