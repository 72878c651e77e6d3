"""Freeze a customer, and thaw them again."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from accounts import states
from accounts.models import State, User
from billing.admin import confirmed
from billing.admin.read_only import staff_of
from lumyx.office.customers import acts
from privacy import staff_access
from privacy.models import Look


@acts.act(acts.FREEZE)
def freeze(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Stop a customer's keys until they are thawed."""
    user = _whom(request, user_id)
    what = acts.Act(
        title=f"Freeze {user.username}",
        happens=[
            f"Every key of {user.username} is refused within a second, also in the playground.",
            "Calls under way still end, and are charged. Credits stay as they are.",
            "They can still sign in, see all that is theirs, export it and delete it. Each page"
            " says that the account is frozen; the privacy centre says why.",
        ],
        undo="It can be undone at any time: thaw the account.",
        button="Freeze",
        danger=True,
    )
    return _put(request, user, what, State.FROZEN)


@acts.act(acts.FREEZE)
def thaw(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Let a customer's keys work again."""
    user = _whom(request, user_id)
    what = acts.Act(
        title=f"Thaw {user.username}",
        happens=[
            f"The keys of {user.username} work again within a second; revoked ones stay revoked.",
            "A freeze for an open dispute or a debt is another matter, and stays.",
        ],
        undo="It can be undone at any time: freeze the account.",
        button="Thaw",
    )
    return _put(request, user, what, State.ACTIVE)


def _whom(request: HttpRequest, user_id: UUID) -> User:
    """Return whom it is about: nobody freezes or thaws themselves, and superusers alone staff."""
    staff, user = staff_of(request), get_object_or_404(User, pk=user_id)
    if user.pk == staff.pk or (user.is_staff and not staff.is_superuser):
        raise PermissionDenied
    return user


def _put(request: HttpRequest, user: User, what: acts.Act, state: State) -> HttpResponse:
    form = confirmed.ReasonForm(acts.sent(request))
    if not form.is_valid():
        return acts.ask(request, user, what, form)
    freezing = state == State.FROZEN
    before = State.ACTIVE if freezing else State.FROZEN
    done = "Frozen" if freezing else "Thawed"
    reason = form.cleaned_data["reason"]
    with transaction.atomic():
        row = User.objects.select_for_update().get(pk=user.pk)
        if row.state != before:
            words = f"Nothing was changed: the account is {row.get_state_display()}."
            return acts.back(request, user, words, level=messages.WARNING)
        (states.freeze if freezing else states.thaw)(row)
        acts.log(request, row, f"{done}: {reason}")
        # Where the customer reads it; why it was looked at says another row.
        staff_access.note(
            staff_of(request), {User: [row.pk]}, how=Look.ACTED, reason=f"{done}: {reason}"
        )
    return acts.back(request, user, f"{done}.", level=messages.SUCCESS)
