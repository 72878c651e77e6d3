"""The pages that say what went wrong: what happened, what to do next, and no cookie.

Programs that ask below `/api` get JSON. A page that cannot be drawn as usual is drawn without
the site around it, and one that cannot be drawn at all is plain HTML.
"""

import logging
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django_htmx.http import HttpResponseClientRefresh
from django_ratelimit.exceptions import Ratelimited

from accounts.limited import TooOften

log = logging.getLogger("lumyx")

AWAY_SECONDS = 30
"""When to come again while PostgreSQL does not answer."""
PLAIN = (
    '<!doctype html><html lang="en"><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta name="color-scheme" content="light dark"><title>LumyxAI</title>'
    "<h1>Something failed on our side</h1>"
    "<p>Try again in a moment. If it lasts, <a href='/status'>the status page</a> says more.</p>"
    "<p><a href='/'>To the front page</a></p></html>"
)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that cannot be read, or that is too large."""
    if isinstance(exception, RequestDataTooBig):
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024
        return _page(request, 413, "errors/413.html", most=f"{most:,} kB")
    return _page(request, 400, "400.html")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer who may not open a page."""
    return _page(request, 403, "403.html")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form without the token of its session."""
    # The token is in the session, which nobody can read now.
    return unavailable(request) if _away(request) else _page(request, 403, "403_csrf.html")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer who asks for what is not there."""
    return _page(request, 404, "404.html")


def too_often(request: HttpRequest, exception: Ratelimited) -> HttpResponse:
    """Answer who was stopped by the limit of a form, and say when it may be sent again."""
    seconds = exception.seconds if isinstance(exception, TooOften) else 60
    again = timezone.now() + timedelta(seconds=seconds)
    at_contact = request.resolver_match and request.resolver_match.url_name == "contact"
    write = settings.PRIVACY_CONTACT if at_contact else ""
    answer = _page(request, 429, "429.html", wait=in_words(seconds), again=again, write=write)
    answer["Retry-After"] = str(seconds)
    return answer


def failed(request: HttpRequest) -> HttpResponse:
    """Answer when we failed; a database that does not answer is told apart."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return unavailable(request)
    return _bare(request, 500, "500.html")


def unavailable(request: HttpRequest) -> HttpResponse:
    """Answer while PostgreSQL, which the page needs, does not."""
    answer = _bare(request, 503, "errors/503.html")
    answer["Retry-After"] = str(AWAY_SECONDS)
    return answer


def explained(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Middleware: give answers without words some, and have no page guess who somebody is."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code == 405 and not response.content:
            page = _page(request, 405, "errors/405.html", allowed=response["Allow"])
            page["Allow"] = response["Allow"]
            return page
        if response.status_code == 302:
            # Who cannot be told from a stranger now is not to be sent to the sign-in.
            if _away(request):
                return unavailable(request)
            if getattr(request, "htmx", False) and _leads_to_sign_in(response):
                return HttpResponseClientRefresh()
        return response

    return middleware


def _leads_to_sign_in(response: HttpResponse) -> bool:
    return response["Location"].startswith("/sign-in")


def _away(request: HttpRequest) -> bool:
    return getattr(getattr(request, "session", None), "away", False)


def in_words(seconds: int) -> str:
    """Write a wait as people say it, never shorter than it is."""
    if seconds < 60:
        return f"{seconds} second{'' if seconds == 1 else 's'}"
    minutes = -(-seconds // 60)
    if minutes < 60:
        return f"{minutes} minute{'' if minutes == 1 else 's'}"
    hours = -(-minutes // 60)
    return f"{hours} hour{'' if hours == 1 else 's'}"


def _page(request: HttpRequest, status: int, template: str, **context: Any) -> HttpResponse:
    """Draw a page within the site, or without it where that fails."""
    if _for_programs(request):
        return _json(status)
    try:
        return render(request, template, {"code": str(status), **context}, status=status)
    except Exception as error:
        log.error("the page of a %s could not be drawn: %s", status, type(error).__name__)
        return _bare(request, status, template, **context)


def _bare(request: HttpRequest, status: int, template: str, **context: Any) -> HttpResponse:
    """Draw a page that needs neither a session nor a database."""
    if _for_programs(request):
        return _json(status)
    try:
        named = {"code": str(status), "shell_of": "errors/bare.html", **context}
        page: str = render_to_string(template, named)
    except Exception as error:
        log.error("the page of a %s could not be drawn: %s", status, type(error).__name__)
        page = PLAIN
    answer = HttpResponse(page, status=status)
    answer["Cache-Control"] = "no-store"
    return answer


def _for_programs(request: HttpRequest) -> bool:
    return request.path == "/api" or request.path.startswith("/api/")


def _json(status: int) -> HttpResponse:
    said = {
        404: "No such endpoint. The API's base is /api/v1.",
        503: "The service is briefly unavailable. You were not charged. Try again in a moment.",
    }.get(status, "This request failed. The API's base is /api/v1.")
    kind = "api_error" if status >= 500 else "invalid_request_error"
    return JsonResponse({"error": {"message": said, "type": kind, "code": None}}, status=status)
