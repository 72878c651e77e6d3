"""Staff reach the admin with a second factor only; dangerous acts ask for it anew.

django-allauth keeps the factors and checks them. Here is who must have shown one, and when.
"""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts import recent
from accounts.models import User

ADMIN = "/admin/"
FACTORS_PAGES = "/accounts/2fa/"
AT_SIGN_IN = "/accounts/2fa/authenticate/"
"""Where somebody shows a factor who is not signed in yet."""
SHOWN_AT = "second_factor_at"
FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
HARMLESS = ("/admin/logout/", "/admin/reason", "/admin/customers")
"""What may be posted in the admin without a factor that was shown just now; the last searches."""


def enrolled(user: User) -> bool:
    """Return whether a person has a second factor."""
    return bool(is_mfa_enabled(user, FACTORS))


def note_enrolled(request: HttpRequest, user: User, authenticator: Authenticator) -> None:
    """Take a factor that was enrolled just now for shown; the signal of django-allauth."""
    if authenticator.type in FACTORS:
        request.session[SHOWN_AT] = time.time()


def shown_at(request: HttpRequest, user: User) -> float:
    """Return when a second factor was last shown in this session (Unix seconds), or 0."""
    records = get_authentication_records(request, user)
    shown = (record["at"] for record in records if record.get("method") == "mfa")
    return max(shown, default=float(request.session.get(SHOWN_AT, 0)))


def shown_recently(request: HttpRequest, user: User) -> bool:
    """Return whether a second factor was shown within the last minutes."""
    return time.time() - shown_at(request, user) < settings.RECENT_SIGN_IN_MINUTES * 60


def demanded(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Middleware: nobody passes into the admin but staff who have shown a second factor."""

    def middleware(request: HttpRequest) -> HttpResponse:
        step = None
        if request.path.startswith(ADMIN):
            step = _missing_for_admin(request)
        elif request.path.startswith(FACTORS_PAGES) and request.path != AT_SIGN_IN:
            step = _missing_for_factors(request)
        if step is not None:
            back = request.get_full_path() if request.method == "GET" else ADMIN
            return redirect(f"{reverse(step)}?{urlencode({'next': back})}")
        return get_response(request)

    return middleware


def _missing_for_admin(request: HttpRequest) -> str | None:
    """Return the page where what is missing can be shown; raise Http404 where nothing helps."""
    user = request.user
    if not isinstance(user, User):
        return "account_login"
    if not user.is_staff or not user.is_active:
        raise Http404
    if not enrolled(user):
        messages.warning(request, "The admin opens once you have one of these.")
        return "mfa_index"
    if not shown_at(request, user):
        return "mfa_reauthenticate"
    if _dangerous(request) and not shown_recently(request, user):
        messages.warning(request, "Nothing was changed. Show your second factor and do it again.")
        return "mfa_reauthenticate"
    return None


def _missing_for_factors(request: HttpRequest) -> str | None:
    """Return the page that comes before those of factors; customers have none of them."""
    user = request.user
    if not isinstance(user, User):
        return "account_login"
    if not user.is_staff:
        raise Http404
    # Whoever finds a session open must not make themselves a factor with it.
    if not enrolled(user) and not recent.signed_in_recently(request):
        return "sign_in_again"
    return None


def _dangerous(request: HttpRequest) -> bool:
    if request.method != "POST":
        return False
    return request.path not in HARMLESS
