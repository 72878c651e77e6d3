"""Revoke a customer's keys: one, or all that programs call with."""

from collections.abc import Sequence
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from accounts.models import User
from billing.admin import confirmed
from gateway import keys
from gateway.models import ApiKey
from lumyx.office.customers import acts
from privacy.admin_rows import Rows

UNDO = "It cannot be undone: its owner makes a new key, and puts it wherever the old one is."


@acts.act(acts.REVOKE)
def revoke(request: HttpRequest, user_id: UUID, key_id: UUID) -> HttpResponse:
    """Stop one key for good."""
    key = get_object_or_404(ApiKey.objects.select_related("user"), pk=key_id, user_id=user_id)
    what = acts.Act(
        title=f"Revoke {key.display}",
        happens=[
            f"The key “{key.name}” ({key.display}) of {key.user.username} is refused within a"
            " second. So is its old text, where it was rotated of late.",
            "Calls under way end by themselves. Its calls stay in the log.",
        ],
        undo=UNDO,
        button="Revoke the key",
        danger=True,
    )
    return _revoke(request, key.user, what, [key.pk])


@acts.act(acts.REVOKE)
def revoke_all(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Stop all keys of a customer that have a text; the playground's has none that can leak."""
    user = get_object_or_404(User, pk=user_id)
    live = ApiKey.objects.programs().filter(user=user, revoked_at=None)
    found = list(live.values_list("pk", flat=True))
    if not found:
        words = "Nothing was changed: there is no key to revoke."
        return acts.back(request, user, words, level=messages.WARNING)
    count = "1 key" if len(found) == 1 else f"{len(found)} keys"
    what = acts.Act(
        title=f"Revoke all keys of {user.username}",
        happens=[
            f"{count} of {user.username} stop within a second: every one that programs call with.",
            "They can go on in the playground, and make new keys. Freeze the account to stop that.",
        ],
        undo=UNDO,
        button=f"Revoke {count}",
        danger=True,
    )
    return _revoke(request, user, what, found)


def _revoke(
    request: HttpRequest, user: User, what: acts.Act, found: Sequence[UUID]
) -> HttpResponse:
    form = confirmed.ReasonForm(acts.sent(request))
    rows: Rows = [(ApiKey, pk) for pk in found]
    if not form.is_valid():
        return acts.ask(request, user, what, form, rows=rows)
    with transaction.atomic():
        live = list(ApiKey.objects.select_for_update().filter(pk__in=found, revoked_at=None))
        acts.note(request, [(ApiKey, key.pk) for key in live])
        for key in live:
            keys.revoke(key)
            acts.log(request, key, f"Revoked: {form.cleaned_data['reason']}")
    if not live:
        words = "Nothing was changed: it was revoked before."
        return acts.back(request, user, words, level=messages.WARNING)
    words = "The key is revoked." if len(live) == 1 else f"{len(live)} keys are revoked."
    return acts.back(request, user, words, level=messages.SUCCESS)
