"""How old the oldest row of each kind is, beside how old it may be; what is swept, and when."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db.models import Min, Model, Q
from django.utils import timezone
from djstripe.models import Event

from accounts.models import Session
from billing import inbox
from billing.models import Books, Hold, HoldState, SealedReceipt, StripeEvent
from gateway import daily_use, ids, partitions, uptime
from gateway.models import DailyUse, UptimeSpell
from privacy import canary, data_requests, legal_requests, staff_access, tombstones
from privacy.conformance import results
from privacy.models import CanaryRun, DataRequest, Disclosure, Export, ProbeResult, StaffAccess

SWEPT = "retention-swept"
SWEPT_KEPT = 30 * 24 * 60 * 60
LATE = timedelta(hours=2)
"""How late the hourly sweep may be."""
PROMISED = timedelta(days=30)
MONTH = timedelta(days=31)


@dataclass(frozen=True)
class Rule:
    """What is kept for how long; the clock of a row begins at the time that `oldest` finds."""

    what: str
    clock: str
    limit: timedelta
    oldest: Callable[[], datetime | None]


@dataclass(frozen=True)
class Age:
    """A rule and how old the oldest row is now."""

    rule: Rule
    oldest: datetime | None
    now: datetime

    @property
    def age(self) -> timedelta:
        """How long the oldest row's clock runs; less than nothing where it has not begun."""
        return self.now - self.oldest if self.oldest else timedelta()

    @property
    def state(self) -> str:
        """`good`, `warn` where the next sweep is to take it, `bad` where it is too late."""
        if self.age > self.rule.limit + LATE:
            return "bad"
        return "warn" if self.age > self.rule.limit else "good"

    @property
    def words(self) -> str:
        """How it stands, in words."""
        if self.oldest is None:
            return "nothing is kept"
        return {"good": "in time", "warn": "goes with the next sweep", "bad": "too old"}[self.state]

    @property
    def days(self) -> float:
        """The age in days."""
        return self.age / timedelta(days=1)

    @property
    def most_days(self) -> float:
        """The limit in days."""
        return self.rule.limit / timedelta(days=1)


@dataclass(frozen=True)
class Sweep:
    """When what is too old was last dropped, and how much went."""

    at: datetime
    gone: dict[str, int]

    @property
    def overdue(self) -> bool:
        """Whether the hourly sweep should have run since."""
        return timezone.now() - self.at > LATE


def note_sweep(gone: dict[str, int], *, now: datetime | None = None) -> None:
    """Remember that the sweep ran, for the page that shows it."""
    cache.set(SWEPT, {"at": now or timezone.now(), "gone": gone}, timeout=SWEPT_KEPT)


def last_sweep() -> Sweep | None:
    """Return the last sweep; None where none is remembered."""
    known = cache.get(SWEPT)
    return Sweep(known["at"], known["gone"]) if known else None


def ages(*, now: datetime | None = None) -> list[Age]:
    """Return how each rule stands, the worst first."""
    moment = now or timezone.now()
    found = [Age(rule, rule.oldest(), moment) for rule in RULES]
    return sorted(found, key=lambda age: ("bad", "warn", "good").index(age.state))


def _first(model: type[Model], field: str, *conditions: Q) -> Callable[[], datetime | None]:
    def oldest() -> datetime | None:
        rows = model._default_manager.filter(*conditions)
        return _moment(rows.aggregate(first=Min(field))["first"])

    return oldest


def _moment(found: Any) -> datetime | None:
    if isinstance(found, date) and not isinstance(found, datetime):
        return datetime.combine(found, time.min, UTC)
    return found if isinstance(found, datetime) else None


def _oldest_hold() -> datetime | None:
    """Read the time that the first id carries; uncollected use keeps its hold on purpose."""
    rows = Hold.objects.exclude(state=HoldState.OPEN).filter(uncollected=None).order_by("pk")
    first = rows.values_list("pk", flat=True).first()
    return ids.time_of(first.hex) if first else None


RULES = [
    Rule(
        "Log of calls",
        "the first moment of its day",
        timedelta(days=partitions.RETENTION_DAYS),
        lambda: _moment(next(iter(partitions.days_kept()), None)),
    ),
    Rule("Holds of calls that ended", "the call", PROMISED, _oldest_hold),
    Rule("Copies of Stripe’s events", "the copy", PROMISED, _first(Event, "djstripe_created")),
    Rule(
        "Ids of Stripe’s events",
        "the receipt",
        inbox.KEPT,
        _first(StripeEvent, "received_at", Q(handled_at__isnull=False)),
    ),
    Rule("Sessions that ended", "their end", timedelta(), _first(Session, "expire_date")),
    Rule("Copies for people", "their end", timedelta(), _first(Export, "expires_at")),
    Rule(
        "Words of requests that ended",
        "the end",
        data_requests.WORDS_KEPT,
        _first(DataRequest, "closed_at", ~Q(words="") | ~Q(email="")),
    ),
    Rule("Looks of staff", "the look", staff_access.KEPT, _first(StaffAccess, "at")),
    Rule(
        "Disclosures",
        "the decision",
        legal_requests.KEPT,
        _first(Disclosure, "decided_at", Q(person=None) | Q(told_person_at__isnull=False)),
    ),
    Rule(
        "Totals of use by day",
        "the day",
        daily_use.KEPT_MONTHS * MONTH,
        _first(DailyUse, "day"),
    ),
    Rule("What the checks found", "the check", results.KEPT, _first(ProbeResult, "ran_at")),
    Rule("Customers that were made up", "the run", canary.KEPT, _first(CanaryRun, "ran_at")),
    Rule(
        "Uptime", "the last check", timedelta(days=uptime.KEPT_DAYS), _first(UptimeSpell, "last_at")
    ),
    Rule(
        "Tombstones of people who were erased",
        "the erasure",
        timedelta(days=settings.BACKUP_DAYS) + tombstones.MARGIN,
        lambda: _moment(min(tombstones.every().values(), default=None)),
    ),
    Rule(
        "Books of people who were erased",
        "the end of the years that the law asks for",
        timedelta(days=1),
        _first(Books, "retain_until"),
    ),
    Rule(
        "Sealed receipts",
        "the end of the years that the law asks for",
        timedelta(days=1),
        _first(SealedReceipt, "retain_until"),
    ),
]
"""What has a time limit, in the order of the sweep."""
