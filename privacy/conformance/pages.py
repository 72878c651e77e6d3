"""The public page of the promises and how they are kept, and the same for machines."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import second_factor
from accounts.models import User
from privacy.conformance import results

CACHED = "public, max-age=60"


@require_safe
def conformance(request: HttpRequest) -> HttpResponse:
    """Show clause by clause what was promised, how it is checked, and what was found."""
    context = {"report": results.report(), "details": _sees_details(request)}
    page = render(request, "privacy/conformance.html", context)
    if not request.user.is_authenticated:
        page["Cache-Control"] = CACHED
    return page


def _sees_details(request: HttpRequest) -> bool:
    """Return whether staff ask who may, and who have shown a second factor in this session."""
    user = request.user
    if not isinstance(user, User) or not user.has_perm("privacy.view_proberesult"):
        return False
    return bool(second_factor.shown_at(request, user))


@require_safe
def as_json(request: HttpRequest) -> HttpResponse:
    """Say the same to a machine."""
    found = JsonResponse(results.report().as_json, json_dumps_params={"indent": 2})
    found["Cache-Control"] = CACHED
    return found
