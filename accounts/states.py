"""Freeze accounts and thaw them; every web process knows within a second."""

from django.db import transaction

from accounts.announcements import EVERY_KEY, announce
from accounts.models import State, User


def freeze(user: User) -> None:
    """Stop an account's keys until it is thawed; one that is closing stays so."""
    if user.state != State.CLOSING:
        _put(user, State.FROZEN)


def thaw(user: User) -> None:
    """Let an account's keys work again; one that is closing stays so."""
    if user.state != State.CLOSING:
        _put(user, State.ACTIVE)


def begin_closing(user: User) -> None:
    """Stop an account's keys for good, unless its owner comes back."""
    _put(user, State.CLOSING)


def reopen(user: User, state: State) -> None:
    """Let an account that was to be closed be as it was."""
    _put(user, state)


def _put(user: User, state: State) -> None:
    with transaction.atomic():
        user.state = state
        user.save(update_fields=["state"])
        transaction.on_commit(lambda: announce(EVERY_KEY))
