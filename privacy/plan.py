"""What a deletion will do to somebody's data: what goes, what stays, why, and until when."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from accounts.data_sets import DataSet, OnErasure
from accounts.models import User
from billing import books
from billing.models import Account
from privacy import inventory, keeping

MOST_COUNTED = 10_000


@dataclass(frozen=True)
class Line:
    """A data set, how many rows of it are somebody's, and until when they stay."""

    entry: DataSet
    rows: int
    more: bool
    """Whether there are more, which nobody waits to be counted."""
    until: date | None

    @property
    def goes(self) -> bool:
        """Whether nothing of it is left."""
        return self.entry.on_erasure == OnErasure.DELETE


@dataclass(frozen=True)
class Plan:
    """A deletion as its person sees it before they confirm; dates are UTC."""

    goes: list[Line]
    stays: list[Line]
    grace_until: date
    erased_by: date
    gone_from_backups_by: date
    redacted_at_stripe_from: date | None
    credits: int
    """What is lost, in micro-credits."""
    owed: int
    """What is owed, in micro-credits."""


def rows(entry: DataSet, user: User) -> tuple[int, bool]:
    """Return how many rows of a data set are somebody's, and whether there are more."""
    found = entry.shown_to(user)[: MOST_COUNTED + 1].count()
    return min(found, MOST_COUNTED), found > MOST_COUNTED


def of(user: User, *, now: datetime | None = None) -> Plan:
    """Return what a deletion that begins now will do."""
    today = (now or timezone.now()).date()
    grace_until = today + timedelta(days=settings.ERASURE_GRACE_DAYS)
    erased_by = grace_until + timedelta(days=keeping.ERASURE_DAYS)
    lines = []
    for entry in inventory.data_sets():
        count, more = rows(entry, user)
        if count:
            lines.append(Line(entry, count, more, _until(entry, erased_by)))
    account = Account.objects.filter(user=user).first()
    paid = account.orders.filter(paid_at__isnull=False) if account else None
    last = paid.order_by("-paid_at").first() if paid is not None else None
    redacted = None
    if last is not None and last.paid_at is not None:
        redacted = last.paid_at.date() + timedelta(days=settings.STRIPE_REDACT_DAYS)
    balance = account.balance if account else 0
    return Plan(
        goes=[line for line in lines if line.goes],
        stays=[line for line in lines if not line.goes],
        grace_until=grace_until,
        erased_by=erased_by,
        gone_from_backups_by=erased_by + timedelta(days=settings.BACKUP_DAYS),
        redacted_at_stripe_from=redacted,
        credits=max(balance, 0),
        owed=max(-balance, 0),
    )


def _until(entry: DataSet, erased_by: date) -> date | None:
    return books.retain_until(erased_by) if entry.on_erasure == OnErasure.PSEUDONYM else None
