"""Take in what NabzClan says about somebody: at their first sign-in and at every later one."""

import logging

from django.db import IntegrityError, transaction

from accounts import avatars
from accounts.models import Avatar, NabzClanLink, User
from accounts.nabzclan import client
from accounts.nabzclan.client import NabzClanDown, Person, Tokens

log = logging.getLogger("lumyx.accounts")

NAME_TRIES = 50


def find(person: Person) -> User | None:
    """Return the account of a person; only NabzClan's id counts, never an equal address."""
    return User.objects.filter(nabzclan_id=person.id).first()


@transaction.atomic
def join(person: Person, tokens: Tokens) -> User:
    """Make an account for a person who has none; made twice, it is the same account."""
    user = User(nabzclan_id=person.id, username=free_name(person.username), email=person.email)
    user.vip_level, user.vip_expires_at = person.vip_level, person.vip_expires_at
    user.set_unusable_password()
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:
        known = find(person)
        if known is None:
            raise
        return known
    link = NabzClanLink(user=user)
    _describe(link, person)
    link.keep_tokens(tokens)
    link.save()
    if person.avatar_url:
        avatars.copy_soon(user)
    return user


@transaction.atomic
def update(user: User, person: Person, tokens: Tokens | None = None) -> None:
    """Take in what NabzClan says now; what the person has corrected here stays."""
    # Read anew under a lock: a correction may have come since `user` was read.
    row = User.objects.select_for_update().get(pk=user.pk)
    link, _ = NabzClanLink.objects.select_for_update().get_or_create(user=row)
    moved = link.avatar_url != person.avatar_url
    _describe(link, person)
    if tokens is not None:
        link.keep_tokens(tokens)
    link.save()
    if "username" not in link.corrected and row.username != person.username:
        row.username = free_name(person.username, but=row)
    if "email" not in link.corrected:
        row.email = person.email
    row.vip_level, row.vip_expires_at = person.vip_level, person.vip_expires_at
    row.save(update_fields=["username", "email", "vip_level", "vip_expires_at"])
    if "avatar" not in link.corrected:
        _follow_picture(row, person, moved=moved, at_sign_in=tokens is not None)


def _follow_picture(user: User, person: Person, *, moved: bool, at_sign_in: bool) -> None:
    """Have NabzClan's picture copied where it is another, or did not come until this sign-in."""
    if not person.avatar_url:
        Avatar.objects.filter(user=user).delete()
    elif moved or (at_sign_in and not Avatar.objects.filter(user=user).exists()):
        avatars.copy_soon(user)


def free_name(wanted: str, *, but: User | None = None) -> str:
    """Return a name that nobody else has here: the wanted one, or it with a number."""
    others = User.objects.all() if but is None else User.objects.exclude(pk=but.pk)
    for name in (wanted, *(f"{wanted[:145]}-{n}" for n in range(2, NAME_TRIES))):
        if not others.filter(username__iexact=name).exists():
            return name
    raise IntegrityError("no name is free")


def turn_away(tokens: Tokens) -> None:
    """Have NabzClan revoke the tokens of somebody of whom nothing is kept, if it answers."""
    for token in (tokens.refresh, tokens.access):
        if token:
            try:
                client.revoke(token)
            except NabzClanDown:
                log.warning("the tokens of somebody turned away could not be revoked")
                return


def _describe(link: NabzClanLink, person: Person) -> None:
    link.username, link.email, link.avatar_url = person.username, person.email, person.avatar_url
    link.note_answer()
