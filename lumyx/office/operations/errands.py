"""What other companies are still to delete, and why they have not; staff have it asked again."""

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from billing.admin.read_only import staff_of
from lumyx.office import doors
from privacy import erasure, errands, reasons, staff_access
from privacy.models import Errand, Look

ON_A_PAGE = errands.MOST_AT_ONCE


@doors.staff_page("privacy.view_errand", people=Look.LIST)
def show_errands(request: HttpRequest) -> HttpResponse:
    """Show the errands that are not done; they belong to whom an erasure is about."""
    page = Paginator(errands.waiting(), ON_A_PAGE).get_page(request.GET.get("page"))
    return doors.show(
        request,
        "office/operations/errands.html",
        "Errands of deletions",
        {"page": page},
        people=[(Errand, errand.pk) for errand in page],
    )


@doors.staff_page("privacy.view_errand", "privacy.change_errand", methods=("POST",))
def try_again(request: HttpRequest) -> HttpResponse:
    """Have the chosen errands run now; whose they are is noted first."""
    reason = reasons.given(request)
    if reason is None:
        return reasons.ask(request, page=False)
    chosen = [int(row) for row in request.POST.getlist("row") if row.isdecimal()][:ON_A_PAGE]
    staff = staff_of(request)
    staff_access.note(staff, {Errand: chosen}, how=Look.ACTED, reason=reason)
    done = erasure.try_errands_again(chosen)
    if done:
        LogEntry.objects.log_actions(staff.pk, done, CHANGE, "Tried again.", single_object=False)
    messages.info(request, f"Handed to the worker: {len(done)}. Others were due already.")
    return redirect("office:errands")
