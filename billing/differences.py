"""What differs between Stripe and the ledger, with what is known of it and what to do; cents."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from billing.ledger_search import of_order
from billing.models import (
    MICRO_PER_CENT,
    Difference,
    LedgerEntry,
    Order,
    Reconciliation,
    StripeMovement,
)
from billing.payments import MISMATCH

SHOWN = 100
RUNS = 14
LONGEST = timedelta(minutes=10)
"""After so long a worker is killed, so that a comparison that has not ended never will."""


@dataclass(frozen=True)
class Explained:
    """A difference, its two sides, why it may be there, and what to do about it."""

    difference: Difference
    order: Order | None
    entries: tuple[LedgerEntry, ...]
    movements: tuple[StripeMovement, ...]

    @property
    def off(self) -> int:
        """How much more Stripe has than the ledger."""
        return self.difference.at_stripe - self.difference.in_ledger

    @property
    def _is_unmoved(self) -> bool:
        return not self.movements and not self.difference.at_stripe

    @property
    def why(self) -> str:
        """What the difference means."""
        if self.order is None:
            return "Stripe moved money for a payment that no order of ours names."
        if self.order.failure == MISMATCH:
            return "The payment is not the one that was asked for, so nothing was credited."
        if not self.entries and not self.difference.in_ledger:
            return "Stripe has the payment, and nothing of it is in the ledger."
        if self._is_unmoved:
            return "The ledger has the payment, and Stripe has moved nothing for it."
        if self.off > 0:
            return "Stripe has more than the ledger: credits are missing, or too much was taken."
        return "The ledger has more than Stripe: a refund or dispute is missing in the ledger."

    @property
    def what_to_do(self) -> str:
        """What staff do about it."""
        if self.order is None:
            return (
                "Open the payment at Stripe. If it was not made here, pay it back there; if it was,"
                " its metadata name the order."
            )
        if self.order.failure == MISMATCH:
            return "Compare amount and currency at Stripe with the order, and pay it back there."
        if self._is_unmoved:
            return (
                "Look whether Stripe’s payment succeeded and when it settles. If Stripe never"
                " settles it, take the credits back with a correction."
            )
        return (
            "Run the comparison again: it looks at the order anew. If the difference stays, compare"
            " both sides below, and repair the account with a correction that a second person"
            " approves."
        )


def runs() -> QuerySet[Reconciliation]:
    """Return the last comparisons, newest first, each with how much differed."""
    rows = Reconciliation.objects.annotate(differing=Count("differences"))
    return rows.order_by("-began_at")[:RUNS]


def state(run: Reconciliation) -> str:
    """Return whether a comparison has ended: `ended`, `running` or `lost`."""
    if run.ended_at is not None:
        return "ended"
    return "running" if timezone.now() - run.began_at < LONGEST else "lost"


def explain(run: Reconciliation) -> list[Explained]:
    """Return the differences of a comparison, the largest first, in few queries."""
    found = sorted(run.differences.all()[:SHOWN], key=lambda d: -abs(d.at_stripe - d.in_ledger))
    payments = [row.payment for row in found]
    orders = {
        str(order.payment_intent): order
        for order in Order.objects.filter(payment_intent__in=payments).select_related("account")
    }
    entries = _entries(list(orders.values()))
    movements: dict[str, list[StripeMovement]] = {}
    at_stripe = Q(payment_intent__in=payments) | Q(payment_intent="", pk__in=payments)
    for moved in StripeMovement.objects.filter(at_stripe).order_by("created_at"):
        movements.setdefault(moved.payment_intent or moved.pk, []).append(moved)
    return [
        Explained(
            row,
            orders.get(row.payment),
            tuple(entries.get(row.payment, ())),
            tuple(movements.get(row.payment, ())),
        )
        for row in found
    ]


def in_cents(entry: LedgerEntry) -> int:
    """Return a movement of money in cents, as Stripe counts it."""
    return entry.amount // MICRO_PER_CENT


def _entries(orders: Sequence[Order]) -> dict[str, list[LedgerEntry]]:
    names = {name: str(order.payment_intent) for order in orders for name in of_order(order)}
    money = ("top_up", "refund", "dispute")
    rows = LedgerEntry.objects.filter(kind__in=money, reference__in=list(names)).order_by("id")
    found: dict[str, list[LedgerEntry]] = {}
    for row in rows:
        found.setdefault(names[row.reference], []).append(row)
    return found
