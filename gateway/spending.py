"""What customers spend on calls, and what is left of it after what providers charge us (UTC)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

from django.db.models import Sum
from django.db.models.functions import TruncDate

from gateway.models import HourlyUse

# In the order of the fields of `Spending`.
SUMS = {name: Sum(name) for name in ("calls", "refused", "failed", "charge", "cost", "costed")}


@dataclass(frozen=True)
class Spending:
    """What some calls came to: `charge` in micro-credits, `cost` in micro-dollars.

    A credit is a dollar of list price, so they compare. Where the cost of some calls is not
    known, what is left is judged by the others: `costed` is the charge of those.
    """

    name: str
    calls: int = 0
    refused: int = 0
    failed: int = 0
    charge: int = 0
    cost: int = 0
    costed: int = 0

    @property
    def left(self) -> int:
        """What is left of those calls whose cost is known, in micro-credits."""
        return self.costed - self.cost

    @property
    def margin(self) -> float | None:
        """The share that is left; None where nothing was charged for."""
        return self.left / self.costed if self.costed else None

    @property
    def uncosted(self) -> int:
        """The charge of calls whose cost is not known, in micro-credits."""
        return self.charge - self.costed

    def __add__(self, other: "Spending") -> "Spending":
        return Spending(
            self.name,
            self.calls + other.calls,
            self.refused + other.refused,
            self.failed + other.failed,
            self.charge + other.charge,
            self.cost + other.cost,
            self.costed + other.costed,
        )


def by(what: Literal["model", "provider"], *, since: datetime) -> list[Spending]:
    """Return what each came to, the dearest first; calls of no model, or provider, have no name."""
    rows = HourlyUse.objects.filter(hour__gte=since).values_list(what).annotate(**SUMS)
    found = [Spending(*row) for row in rows]
    return sorted(found, key=lambda one: (-one.charge, -one.calls, one.name))


def by_day(*, since: datetime) -> dict[date, Spending]:
    """Return what each day came to that has calls."""
    rows = (
        HourlyUse.objects.filter(hour__gte=since)
        .values_list(TruncDate("hour", tzinfo=UTC))
        .annotate(**SUMS)
    )
    return {day: Spending(f"{day}", *sums) for day, *sums in rows}


def total(many: Iterable[Spending], *, name: str = "") -> Spending:
    """Return what all of them come to."""
    return sum(many, Spending(name))
