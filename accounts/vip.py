"""Ask NabzClan again who is a VIP; no bad answer ever takes a level away."""

import logging
from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from accounts.models import NabzClanLink, Session, State, User
from accounts.nabzclan import client, members
from accounts.nabzclan.client import NabzClanDown, TokenRefused

log = logging.getLogger("lumyx.accounts")

BATCH = 200
SLOWEST = timedelta(hours=24)
ON_SITE = timedelta(minutes=10)
"""How lately somebody was seen on the website who is asked about every minute."""
EACH_MINUTE = timedelta(seconds=45)
"""Less than beat's minute, which comes a little early or late."""
EARLY = timedelta(seconds=60)
"""How long before its end an access token is renewed."""


def due(*, limit: int = BATCH) -> list[NabzClanLink]:
    """Return the links that are to be asked about, those that wait longest first.

    Who is on the website now may just have become a VIP, and is asked about every minute. After a
    failure a link waits longer each time.
    """
    now, every = timezone.now(), timedelta(minutes=settings.NABZCLAN_SYNC_MINUTES)
    here = Session.objects.filter(
        user=OuterRef("user"), last_seen_at__gt=now - ON_SITE, expire_date__gt=now
    )
    links = (
        NabzClanLink.objects.select_related("user")
        .annotate(here=Exists(here))
        .exclude(encrypted_access=b"")
        .filter(user__state__in=[State.ACTIVE, State.FROZEN], tried_at__lt=now - EACH_MINUTE)
        .filter(Q(here=True) | Q(tried_at__lt=now - every))
        .order_by("tried_at")[:limit]
    )
    return [
        link
        for link in links
        if now - link.tried_at >= _pause(EACH_MINUTE if link.here else every, link.failures)
    ]


def _pause(every: timedelta, failures: int) -> timedelta:
    """Return how long to wait after a link was last asked about."""
    return min(every * (1 << min(failures, 10)), SLOWEST)


def sync_all() -> dict[str, int]:
    """Ask about everybody who is due; return how many answers were of which kind."""
    found = {"synced": 0, "refused": 0, "failed": 0}
    for link in due():
        outcome = sync(link.user)
        found[outcome] += 1
        if outcome == "failed" and client.is_down():
            break
    else:
        if not sum(found.values()):
            client.probe()
    return found


def sync(user: User) -> str:
    """Ask about one person; return `synced`, `refused` or `failed`."""
    link = user.nabzclan
    NabzClanLink.objects.filter(pk=link.pk).update(tried_at=timezone.now())
    try:
        person = _ask(link)
        if person.id != user.nabzclan_id:
            raise NabzClanDown("another person")
    except (NabzClanDown, TokenRefused) as error:
        NabzClanLink.objects.filter(pk=link.pk).update(failures=F("failures") + 1)
        log.warning("NabzClan did not say who %s is: %s", user.pk, error)
        return "refused" if isinstance(error, TokenRefused) else "failed"
    members.update(user, person)
    return "synced"


def _ask(link: NabzClanLink) -> client.Person:
    """Describe the link's person, with a new token where the old one has ended."""
    if link.access_until is None or link.access_until > timezone.now() + EARLY:
        try:
            return client.fetch(link.access_token)
        except TokenRefused:
            if not link.refresh_token:
                raise
    link.keep_tokens(client.refresh(link.refresh_token))
    # Kept at once: NabzClan may take the old refresh token only this one time.
    link.save(update_fields=["encrypted_access", "encrypted_refresh", "access_until"])
    return client.fetch(link.access_token)


def forget(user: User) -> None:
    """Have NabzClan revoke a person's tokens, and drop them; raises NabzClanDown."""
    link = NabzClanLink.objects.filter(user=user).first()
    if link is None:
        return
    for token in (link.refresh_token, link.access_token):
        if token:
            client.revoke(token)
    NabzClanLink.objects.filter(pk=link.pk).update(
        encrypted_access=b"", encrypted_refresh=b"", access_until=None
    )
