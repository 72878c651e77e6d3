"""The public pages of privacy."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from privacy import policies


@require_safe
def policy(request: HttpRequest, kind: str) -> HttpResponse:
    """Show a document as it is in effect."""
    if kind not in policies.TITLES:
        raise Http404
    found = policies.current(kind)
    blocks = [block.strip() for block in found.text.split("\n\n") if block.strip()]
    return render(request, "privacy/policy.html", {"policy": found, "blocks": blocks})
