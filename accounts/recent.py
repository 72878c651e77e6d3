"""Ask for a recent sign-in before sensitive acts."""

import functools
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

SIGNED_IN_AT = "signed_in_at"
NOT_TAKEN = "not_taken"
"""Where the session keeps the address of a form that came too long after the sign-in."""
SAID = (
    "What you sent was not taken, and nothing was made or changed: you had signed in more than"
    f" {settings.RECENT_SIGN_IN_MINUTES} minutes before."
)
View = Callable[..., HttpResponseBase]


def note(request: HttpRequest) -> None:
    """Note that somebody has signed in just now."""
    request.session[SIGNED_IN_AT] = int(time.time())


def signed_in_recently(request: HttpRequest) -> bool:
    """Return whether the last sign-in of this session is recent."""
    at = request.session.get(SIGNED_IN_AT, 0)
    return bool(time.time() - at < settings.RECENT_SIGN_IN_MINUTES * 60)


def ask(back: str) -> HttpResponse:
    """Send somebody to sign in anew, and then to a page of ours."""
    return redirect(f"{reverse('sign_in_again')}?{urlencode({'next': back})}")


def recent_sign_in_required(view: View) -> View:
    """Let a view act only after a recent sign-in; others are sent to sign in anew."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if signed_in_recently(request):
            if request.session.get(NOT_TAKEN) == request.path:
                del request.session[NOT_TAKEN]
                messages.warning(request, f"{SAID} Please fill it in again.")
            return view(request, *args, **kwargs)
        if request.method == "POST":
            # What was typed in cannot wait: the person comes back to the empty form.
            request.session[NOT_TAKEN] = request.path
            messages.warning(request, SAID)
        return ask(request.path)

    return guarded
