"""Who runs into limits and whose spending leaps; one of them is frozen from here."""

from uuid import UUID

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from accounts import states
from accounts.models import State, User
from billing.admin.read_only import staff_of
from gateway import abuse
from lumyx.office import doors
from privacy.admin_rows import Rows
from privacy.models import Look


@doors.staff_page("gateway.view_requestlog", "accounts.freeze_user", people=Look.LIST)
def show_abuse(request: HttpRequest) -> HttpResponse:
    """Show both lists."""
    refused, spikes = abuse.refused(), abuse.spikes()
    context = {"refused": refused, "spikes": spikes, "times": abuse.TIMES, "days": abuse.DAYS}
    rows: Rows = [(User, user.pk) for user in abuse.people(refused, spikes)]
    return doors.show(request, "office/operations/abuse.html", "Abuse", context, people=rows)


@doors.staff_page(
    "accounts.view_user",
    "accounts.freeze_user",
    people=Look.OPENED,
    methods=("GET", "HEAD", "POST"),
)
def freeze(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Say what freezing an account does, and do it."""
    user = get_object_or_404(User, pk=user_id)
    if request.method == "POST":
        if user.state == State.ACTIVE:
            states.freeze(user)
            staff = staff_of(request).pk
            LogEntry.objects.log_actions(staff, [user], CHANGE, "Frozen.", single_object=True)
            messages.success(request, "Frozen: every key of the account is refused.")
        else:
            messages.info(request, f"Nothing was changed: it is {user.get_state_display()}.")
        return redirect("office:abuse")
    return doors.show(
        request,
        "office/operations/freeze.html",
        "Freeze an account",
        {"person": user},
        people=[(User, user.pk)],
    )
