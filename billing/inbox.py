"""Take in what Stripe tells: keep the event's id at once, and handle it from that row."""

import itertools
import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Max, Min, Q, QuerySet
from django.utils import timezone

from billing import mirror, receivers
from billing.models import StripeEvent
from billing.payments import Busy
from billing.soon import HANDLE_EVENT, soon
from billing.stripe_api import StripeDown, StripeRefused, api, errors_as_ours

log = logging.getLogger("lumyx.billing")

PAUSES = [timedelta(seconds=s) for s in (5, 20, 60, 180, 600, 1_800, 3_600)]
MOST_TRIES = 40
MOST_AT_ONCE = 100
"""How many events staff have tried again in one go."""
PAGE = 100
"""The most that Stripe lists at once."""
LOOK_BACK = timedelta(hours=2)
NIGHTLY_BACK = timedelta(days=3)
"""So far back each night, in case no worker ran for hours while some events came in."""
LONGEST_BACK = timedelta(days=29)
"""Stripe lists events of 30 days."""
KEPT = timedelta(days=45)


@dataclass(frozen=True)
class Backlog:
    """Events that are not done with: not tried yet, tried in vain so far, tried for good."""

    waiting: int
    failing: int
    given_up: int
    oldest: timedelta | None = None
    """How long the oldest of them has been here."""

    @property
    def all(self) -> int:
        """How many they are."""
        return self.waiting + self.failing + self.given_up


KEEP = """
insert into billing_stripeevent (id, type, created_at) values (%(id)s, %(type)s, %(at)s)
on conflict (id) do nothing
"""


def take(event_id: str, *, type: str, created: int) -> bool:
    """Keep an event's id; return whether it was new."""
    with connection.cursor() as cursor:
        cursor.execute(
            KEEP, {"id": event_id, "type": type[:100], "at": datetime.fromtimestamp(created, UTC)}
        )
        new = int(cursor.rowcount) == 1
    transaction.on_commit(lambda: soon(HANDLE_EVENT, event_id))
    return new


def handle_due(*, limit: int = 200) -> int:
    """Handle the events that wait, oldest first; return how many were tried."""
    waiting = StripeEvent.objects.filter(
        handled_at__isnull=True, next_try_at__lte=timezone.now(), tries__lt=MOST_TRIES
    ).order_by("next_try_at")
    ids = list(waiting.values_list("pk", flat=True)[:limit])
    for event_id in ids:
        handle(event_id)
    return len(ids)


def handle(event_id: str) -> bool:
    """Handle an event that was taken in; return whether it is done with.

    Two at once do no harm: all that follows from an event may be done twice.
    """
    row = StripeEvent.objects.filter(pk=event_id).first()
    if row is None or row.handled_at is not None:
        return True
    problem = _handle(event_id)
    if not problem:
        StripeEvent.objects.filter(pk=event_id).update(handled_at=timezone.now(), problem="")
        return True
    pause = PAUSES[min(row.tries, len(PAUSES) - 1)]
    StripeEvent.objects.filter(pk=event_id, handled_at__isnull=True).update(
        tries=row.tries + 1, next_try_at=timezone.now() + pause, problem=problem[:60]
    )
    if row.tries + 1 >= MOST_TRIES:
        log.error("alarm: Stripe's event %s could not be handled: %s", event_id, problem)
    return False


def waiting() -> dict[str, QuerySet[StripeEvent]]:
    """Return the events that are not done with: failing, given up, and new; oldest first."""
    rows = StripeEvent.objects.filter(handled_at=None).order_by("received_at", "pk")
    return {
        "failing": rows.filter(tries__gt=0, tries__lt=MOST_TRIES),
        "given up": rows.filter(tries__gte=MOST_TRIES),
        "new": rows.filter(tries=0),
    }


@transaction.atomic
def try_again(event_ids: Collection[str]) -> list[StripeEvent]:
    """Have events handled now whose next try lies ahead or never comes; return which.

    One that was given up is tried once more.
    """
    rest = Q(next_try_at__gt=timezone.now()) | Q(tries__gte=MOST_TRIES)
    rows = StripeEvent.objects.select_for_update().filter(
        rest, pk__in=list(event_ids)[:MOST_AT_ONCE], handled_at=None
    )
    found = list(rows.order_by("pk"))
    for event in found:
        event.next_try_at = timezone.now()
        event.tries = min(event.tries, MOST_TRIES - 1)
        event.save(update_fields=["next_try_at", "tries"])
        transaction.on_commit(partial(soon, HANDLE_EVENT, event.pk))
    return found


def _handle(event_id: str) -> str:
    """Hand an event to our receivers and to dj-stripe; return what went wrong, if anything.

    Money comes first: what dj-stripe cannot copy keeps nobody from their credits.
    """
    try:
        with errors_as_ours():
            event: Any = api().events.retrieve(event_id)
    except StripeDown:
        return "Stripe is down"
    except StripeRefused as refused:
        # Nothing of ours, or too old to be told.
        log.error("alarm: Stripe knows no event %s", event_id)
        return f"unknown: {refused}"
    if event.livemode != settings.STRIPE_LIVE_MODE:
        log.warning("Stripe's event %s is of the other mode", event_id)
        return ""
    problems = []
    for name, hand_over in (("receivers", receivers.receive), ("mirror", mirror.copy)):
        try:
            hand_over(event)
        except StripeDown:
            problems.append(f"{name}: Stripe is down")
        except Busy:
            problems.append(f"{name}: busy")
        except Exception as error:
            # Whatever it is, the row stays and is tried again.
            log.error("Stripe's event %s: %s: %s", event_id, name, type(error).__name__)
            problems.append(f"{name}: {type(error).__name__}")
    return ", ".join(problems)


def backlog(*, now: datetime | None = None) -> Backlog:
    """Return how many events are not done with."""
    moment = now or timezone.now()
    undone = StripeEvent.objects.filter(handled_at__isnull=True)
    sums = undone.aggregate(
        waiting=Count("pk", filter=Q(tries=0)),
        failing=Count("pk", filter=Q(tries__gt=0, tries__lt=MOST_TRIES)),
        given_up=Count("pk", filter=Q(tries__gte=MOST_TRIES)),
        oldest=Min("received_at"),
    )
    oldest = sums.pop("oldest")
    return Backlog(**sums, oldest=moment - oldest if oldest else None)


def catch_up(*, back: timedelta = LOOK_BACK, limit: int = 5_000) -> int:
    """Take in the events that Stripe lists and we were never told of; return how many.

    It looks back to the last event we know, and so much more. Raises StripeDown.
    """
    now = timezone.now()
    latest = StripeEvent.objects.aggregate(at=Max("created_at"))["at"]
    since = max((latest or now) - back, now - LONGEST_BACK)
    missed = 0
    with errors_as_ours():
        listed: Any = api().events.list(
            {"created": {"gte": int(since.timestamp())}, "types": receivers.TYPES, "limit": PAGE}
        )
        for events in _by_pages(itertools.islice(listed.auto_paging_iter(), limit)):
            names = [event.id for event in events]
            known = set(StripeEvent.objects.filter(pk__in=names).values_list("pk", flat=True))
            for event in events:
                if event.id not in known:
                    take(event.id, type=event.type, created=event.created)
                    missed += 1
    return missed


def _by_pages(events: Iterator[Any]) -> Iterator[list[Any]]:
    while page := list(itertools.islice(events, PAGE)):
        yield page


def delete_old() -> int:
    """Delete the ids of events that were handled long ago."""
    old = StripeEvent.objects.filter(
        received_at__lt=timezone.now() - KEPT, handled_at__isnull=False
    )
    return int(old.delete()[0])
