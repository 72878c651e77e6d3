"""Ask our own website as a browser would, in this process: every middleware answers, too."""

import io
from functools import cache
from http.cookies import Morsel
from urllib.parse import urlsplit

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpResponse
from django.http.response import HttpResponseBase

READ_BY_ANYBODY = (
    *("/", "/privacy", "/terms", "/privacy/what-we-hold", "/privacy/recipients", "/cookies"),
    *("/status", "/models", "/pricing", "/docs", "/docs/quickstart"),
)
"""Pages that give nobody a cookie."""
WITH_FORMS = ("/sign-in", "/contact", "/accounts/staff/")
"""Pages that begin a session, since their forms need one."""


def visit(path: str, *, method: str = "GET", session: str = "") -> HttpResponse:
    """Return the answer to a browser that has this session, or none; an error is an answer."""
    parts = urlsplit(settings.PUBLIC_URL)
    request = WSGIRequest(
        {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SERVER_NAME": parts.hostname,
            "SERVER_PORT": str(parts.port or (443 if settings.HTTPS else 80)),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": parts.netloc,
            "HTTP_X_FORWARDED_PROTO": parts.scheme,
            "HTTP_COOKIE": f"{settings.SESSION_COOKIE_NAME}={session}" if session else "",
            "CONTENT_LENGTH": "0",
            "wsgi.url_scheme": parts.scheme,
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": io.StringIO(),
        }
    )
    # What is asked here is not whether a form is protected.
    request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
    answer: HttpResponseBase = _handler(tuple(settings.MIDDLEWARE)).get_response(request)
    assert isinstance(answer, HttpResponse)
    return answer


@cache
def _handler(middleware: tuple[str, ...]) -> WSGIHandler:
    return WSGIHandler()


def session_of(answer: HttpResponse) -> "Morsel[str] | None":
    """Return the session's cookie that an answer sets, if it sets one."""
    found: Morsel[str] | None = answer.cookies.get(settings.SESSION_COOKIE_NAME)
    return found


def text_of(answer: HttpResponse) -> str:
    """Return the page."""
    return answer.content.decode()
