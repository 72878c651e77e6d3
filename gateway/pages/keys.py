"""The pages of keys: read, call, respond."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import once
from accounts.limited import limited
from accounts.models import State
from accounts.pages import signed_in
from accounts.recent import recent_sign_in_required
from billing import accounts
from gateway import key_use, keys, public_prices, snippets
from gateway.models import ApiKey, Capability, Scope
from gateway.pages.dashboard import first_model
from gateway.pages.key_forms import KeyForm, PlaygroundForm, RotateForm

MOST_KEYS = 100
SOON = timedelta(days=7)
REVOKING = (
    "Programs that use it are refused within a second; calls that are under way end, and are"
    " charged. Its calls stay in your usage for as long as they would have. This cannot be undone."
)


@never_cache
@login_required
@require_safe
def list_keys(request: HttpRequest) -> HttpResponse:
    """Show a person's keys: those that live, the playground's, then those that do not."""
    user = signed_in(request)
    found = list(user.api_keys.order_by("-created_at"))
    uses = key_use.of(user, found)
    every = [_show(key) | {"use": use} for key, use in zip(found, uses, strict=True)]
    rows = [row for row in every if not row["key"].is_playground]
    context = {
        "revoking": REVOKING,
        "playground": [row for row in every if row["key"].is_playground],
        "living": [row for row in rows if row["state"] in ("good", "soon")],
        "ended": [row for row in rows if row["state"] not in ("good", "soon")],
    }
    return render(request, "gateway/keys.html", context)


def _show(key: ApiKey) -> dict[str, Any]:
    now = timezone.now()
    if key.revoked_at is not None:
        state = "revoked"
    elif key.expires_at is not None and key.expires_at <= now:
        state = "expired"
    else:
        soon = key.expires_at is not None and key.expires_at - now < SOON
        state = "soon" if soon else "good"
    return {
        "key": key,
        "state": state,
        "overlap": _overlaps(key),
        "dialog": f"revoke-{key.pk}",
        "ask": f"Revoke {key.name}?",
    }


def _overlaps(key: ApiKey) -> bool:
    """Return whether the text that a key had before still works."""
    now = timezone.now()
    return key.is_in_force(now) and key.previous_until is not None and key.previous_until > now


@never_cache
@login_required
@recent_sign_in_required
@limited("30/h")
def new_key(request: HttpRequest) -> HttpResponse:
    """Make a key; its text is in this answer and nowhere else."""
    user = signed_in(request)
    form = KeyForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _form(request, form)
    if not once.spend(request):
        return _not_taken(request)
    if user.state != State.ACTIVE:
        form.add_error(None, "Your account is frozen, so it can make no keys.")
    elif user.api_keys.in_force().programs().count() >= MOST_KEYS:
        form.add_error(None, f"You have {MOST_KEYS} keys in force. Revoke one first.")
    if form.errors:
        return _form(request, form)
    accounts.open_for(user)
    try:
        row, text = keys.issue(user, **form.values())
    except ValidationError as error:
        _take(form, error)
        return _form(request, form)
    return _shown_once(request, row, text, "Your new key")


@never_cache
@login_required
@limited("120/h")
def edit_key(request: HttpRequest, key_id: UUID) -> HttpResponse:
    """Change what a key may do, on every process within a second."""
    key = _own(key_id, signed_in(request).api_keys.all())
    kind = PlaygroundForm if key.is_playground else KeyForm
    form = kind(request.POST or None, key=key)
    if request.method != "POST" or not form.is_valid():
        return _form(request, form, key)
    try:
        keys.configure(key, **form.values())
    except ValidationError as error:
        _take(form, error)
        return _form(request, form, key)
    messages.success(request, f"{key.name} is changed.")
    return redirect("keys")


@never_cache
@login_required
@recent_sign_in_required
@limited("30/h")
def rotate_key(request: HttpRequest, key_id: UUID) -> HttpResponse:
    """Give a key a new text; the old one works on for as long as is chosen."""
    key = _own(key_id, signed_in(request).api_keys.programs())
    if not key.is_in_force(timezone.now()):
        # Its new text would open nothing.
        said = f"{key.name} has expired. Give it a new end first, then rotate it."
        messages.warning(request, said)
        return redirect("edit_key", key.pk)
    form = RotateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if not once.spend(request):
            return _not_taken(request, key)
        if signed_in(request).state != State.ACTIVE:
            form.add_error(None, "Your account is frozen, so its keys get no new text.")
    if request.method != "POST" or form.errors:
        context = {"form": form, "key": key, "overlap": _overlaps(key)}
        status = 400 if form.errors else 200
        return render(request, "gateway/rotate_key.html", context, status=status)
    overlap = timedelta(seconds=int(form.cleaned_data["overlap"]))
    text = keys.rotate(key, overlap=overlap)
    return _shown_once(request, key, text, f"The new text of {key.name}")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def revoke_key(request: HttpRequest, key_id: UUID) -> HttpResponse:
    """Stop a key for good; ask first where no script could."""
    programs = signed_in(request).api_keys.programs()
    if request.method != "POST":
        context = {"key": _own(key_id, programs), "revoking": REVOKING}
        return render(request, "gateway/revoke_key.html", context)
    key = get_object_or_404(programs, pk=key_id)
    keys.revoke(key)
    messages.success(
        request, f"{key.name} is revoked. Programs that use it are refused from now on."
    )
    return redirect("keys")


def _own(key_id: UUID, own: QuerySet[ApiKey]) -> ApiKey:
    """Return a key of the signed-in person that was not revoked; 404 for any other."""
    return get_object_or_404(own, pk=key_id, revoked_at__isnull=True)


def _form(request: HttpRequest, form: KeyForm, key: ApiKey | None = None) -> HttpResponse:
    status = 400 if form.errors else 200
    return render(request, "gateway/key_form.html", {"form": form, "key": key}, status=status)


def _take(form: KeyForm, error: ValidationError) -> None:
    """Show what the key itself refuses beside its field."""
    for name, wrong in error.message_dict.items():
        form.add_error(name if name in form.fields else None, wrong)


def _not_taken(request: HttpRequest, key: ApiKey | None = None) -> HttpResponse:
    """Say that a form was sent already, or that it came without what makes it one of ours."""
    if not once.is_own(request):
        return render(request, "gateway/not_complete.html", {"key": key}, status=400)
    return render(request, "gateway/sent_already.html", {"key": key}, status=409)


def _shown_once(request: HttpRequest, key: ApiKey, text: str, title: str) -> HttpResponse:
    context = {"key": key, "secret": text, "title": title, "samples": _samples(key, text)}
    return render(request, "gateway/key_made.html", context)


def _samples(key: ApiKey, text: str) -> list[tuple[str, str]]:
    """Return a first call that this key may make."""
    base = f"{settings.PUBLIC_URL}/api"
    if Scope.INFERENCE not in key.scopes:
        return snippets.of_usage(base, key=text)
    if not key.allowed_models:
        return snippets.first_call(base, key=text, model=first_model())
    on_offer = {one.name: one.capabilities for one in public_prices.listed()}
    allowed = [(name, on_offer.get(name, frozenset())) for name in key.allowed_models]
    # One that chats, if there is one.
    allowed.sort(key=lambda one: Capability.CHAT not in one[1])
    model, capabilities = allowed[0]
    return snippets.for_model(base, model=model, capabilities=capabilities, key=text)
