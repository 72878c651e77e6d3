"""The pages of a deletion: its plan, the way back, and the check of a receipt."""

import json
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.limited import limited
from accounts.models import State, User
from accounts.pages import signed_in
from accounts.recent import recent_sign_in_required
from accounts.wording import WordedForm
from privacy import erasure, plan, receipts
from privacy.welcome import FREE

FREE_WHILE_CLOSING = (*FREE, "/contact")
LONGEST_RECEIPT = 20_000


class SureForm(WordedForm):
    """What somebody confirms who wants to be deleted."""

    name = forms.CharField(label="Your username, to be sure", max_length=150)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user = user
        self.fields["name"].widget.attrs["autocomplete"] = "off"

    def clean_name(self) -> str:
        """Compare it with the name."""
        name: str = self.cleaned_data["name"].strip()
        if name.casefold() != self._user.username.casefold():
            raise forms.ValidationError("That is not your username.")
        return name


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@recent_sign_in_required
@limited("20/h")
def delete(request: HttpRequest) -> HttpResponseBase:
    """Show what a deletion does, and begin it."""
    user = signed_in(request)
    if erasure.under_way(user) is not None:
        return redirect("closing")
    form = SureForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            begun = erasure.ask(user)
        except erasure.IsStaff:
            form.add_error(None, "You are a member of staff. Ask an operator to end that first.")
        else:
            logout(request)
            return render(request, "privacy/closing_begun.html", {"erasure": begun})
    context = {"form": form, "plan": plan.of(user), "staff": user.is_staff}
    return render(request, "privacy/delete.html", context, status=400 if form.errors else 200)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def closing(request: HttpRequest) -> HttpResponse:
    """Show somebody who came back that their account is closing, and let them keep it."""
    user = signed_in(request)
    found = erasure.under_way(user)
    if found is None:
        return redirect("dashboard")
    if request.method == "POST":
        if erasure.call_off(user):
            messages.success(request, "Welcome back: your account stays, and your keys work again.")
            return redirect("dashboard")
        messages.error(request, "It is too late to keep this account.")
    context = {"erasure": found, "can_stay": erasure.can_stay(found)}
    return render(request, "privacy/closing.html", context)


def demanded(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Middleware: who is signed in while their account closes is asked whether to keep it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        user = request.user
        if (
            isinstance(user, User)
            and user.state == State.CLOSING
            and not request.path.startswith(FREE_WHILE_CLOSING)
        ):
            return redirect("closing")
        return get_response(request)

    return middleware


class ReceiptForm(WordedForm):
    """A receipt that somebody kept."""

    receipt = forms.CharField(
        label="The receipt",
        max_length=LONGEST_RECEIPT,
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false"}),
        help_text="The lines from { to } of the mail that you got.",
    )


@never_cache
@limited("60/h", by="ip")
def check_receipt(request: HttpRequest) -> HttpResponse:
    """Say whether a receipt of a deletion is genuine."""
    form = ReceiptForm(request.POST or None)
    context: dict[str, object] = {"form": form, "keys": receipts.public_keys()}
    if request.method == "POST" and form.is_valid():
        try:
            context["genuine"] = receipts.verify(json.loads(form.cleaned_data["receipt"]))
        except (receipts.NotGenuine, ValueError, RecursionError):
            form.add_error("receipt", "This is no receipt of ours, or it was changed.")
    status = 400 if form.errors else 200
    return render(request, "privacy/check_receipt.html", context, status=status)
