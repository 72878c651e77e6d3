"""People correct what NabzClan says about them; a correction stays until they undo it."""

import logging
import time
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts import avatars, mail
from accounts.models import Avatar, NabzClanLink, User
from accounts.models.nabzclan import CORRECTABLE
from accounts.nabzclan import members

log = logging.getLogger("lumyx.accounts")

LINK_HOURS = 24
SALT = "accounts.corrections.email"


class NameTaken(Exception):
    """Somebody else has this name."""


class BadLink(Exception):
    """A mailed link that is wrong, too old, or was used already."""


def correct_username(user: User, name: str) -> None:
    """Give a person another name; raises NameTaken."""
    try:
        with transaction.atomic():
            user.username = name
            user.save(update_fields=["username"])  # locks the row that a sync would write
            _mark(user, "username")
    except IntegrityError:
        raise NameTaken from None


def correct_avatar(user: User, content: bytes) -> None:
    """Give a person another picture, as `avatars.encode` made it; none where it is empty."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if content:
            avatars.put(user, content)
        else:
            Avatar.objects.filter(user=user).delete()
        _mark(user, "avatar")


def mail_link(user: User, email: str) -> bool:
    """Mail a link to a new address; only whoever opens it makes that the person's address.

    Returns False where mail does not go out.
    """
    said = {"user": str(user.pk), "to": email, "from": user.email, "at": time.time()}
    token = signing.dumps(said, salt=SALT)
    address = f"{settings.PUBLIC_URL}{reverse('confirm_email')}?{urlencode({'token': token})}"
    return mail.send(
        user,
        mail.About.CONFIRMATION,
        subject="Confirm your email address for LumyxAI",
        template="accounts/mail/confirm_email.txt",
        context={"address": address, "hours": LINK_HOURS},
        to=email,
    )


def confirm_email(user: User, token: str) -> str:
    """Make a mailed address the person's own and return it; raises BadLink.

    The link names the address it replaces and is older than no other change, so it works once.
    """
    try:
        said = signing.loads(token, salt=SALT, max_age=LINK_HOURS * 3_600)
    except signing.BadSignature:
        raise BadLink from None
    with transaction.atomic():
        row = User.objects.select_for_update().get(pk=user.pk)
        if said["user"] != str(row.pk) or said["from"] != row.email:
            raise BadLink
        link = NabzClanLink.objects.filter(user=row).first()
        set_at = link.email_set_at if link is not None else None
        if set_at is not None and said["at"] <= set_at.timestamp():
            raise BadLink
        row.email = user.email = said["to"]
        row.save(update_fields=["email"])
        _mark(row, "email")
    return str(said["to"])


def undo(user: User, field: str) -> None:
    """Go back to what NabzClan says; raises ValueError for a field that has no correction."""
    if field not in CORRECTABLE:
        raise ValueError("no such field")
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        link = NabzClanLink.objects.select_for_update().filter(user=user).first()
        if link is None or field not in link.corrected:
            return
        link.corrected.remove(field)
        if field == "email":
            link.email_set_at = timezone.now()
        link.save(update_fields=["corrected", "email_set_at"])
        if field == "avatar":
            Avatar.objects.filter(user=user).delete()
            avatars.copy_soon(user)
        elif field == "email":
            user.email = link.email
            user.save(update_fields=["email"])
        else:
            user.username = members.free_name(link.username, but=user)
            user.save(update_fields=["username"])


def _mark(user: User, field: str) -> None:
    link = NabzClanLink.objects.select_for_update().filter(user=user).first()
    if link is None:
        return
    if field == "email":
        link.email_set_at = timezone.now()
    if field not in link.corrected:
        link.corrected.append(field)
    link.save(update_fields=["corrected", "email_set_at"])
