"""The privacy centre: what is held about somebody, and their copy of it."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import recent
from accounts.data_sets import DataSet
from accounts.limited import limited
from accounts.models import User
from accounts.pages import signed_in
from accounts.recent import recent_sign_in_required
from privacy import (
    acceptances,
    data_requests,
    exports,
    inactivity,
    inventory,
    legal_requests,
    plan,
    restricting,
    staff_access,
)


@dataclass(frozen=True)
class Held:
    """A data set, and how much of it is somebody's; `more` where nobody waits to be counted."""

    entry: DataSet
    rows: int
    more: bool


def held(user: User) -> list[Held]:
    """Return what is held about somebody, what there is first."""
    found = [Held(entry, *plan.rows(entry, user)) for entry in inventory.data_sets()]
    return sorted(found, key=lambda one: not one.rows)


@never_cache
@login_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Show everything held, and what can be done about it."""
    user = signed_in(request)
    found = held(user)
    context = {
        "held": [one for one in found if one.rows],
        "not_held": [one.entry for one in found if not one.rows],
        "requests": data_requests.of(user),
        "acceptances": acceptances.receipts(user),
        "grace_days": settings.ERASURE_GRACE_DAYS,
        **_looks(user),
        "disclosures": legal_requests.told_to(user),
        **_exports(user),
        **restricting.context(user),
        "use": inactivity.read(User.objects.filter(pk=user.pk))[0],
        "inactive_months": settings.INACTIVE_MONTHS,
        "keys": user.api_keys.maybe_logged().order_by("-created_at"),
    }
    return render(request, "privacy/centre.html", context)


def _looks(user: User) -> dict[str, object]:
    looks, total = staff_access.of(user)
    return {"looks": looks, "rows_looked_at": total}


def _exports(user: User) -> dict[str, object]:
    made = exports.of(user)
    return {
        "exports": made,
        "waiting": any(export.under_way for export in made),
        "days": exports.KEPT.days,
    }


@never_cache
@login_required
@require_POST
@limited("20/h")
def ask_export(request: HttpRequest) -> HttpResponse:
    """Ask for a copy of everything held, after a recent sign-in."""
    if not recent.signed_in_recently(request):
        return recent.ask(reverse("privacy_centre"))
    try:
        export = exports.ask(signed_in(request))
    except exports.TooMany:
        messages.error(
            request, f"You can ask for {exports.MOST_A_DAY} copies a day. Please come back later."
        )
    else:
        exports.hand_over(export)
    return redirect("privacy_centre")


@never_cache
@login_required
@require_safe
def exports_live(request: HttpRequest) -> HttpResponse:
    """Show how far the copies are; the page asks again while one is being made."""
    return render(request, "privacy/exports_live.html", _exports(signed_in(request)))


@never_cache
@login_required
@require_safe
@recent_sign_in_required
def download_export(request: HttpRequest, export: UUID) -> HttpResponseBase:
    """Send somebody their own copy, after a recent sign-in and until it ends."""
    found = exports.fetch(signed_in(request), str(export))
    if found is None:
        raise Http404
    name = f"lumyxai-{found.asked_at:%Y-%m-%d}.zip"
    return FileResponse(found.path.open("rb"), as_attachment=True, filename=name)
