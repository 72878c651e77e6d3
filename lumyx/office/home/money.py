"""Home's figures of money: what comes in, what is owed, and whether the books agree."""

from datetime import datetime, timedelta

from django.utils.timesince import timesince

from billing import inbox, invariants, reconciliation, revenue
from billing.amounts import in_dollars
from gateway import spending
from lumyx.office.home.tile import (
    BAD,
    GOOD,
    WARN,
    Tile,
    ago,
    counted,
    credits,
    dollars,
    hundredths,
    listed,
    percent,
)

NIGHTLY = timedelta(hours=26)
"""How old what is done each night may be."""
TAKINGS = ("billing.view_order", "billing.view_reconciliation")
"""Who sees what the company takes: who reads single purchases for customers' sake does not."""


def taken(now: datetime) -> list[Tile]:
    """Return the revenue of today and of this month."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    first = today.replace(day=1)
    days = revenue.by_day(since=first)
    spans = (
        ("Revenue today", today, days.get(today.date(), revenue.Revenue())),
        (f"Revenue in {now:%B}", first, revenue.total(days.values())),
    )
    return [
        Tile(
            label,
            in_dollars(found.kept),
            note=f"{in_dollars(found.paid)} paid, {in_dollars(found.back)} refunded or lost",
            href=listed("billing.order", {"paid_at__gte": since.isoformat()}),
        )
        for label, since, found in spans
    ]


def owed(now: datetime) -> list[Tile]:
    """Return what customers may still use up."""
    found = revenue.outstanding()
    note = f"{hundredths(found.bonus)} of it bonus"
    if found.owed:
        note += f"; {hundredths(found.owed)} owed to us taken off"
    href = listed("billing.account", {"balance__gt": 0})
    return [Tile("Credits outstanding", credits(found.balance), note, href=href)]


def margin(now: datetime) -> list[Tile]:
    """Return what was left of all calls of 30 days."""
    found = spending.total(spending.by("provider", since=now - timedelta(days=30)))
    note = f"{hundredths(found.charge)} credits spent, {dollars(found.cost)} to providers"
    state = BAD if found.left < 0 else ""
    href = listed("gateway.hourlyuse")
    return [Tile("Margin, 30 days", percent(found.margin), note, state, href)]


def checked(now: datetime) -> list[Tile]:
    """Return whether the ledger's invariants held when they were last looked at."""
    look, href = invariants.last(), listed("billing.ledgercheck")
    if look is None:
        return [
            Tile("Ledger invariants", "Not checked yet", "It is checked each night.", WARN, href)
        ]
    note, fresh = _when(look.began_at, now)
    if look.broken:
        words = f"{len(look.broken)} broken"
        return [Tile("Ledger invariants", words, note, BAD, href)]
    return [Tile("Ledger invariants", "All hold", note, GOOD if fresh else WARN, href)]


def compared(now: datetime) -> list[Tile]:
    """Return whether Stripe and the ledger agreed when they were last compared."""
    found, href = reconciliation.last(), listed("billing.reconciliation")
    if found is None:
        words = "It is done each night."
        return [Tile("Reconciliation", "Not done yet", words, WARN, href)]
    note, fresh = _when(found.began_at, now)
    note = f"{counted(found.payments, 'payment', 'payments')}; {note}"
    if differing := found.differences.count():
        words = counted(differing, "difference", "differences")
        return [Tile("Reconciliation", words, note, BAD, href)]
    return [Tile("Reconciliation", "Agrees", note, GOOD if fresh else WARN, href)]


def told(now: datetime) -> list[Tile]:
    """Return which of Stripe's events are not done with."""
    found = inbox.backlog(now=now)
    failed = found.failing + found.given_up
    note = f"{found.failing:,} failing, {found.given_up:,} given up"
    if found.oldest is not None:
        note += f"; the oldest is {timesince(now - found.oldest, now, depth=1)} old"
    state = BAD if found.given_up else WARN if failed else ""
    href = listed("billing.stripeevent", {"handled_at__isempty": 1})
    words = counted(found.all, "waits", "wait") if found.all else "None wait"
    return [Tile("Stripe’s events", words, note, state, href)]


def _when(at: datetime, now: datetime) -> tuple[str, bool]:
    """Return when something was done, in words, and whether that is not too long ago."""
    late = now - at > NIGHTLY
    said = ago(at, now)
    return (f"overdue: checked {said}" if late else f"checked {said}"), not late
