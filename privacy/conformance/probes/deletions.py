"""Sections 4 and 8: who is deleted is gone in time, and that is proven."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, Max

from privacy import keeping, receipts, tombstones
from privacy.conformance import made_up
from privacy.conformance.finding import Finding, broken, count, kept
from privacy.models import Erasure, ErasureState

TO_ERASE = timedelta(days=keeping.ERASURE_DAYS)
LOOKED_AT = 500
"""The newest receipts that are checked each time."""


def in_time(now: datetime) -> Finding:
    """Find deletions that took too long, and people whom a backup brought back."""
    open_ones = Erasure.objects.filter(state__in=[ErasureState.GRACE, ErasureState.RUNNING])
    late = open_ones.filter(grace_until__lt=now - TO_ERASE).count()
    ended = Erasure.objects.filter(state=ErasureState.DONE)
    slow = ended.filter(done_at__gt=F("grace_until") + TO_ERASE).count()
    risen = len(tombstones.risen())
    worst = ended.aggregate(took=Max(F("done_at") - F("grace_until")))["took"] or timedelta()
    days = keeping.worst_case_days()
    figures: dict[str, Any] = {
        "under_way": open_ones.count(),
        "late": late,
        "done": ended.count(),
        "slow": slow,
        "brought_back": risen,
        "worst_case_days": days,
    }
    if late or risen or days > keeping.PROMISED_DAYS:
        return broken(
            f"{count(late, 'deletion')} not finished in time, {risen} of the deleted are there"
            f" again, and the worst case is {days} days.",
            **figures,
        )
    hours = max(worst.total_seconds(), 0) / 3_600
    return kept(
        f"{count(figures['under_way'], 'deletion')} under way and in time, {figures['done']} done,"
        f" the slowest {hours:.1f} hours after its {settings.ERASURE_GRACE_DAYS} days of grace."
        f" With the backups it takes {days} days at the longest.",
        **figures,
    )


def proven(now: datetime) -> Finding:
    """Find deletions that ended without proof, and ask the made-up customer's."""
    ended = Erasure.objects.filter(state=ErasureState.DONE).order_by("-done_at")
    unproven = unsealed = looked = 0
    for row in ended[:LOOKED_AT]:
        looked += 1
        unsealed += bool(row.sealed)
        unproven += not _is_proven(row)
    figures: dict[str, Any] = {"receipts": looked, "unproven": unproven, "still_named": unsealed}
    if unproven or unsealed:
        return broken(
            f"{count(unproven, 'deletion')} without proof, and {unsealed} that still name"
            " somebody.",
            **figures,
        )
    canary = made_up.outcome(now)
    if canary is not None and not canary.passed:
        return broken(canary.said, **figures)
    said = f"{count(looked, 'receipt')} checked: all genuine, and none names anybody."
    return kept(f"{said} {canary.said}" if canary is not None else said, **figures)


def _is_proven(row: Erasure) -> bool:
    try:
        said = receipts.verify(row.receipt)
    except receipts.NotGenuine:
        return False
    return bool(said["number"] == str(row.pk) and row.scanned.get("traces") == [])
