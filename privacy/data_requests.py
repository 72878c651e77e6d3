"""The queue of what people ask of us: opened, owned, worked on, closed with evidence."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Count, Min, Q
from django.utils import timezone

from accounts.models import User
from privacy.models import GENERAL, DataRequest, RequestKind, RequestState, RequestStep

log = logging.getLogger("lumyx.privacy")

DUE = timedelta(days=30)
CHILD_DUE = timedelta(hours=72)
ALARM = timedelta(days=10)
CHILD_ALARM = timedelta(hours=24)
SOON = timedelta(days=7)
"""So long before it is due a request is called urgent."""
WORDS_KEPT = timedelta(days=30)
"""How long after its end the words of a request are kept, and where it was answered to."""


class Closed(Exception):
    """The request was closed before."""


class NoEvidence(Exception):
    """A request is closed with a word on what was done, and evidence of it."""


def open_request(
    kind: str, words: str, *, user: User | None = None, email: str = "", now: datetime | None = None
) -> DataRequest:
    """Open a request; its clock begins now, if it is about personal data."""
    moment = now or timezone.now()
    return DataRequest.objects.create(
        kind=kind,
        words=words,
        user=user,
        email="" if user else email,
        opened_at=moment,
        due_at=None if kind in GENERAL else moment + _answered_within(kind),
    )


def _answered_within(kind: str) -> timedelta:
    return CHILD_DUE if kind == RequestKind.CHILD else DUE


def add_step(request: DataRequest, *, by: User | None, words: str, evidence: str = "") -> None:
    """Note what was done; raises Closed."""
    with transaction.atomic():
        _open(request)
        RequestStep.objects.create(request=request, by=by, words=words, evidence=evidence)


def take(request: DataRequest, owner: User | None, *, by: User) -> None:
    """Give a request an owner; raises Closed."""
    with transaction.atomic():
        row = _open(request)
        if row.owner_id == (owner.pk if owner else None):
            return
        row.owner = owner
        row.save(update_fields=["owner"])
        # The person reads this: no member of staff is named.
        words = "Somebody looks after it now." if owner else "It waits for somebody else."
        RequestStep.objects.create(request=row, by=by, words=words)


def close(
    request: DataRequest,
    *,
    by: User | None,
    words: str,
    evidence: str,
    refused: bool = False,
    now: datetime | None = None,
) -> None:
    """Close a request; raises Closed or NoEvidence."""
    if not words.strip() or not evidence.strip():
        raise NoEvidence
    with transaction.atomic():
        row = _open(request)
        row.state = RequestState.REFUSED if refused else RequestState.DONE
        row.closed_at = now or timezone.now()
        row.save(update_fields=["state", "closed_at"])
        RequestStep.objects.create(request=row, by=by, words=words, evidence=evidence)


def _open(request: DataRequest) -> DataRequest:
    row = DataRequest.objects.select_for_update().get(pk=request.pk)
    if row.state != RequestState.OPEN:
        raise Closed
    return row


def of(user: User) -> list[DataRequest]:
    """Return somebody's own requests, newest first."""
    rows = DataRequest.objects.filter(user=user).prefetch_related("steps")
    return list(rows.order_by("-opened_at")[:50])


@dataclass(frozen=True)
class Queue:
    """The requests that are open: how many, and when the first of them is due."""

    open: int
    due_at: datetime | None


def queue() -> Queue:
    """Return how many requests are open."""
    open_ones = DataRequest.objects.filter(state=RequestState.OPEN)
    found = open_ones.aggregate(open=Count("pk"), due_at=Min("due_at"))
    return Queue(**found)


def late(*, now: datetime | None = None) -> list[DataRequest]:
    """Return open requests that an alarm is due for: after 10 days, a child's after 24 hours."""
    moment = now or timezone.now()
    child = Q(kind=RequestKind.CHILD)
    due = (child & Q(opened_at__lte=moment - CHILD_ALARM)) | (
        ~child & Q(opened_at__lte=moment - ALARM)
    )
    return list(DataRequest.objects.filter(due, state=RequestState.OPEN).order_by("due_at"))


def urgency(request: DataRequest, *, now: datetime | None = None) -> tuple[str, str]:
    """Return how urgent a request is (`closed`, `fine`, `soon`, `overdue`), and that in words."""
    if request.state != RequestState.OPEN:
        return "closed", str(RequestState(request.state).label)
    if request.due_at is None:
        return "fine", "no deadline"
    left = request.due_at - (now or timezone.now())
    day = timedelta(days=1)
    words = f"{abs(left) // day} days" if abs(left) >= 2 * day else f"{_hours(abs(left))}"
    if left <= timedelta():
        return "overdue", f"overdue by {words}"
    soon = CHILD_ALARM if request.kind == RequestKind.CHILD else SOON
    return ("soon" if left <= soon else "fine"), f"{words} left"


def _hours(span: timedelta) -> str:
    hours = span // timedelta(hours=1)
    return f"{hours} hour" if hours == 1 else f"{hours} hours"


def alarm(*, now: datetime | None = None) -> int:
    """Raise each alarm that is due, once: a log line, and mail to where requests are handled."""
    moment = now or timezone.now()
    raised = 0
    for request in late(now=moment):
        mine = DataRequest.objects.filter(pk=request.pk, alarmed_at=None)
        if not mine.update(alarmed_at=moment):
            continue
        log.error("alarm: request %s is open, %s", request.pk, _due(request))
        _mail(request)
        raised += 1
    return raised


def _due(request: DataRequest) -> str:
    return f"due on {request.due_at:%d %B %Y, %H:%M} UTC" if request.due_at else "without a date"


def _mail(request: DataRequest) -> None:
    try:
        send_mail(
            f"Request {request.number} is still open",
            f"It was opened on {request.opened_at:%d %B %Y}, {_due(request)}.\n\n"
            f"{settings.PUBLIC_URL}/admin/privacy/datarequest/{request.pk}/change/\n",
            None,
            [settings.PRIVACY_CONTACT],
        )
    except OSError as error:
        log.warning("an alarm could not be mailed: %s", type(error).__name__)


def expire(*, now: datetime | None = None) -> dict[str, int]:
    """Empty the words of requests that were closed long enough ago."""
    old = DataRequest.objects.filter(closed_at__lte=(now or timezone.now()) - WORDS_KEPT)
    steps = RequestStep.objects.filter(request__in=old).exclude(words="", evidence="")
    count = steps.update(words="", evidence="")
    count += old.exclude(words="", email="").update(words="", email="")
    return {"words of closed requests": count}
