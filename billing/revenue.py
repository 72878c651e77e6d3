"""What customers pay, less what goes back to them, as the ledger has it (UTC)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db.models import Q, Sum
from django.db.models.functions import TruncDate

from billing.models import MICRO_PER_CENT, Account, LedgerEntry, LedgerKind

BACK = (LedgerKind.REFUND, LedgerKind.DISPUTE)


@dataclass(frozen=True)
class Revenue:
    """What came in and what went back, refunded or lost in disputes; cents, tax included."""

    paid: int = 0
    back: int = 0

    @property
    def kept(self) -> int:
        """Return what is left of it."""
        return self.paid - self.back

    def __add__(self, other: "Revenue") -> "Revenue":
        return Revenue(self.paid + other.paid, self.back + other.back)


def by_day(*, since: datetime) -> dict[date, Revenue]:
    """Return the revenue of each day on which money moved."""
    kinds = (LedgerKind.TOP_UP, *BACK)
    rows = (
        LedgerEntry.objects.filter(kind__in=kinds, created_at__gte=since)
        .values_list(TruncDate("created_at", tzinfo=UTC))
        .annotate(
            paid=Sum("amount", filter=Q(kind=LedgerKind.TOP_UP), default=0),
            back=Sum("amount", filter=Q(kind__in=BACK), default=0),
        )
    )
    return {
        day: Revenue(int(paid) // MICRO_PER_CENT, -int(back) // MICRO_PER_CENT)
        for day, paid, back in rows
    }


def total(many: Iterable[Revenue]) -> Revenue:
    """Return what all of them come to."""
    return sum(many, Revenue())


@dataclass(frozen=True)
class Outstanding:
    """What customers may still use up, in micro-credits; `bonus` is the part they did not pay."""

    balance: int
    bonus: int
    owed: int
    """What accounts below zero owe us, which is in the balance already."""


def outstanding() -> Outstanding:
    """Return what all customers have; who was erased has nothing any more."""
    sums = Account.objects.filter(user__isnull=False).aggregate(
        everything=Sum("balance", default=0),
        given=Sum("bonus", default=0),
        owed=Sum("balance", filter=Q(balance__lt=0), default=0),
    )
    return Outstanding(int(sums["everything"]), int(sums["given"]), -int(sums["owed"]))
