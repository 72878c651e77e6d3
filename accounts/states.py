"""Freeze accounts and thaw them; every web process knows within a second."""

from django.db import transaction

from accounts.announcements import EVERY_KEY, announce
from accounts.models import State, User


def freeze(user: User) -> None:
    """Stop an account's keys until it is thawed; one that is closing stays so."""
    _put(user, State.FROZEN, since=[State.ACTIVE, State.FROZEN])


def thaw(user: User) -> None:
    """Let an account's keys work again; one that is closing stays so."""
    _put(user, State.ACTIVE, since=[State.ACTIVE, State.FROZEN])


def begin_closing(user: User) -> None:
    """Stop an account's keys for good, unless its owner comes back."""
    _put(user, State.CLOSING, since=list(State))


def reopen(user: User, state: State) -> None:
    """Let an account that was to be closed be as it was."""
    _put(user, state, since=[State.CLOSING])


def _put(user: User, state: State, *, since: list[State]) -> None:
    """Change the state if it is one of these now, whatever the caller has read."""
    with transaction.atomic():
        if User.objects.filter(pk=user.pk, state__in=since).update(state=state):
            transaction.on_commit(lambda: announce(EVERY_KEY))
        user.refresh_from_db(fields=["state"])
