"""Whether Stripe agrees with the ledger: the last comparisons, and what differs."""

from typing import Any

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from billing import differences, stripe_api
from billing.admin.read_only import staff_of
from billing.models import LedgerEntry, Order, Reconciliation
from billing.soon import RECONCILE, soon
from lumyx.office import doors
from privacy.models import Look

MAY = "billing.view_reconciliation"
PAUSE_SECONDS = 60
"""Whoever presses twice compares once."""
ASKED = "reconciliation-asked-for"
PLACE = "office:finance_reconciliation"


@doors.staff_page(MAY, people=Look.LIST)
def show_run(request: HttpRequest) -> HttpResponse:
    """Show a comparison, the last one unless another is asked for."""
    runs = list(differences.runs())
    run = _asked(request, runs)
    found = differences.explain(run) if run is not None else []
    people: list[tuple[type[Any], object]] = []
    for one in found:
        people += [(Order, one.order.pk)] if one.order else []
        people += [(LedgerEntry, entry.pk) for entry in one.entries]
    context = {
        "runs": [(one, differences.state(one)) for one in runs],
        "run": run,
        "state": differences.state(run) if run is not None else "",
        "found": [_row(one) for one in found],
        "most": differences.SHOWN,
        "running": any(differences.state(one) == "running" for one in runs),
        "can_run": stripe_api.available(),
    }
    template = "office/finance/reconciliation.html"
    return doors.show(request, template, "Reconciliation with Stripe", context, people=people)


@doors.staff_page(MAY, methods=("POST",))
def run_again(request: HttpRequest) -> HttpResponse:
    """Have Stripe and the ledger compared now."""
    if any(differences.state(run) == "running" for run in differences.runs()):
        messages.warning(request, "A comparison is under way. Look again in a few minutes.")
    elif not cache.add(ASKED, 1, timeout=PAUSE_SECONDS):
        messages.warning(request, "This was asked for within the last minute.")
    else:
        LogEntry.objects.create(
            user=staff_of(request),
            content_type=ContentType.objects.get_for_model(Reconciliation),
            object_repr="reconciliation",
            action_flag=CHANGE,
            change_message="Asked for a comparison with Stripe.",
        )
        soon(RECONCILE)
        messages.success(request, "Asked for. It takes a few minutes; then it stands here.")
    return redirect(PLACE)


def _asked(request: HttpRequest, runs: list[Reconciliation]) -> Reconciliation | None:
    name = request.GET.get("run")
    if name is None:
        ended = [run for run in runs if run.ended_at is not None]
        return next(iter(ended or runs), None)
    if not (name.isascii() and name.isdecimal() and len(name) < 10):
        raise Http404
    run = Reconciliation.objects.filter(pk=int(name)).first()
    if run is None:
        raise Http404
    return run


def _row(one: differences.Explained) -> dict[str, Any]:
    ledger = reverse("office:finance_ledger")
    return {
        "one": one,
        "href": reverse("admin:billing_order_change", args=[one.order.pk]) if one.order else "",
        "ledger": f"{ledger}?reference={one.difference.payment}" if one.order else "",
        "entries": [(entry, differences.in_cents(entry)) for entry in one.entries],
    }
