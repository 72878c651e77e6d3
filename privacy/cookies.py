"""The page of the one cookie, as the settings have it."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.sessions import ANONYMOUS

HOURS_OF_A_DAY = 24


@require_safe
def show_cookies(request: HttpRequest) -> HttpResponse:
    """Say which cookie there is, what for and for how long, and what there is not."""
    context = {
        "name": settings.SESSION_COOKIE_NAME,
        "host": urlsplit(settings.PUBLIC_URL).hostname,
        "marks": marks(),
        "span": _span(settings.SESSION_HOURS),
        "minutes": int(ANONYMOUS.total_seconds()) // 60,
    }
    return render(request, "privacy/cookies.html", context)


def _span(hours: int) -> str:
    if hours % HOURS_OF_A_DAY == 0:
        number, unit = hours // HOURS_OF_A_DAY, "day"
    else:
        number, unit = hours, "hour"
    return f"{number} {unit}{'' if number == 1 else 's'}"


def marks() -> list[tuple[str, str]]:
    """Return the cookie's attributes, each with what it does."""
    found = [
        ("HttpOnly", "No script can read it.", settings.SESSION_COOKIE_HTTPONLY),
        ("Secure", "It travels encrypted only.", settings.SESSION_COOKIE_SECURE),
        (
            f"SameSite={settings.SESSION_COOKIE_SAMESITE}",
            "Forms of other sites are sent without it.",
            settings.SESSION_COOKIE_SAMESITE in ("Lax", "Strict"),
        ),
        (
            "No Domain",
            "It goes to this host and to no other, not to one below it either.",
            settings.SESSION_COOKIE_DOMAIN is None,
        ),
        (
            "No Max-Age",
            "The browser drops it when it closes.",
            settings.SESSION_EXPIRE_AT_BROWSER_CLOSE,
        ),
    ]
    return [(name, what) for name, what, true in found if true]
