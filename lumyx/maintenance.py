"""While we work on the service its pages answer 503, and say until when (`MAINTENANCE`)."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from gateway import maintenance

OPEN = (
    *("/metrics", "/status", "/static/", "/billing/webhooks/"),
    *("/admin/", "/accounts/"),
    # Whoever is signed in can leave, and read what they agreed to; a call that was under way in
    # the playground still tells what it cost.
    *("/sign-out", "/privacy", "/terms", "/cookies", "/playground/calls/"),
)
"""What answers nevertheless: machines, the status, documents, and staff with their ways in."""


def closed(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Middleware: answer 503 for pages of the website while it is under maintenance."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not settings.MAINTENANCE or _is_open(request):
            return get_response(request)
        until: datetime | None = settings.MAINTENANCE_UNTIL
        context = {
            "code": "503",
            "shell_of": "errors/bare.html",
            "until": until if until and until > datetime.now(UTC) else None,
            "api_goes_on": settings.MAINTENANCE == maintenance.SITE,
        }
        answer = HttpResponse(render_to_string("errors/maintenance.html", context), status=503)
        answer["Retry-After"] = str(maintenance.seconds_left())
        answer["Cache-Control"] = "no-store"
        return answer

    return middleware


def _is_open(request: HttpRequest) -> bool:
    if request.path.startswith(OPEN):
        return True
    # Staff who have no password come in through NabzClan.
    return request.path == "/sign-in" and request.GET.get("next", "").startswith("/admin/")
