"""Stripe's events that are not done with, and why; staff have them tried again."""

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from billing import inbox
from billing.admin.read_only import staff_of
from lumyx.office import doors
from privacy import errands

ON_A_PAGE = inbox.MOST_AT_ONCE


@doors.staff_page("billing.view_stripeevent")
def show_inbox(request: HttpRequest) -> HttpResponse:
    """Show the events that wait, by how they stand."""
    found = inbox.waiting()
    counts = {kind: rows.count() for kind, rows in found.items()}
    asked = request.GET.get("kind", "")
    kind = asked if asked in found else next((name for name in found if counts[name]), "failing")
    page = Paginator(found[kind], ON_A_PAGE).get_page(request.GET.get("page"))
    context = {"counts": counts, "kind": kind, "page": page, "most_tries": inbox.MOST_TRIES}
    context["errands"], context["errands_failing"] = errands.backlog()
    return doors.show(request, "office/operations/inbox.html", "Stripe’s inbox", context)


@doors.staff_page("billing.view_stripeevent", "billing.change_stripeevent", methods=("POST",))
def try_again(request: HttpRequest) -> HttpResponse:
    """Have the chosen events handled now."""
    events = inbox.try_again(request.POST.getlist("row"))
    if events:
        staff = staff_of(request).pk
        LogEntry.objects.log_actions(staff, events, CHANGE, "Tried again.", single_object=False)
    messages.info(request, f"Handed to the worker: {len(events)}. Others were due already.")
    return redirect("office:inbox")
