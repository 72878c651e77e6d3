"""Demands of authorities for data: entered, decided by a second person, told to whom they concern.

Nothing is sent from here: the register says what may be handed over, who agreed, and when.
"""

import re
import uuid
from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import mail
from accounts.models import User
from privacy import inventory, secrecy
from privacy.models import Disclosure, DisclosureState

KEPT = timedelta(days=3 * 365)
MOST_SECRET = timedelta(days=366)
"""How far ahead secrecy can be set: after a year at most somebody asks whether it still holds."""
SHORTEST_NAME = 3
TEXTS = ("authority", "legal_basis", "reference", "note", "secrecy_basis")


class SamePerson(Exception):
    """Who entered a demand, or whom it concerns, may not decide about it."""


class NotWaiting(Exception):
    """It has been decided before."""


class Told(Exception):
    """The person knows already."""


def enter(demand: Disclosure, *, by: User, now: datetime | None = None) -> Disclosure:
    """Put a demand into the register, where it waits for somebody else.

    The same form sent twice is one demand. Raises Django's ValidationError, whose messages tell
    what is wrong.
    """
    known = Disclosure.objects.filter(pk=demand.pk).first()
    if known is not None:
        return known
    demand.requested_by, demand.requested_at = by, now or timezone.now()
    demand.state = DisclosureState.WAITING
    check(demand, today=demand.requested_at.date())
    demand.save(force_insert=True)
    return demand


def check(demand: Disclosure, *, today: date | None = None) -> None:
    """Raise ValidationError where a demand is not one that can be registered."""
    day = today or timezone.now().date()
    demand.clean_fields()
    unknown = set(demand.data_sets) - {entry.name for entry in inventory.data_sets()}
    if unknown:
        raise ValidationError({"data_sets": f"No such data: {', '.join(sorted(unknown))}."})
    if demand.received_on > day:
        raise ValidationError({"received_on": "This day is still to come."})
    check_secrecy(demand, today=day)
    _check_names(demand, *TEXTS)


def check_secrecy(demand: Disclosure, *, today: date | None = None) -> None:
    """Raise ValidationError where a demand cannot be as secret as it says."""
    day = today or timezone.now().date()
    _check_names(demand, "secrecy_basis")
    if demand.secret_until is None:
        if demand.secrecy_basis:
            raise ValidationError({"secret_until": "Say until when it is secret."})
        return
    if not demand.secrecy_basis.strip():
        raise ValidationError({"secrecy_basis": "Say which law or order forbids to tell."})
    if demand.secret_until > day + MOST_SECRET:
        raise ValidationError({"secret_until": "At most a year ahead; it can be set anew then."})


def _check_names(demand: Disclosure, *fields: str) -> None:
    """Keep the person out of the words, which stay when the person is erased."""
    person = demand.person
    if person is None:
        return
    names = {person.username, person.email, str(person.pk), person.nabzclan_id or ""}
    long = [re.escape(name) for name in names if len(name) >= SHORTEST_NAME]
    named = re.compile(rf"(?<!\w)({'|'.join(long)})(?!\w)", re.IGNORECASE)
    for field in fields:
        if named.search(getattr(demand, field)):
            raise ValidationError({field: "Leave the person's name, address and number out."})


def approve(demand: Disclosure, *, by: User, now: datetime | None = None) -> Disclosure:
    """Agree that the data is handed over; raises SamePerson or NotWaiting."""
    return _decide(demand, DisclosureState.DISCLOSED, by=by, now=now)


def refuse(demand: Disclosure, *, by: User, now: datetime | None = None) -> Disclosure:
    """Hand nothing over; raises SamePerson or NotWaiting."""
    return _decide(demand, DisclosureState.REFUSED, by=by, now=now)


@transaction.atomic
def _decide(
    demand: Disclosure, state: DisclosureState, *, by: User, now: datetime | None
) -> Disclosure:
    row = Disclosure.objects.select_for_update().get(pk=demand.pk)
    if row.state != DisclosureState.WAITING:
        raise NotWaiting
    if by.pk in (row.requested_by_id, row.person_id):
        raise SamePerson
    row.state, row.decided_by, row.decided_at = state, by, now or timezone.now()
    row.save(update_fields=["state", "decided_by", "decided_at"])
    return row


@transaction.atomic
def keep_secret(
    demand: Disclosure, *, until: date | None, because: str, now: datetime | None = None
) -> Disclosure:
    """Set anew until when the person may not know, or end it; raises Told or ValidationError."""
    row = Disclosure.objects.select_for_update().get(pk=demand.pk)
    if row.told_person_at is not None:
        raise Told
    row.secret_until, row.secrecy_basis = until, because
    check_secrecy(row, today=(now or timezone.now()).date())
    row.save(update_fields=["secret_until", "secrecy_basis"])
    return row


def told_to(user: User) -> list[tuple[Disclosure, list[str]]]:
    """Return the demands about somebody that they may know of, newest first, and for what data."""
    rows = secrecy.disclosures(user).order_by("-requested_at")[:50]
    return [(row, _titles(row)) for row in rows]


def _titles(demand: Disclosure) -> list[str]:
    titles = {entry.name: entry.title for entry in inventory.data_sets()}
    return [titles.get(name, name) for name in demand.data_sets]


def to_tell(*, now: datetime | None = None) -> QuerySet[Disclosure]:
    """Return what was disclosed and may be told, and whose person was not told yet."""
    secret = secrecy.secret(today=(now or timezone.now()).date()).values("pk")
    return Disclosure.objects.filter(
        state=DisclosureState.DISCLOSED, told_person_at=None, person__isnull=False
    ).exclude(pk__in=secret)


def tell(*, now: datetime | None = None) -> int:
    """Tell people by mail what was disclosed; return how many were told."""
    waiting = list(to_tell(now=now).values_list("pk", flat=True))
    return sum(_tell(pk, now=now) for pk in waiting)


@transaction.atomic
def _tell(pk: uuid.UUID, *, now: datetime | None) -> bool:
    mine = to_tell(now=now).select_for_update(skip_locked=True, of=("self",))
    row = mine.filter(pk=pk).first()
    if row is None or row.person is None:
        return False
    context = {
        "disclosure": row,
        "data": _titles(row),
        "centre": mail.address("privacy_centre"),
    }
    subject = "We had to disclose data about you"
    if not mail.send(
        row.person,
        mail.About.RIGHTS,
        subject=subject,
        template="privacy/mail/disclosure.txt",
        context=context,
    ):
        return False
    row.told_person_at = now or timezone.now()
    row.save(update_fields=["told_person_at"])
    return True


def expire(*, now: datetime | None = None) -> dict[str, int]:
    """Delete what was decided three years ago, unless its person must still learn of it."""
    moment = now or timezone.now()
    secret = Q(pk__in=secrecy.secret(today=moment.date()).values("pk"), person__isnull=False)
    untold = Q(pk__in=to_tell(now=moment).values("pk"))
    old = Disclosure.objects.filter(decided_at__lte=moment - KEPT).exclude(secret | untold)
    return {"disclosures": old.delete()[0]}
