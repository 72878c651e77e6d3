"""Purposes that people restrict or object to: their data is then not used for these.

Whoever uses data for one of them asks here: `restricted` of one person, `without` of many.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from accounts.data_sets import Purpose
from accounts.models import Restriction, RestrictionKind, User


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What switching a purpose off does, in words for whoever does so."""

    title: str
    stops: str
    goes_on: str


OPTIONAL: dict[Purpose, Effect] = {
    Purpose.ANALYSIS: Effect(
        title="Statistics and trends",
        stops="Your calls are left out of our totals by day and of every statistic we make.",
        goes_on="Your own dashboard and usage, and the log of your calls, which we keep against"
        " abuse and to find faults.",
    ),
    Purpose.SERVICE: Effect(
        title="Improving LumyxAI",
        stops="We do not use your calls to improve LumyxAI: they are left out of the totals by"
        " which we see what fails and what to offer.",
        goes_on="Everything you use: signing in, your keys, your calls and their charges.",
    ),
    Purpose.MESSAGES: Effect(
        title="Mail that you can do without",
        stops="We send you no mail that you can do without.",
        goes_on="Mail that you need to have, and answers on the site to what you ask.",
    ),
}
"""The purposes that can be switched off; of SERVICE only that we improve it."""

ALWAYS: dict[Purpose, str] = {
    Purpose.ACCOUNT: "Without it there is no account: what you buy could not be credited, nor"
    " what you use be charged. It ends when you delete your account.",
    Purpose.LIMITS: "It protects you and everybody else: without it a stolen key or a flood of"
    " calls could not be stopped.",
    Purpose.LAW: "The law asks it of us, such as to keep records of payments and to be able to"
    " show what you accepted.",
}
"""The purposes that cannot be switched off, and why."""


class NotOptional(Exception):
    """The purpose cannot be switched off."""


def restrict(
    user: User, purpose: Purpose, *, kind: RestrictionKind, now: datetime | None = None
) -> Restriction:
    """Use somebody's data for a purpose no more, from this moment on; raises NotOptional.

    Since when stays where it was so before, also where the other right is used now.
    """
    if purpose not in OPTIONAL:
        raise NotOptional
    row, _ = Restriction.objects.update_or_create(
        user=user,
        purpose=purpose.name,
        defaults={"kind": kind},
        create_defaults={"kind": kind, "since": now or timezone.now()},
    )
    return row


def lift(user: User, purpose: Purpose) -> bool:
    """Use somebody's data for a purpose again; return whether it was not."""
    return bool(Restriction.objects.filter(user=user, purpose=purpose.name).delete()[0])


def restricted(user: User, purpose: Purpose) -> bool:
    """Return whether somebody's data is not to be used for a purpose."""
    return Restriction.objects.filter(user=user, purpose=purpose.name).exists()


def without(*purposes: Purpose) -> QuerySet[User]:
    """Return the people whose data may be used for each of these purposes."""
    named = [purpose.name for purpose in purposes]
    return User.objects.exclude(pk__in=Restriction.objects.filter(purpose__in=named).values("user"))


def of(user: User) -> dict[Purpose, Restriction]:
    """Return what somebody has switched off."""
    return {Purpose[row.purpose]: row for row in Restriction.objects.filter(user=user)}


def restricting() -> int:
    """Return how many people have switched something off."""
    return Restriction.objects.values("user").distinct().count()
