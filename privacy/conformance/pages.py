"""The public page of the promises and how they are kept, and the same for machines."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from privacy.conformance import results

CACHED = "public, max-age=60"


@require_safe
def conformance(request: HttpRequest) -> HttpResponse:
    """Show clause by clause what was promised, how it is checked, and what was found."""
    page = render(request, "privacy/conformance.html", {"report": results.report()})
    if not request.user.is_authenticated:
        page["Cache-Control"] = CACHED
    return page


@require_safe
def as_json(request: HttpRequest) -> HttpResponse:
    """Say the same to a machine."""
    found = JsonResponse(results.report().as_json, json_dumps_params={"indent": 2})
    found["Cache-Control"] = CACHED
    return found
