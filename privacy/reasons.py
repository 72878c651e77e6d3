"""Why staff look at people's data: asked before the first page with any, and kept for a while."""

import time
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.wording import WordedForm

KEPT_SECONDS = 30 * 60
IN_SESSION = "reason_for_looking"
ADMIN = "/admin/"
LOOKING = ("GET", "HEAD")


class ReasonForm(WordedForm):
    """Why somebody looks."""

    reason = forms.CharField(
        label="Why do you look?",
        min_length=5,
        max_length=200,
        widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True}),
        help_text="Such as a ticket or the number of a request. No names or addresses: everybody "
        "whose data you see can read it.",
    )


def given(request: HttpRequest) -> str | None:
    """Return the reason that was given in this session within the last half hour."""
    kept = request.session.get(IN_SESSION)
    if not kept or time.time() - kept["at"] >= KEPT_SECONDS:
        return None
    return str(kept["reason"])


def give(session: Any, reason: str) -> None:
    """Keep a reason in a session."""
    session[IN_SESSION] = {"reason": reason, "at": time.time()}


def context(request: HttpRequest) -> dict[str, Any]:
    """Tell the admin's pages about people the reason, so that it can be read and changed there."""
    return {"reason_given": given(request), "people_shown": hasattr(request, "visit")}


def ask(request: HttpRequest, *, page: bool) -> HttpResponse:
    """Send somebody who has given no reason to where they can; refuse what is no page."""
    if page and request.method in LOOKING:
        return redirect(f"{reverse('staff_reason')}?{urlencode({'next': request.get_full_path()})}")
    found = {"title": "Say why first", **admin.site.each_context(request)}
    return render(request, "privacy/reason_missing.html", found, status=403)


@never_cache
def staff_reason(request: HttpRequest) -> HttpResponse:
    """Ask a member of staff why they look, and lead them on; it lies behind the admin's door."""
    sent = request.POST if request.method == "POST" else None
    form = ReasonForm(sent, initial={"reason": given(request) or ""})
    target = _local(request.POST.get("next") or request.GET.get("next") or "")
    if form.is_valid():
        give(request.session, form.cleaned_data["reason"])
        return redirect(target)
    found = {"title": "Why do you look?", "form": form, "next": target}
    found |= admin.site.each_context(request)
    status = 400 if form.errors else 200
    return render(request, "privacy/reason.html", found, status=status)


def _local(target: str) -> str:
    """Return a page of the admin to lead on to, whatever an address asks for."""
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts=None)
    return target if safe and target.startswith(ADMIN) else reverse("admin:index")
