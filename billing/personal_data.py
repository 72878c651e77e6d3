"""The personal data that billing holds, and how it leaves."""

from datetime import timedelta

from django.utils import timezone
from djstripe.models import Event, WebhookEventTrigger

from accounts.data_sets import Classified
from billing import holdings, inbox, ledger, stripe_copies

DATA: list[Classified] = [*holdings.DATA, *stripe_copies.DATA]

COPIES_KEPT = timedelta(days=29)
"""The hourly sweep and 30 days make a promise."""


def expire() -> dict[str, int]:
    """Delete what each call set aside once it is too old; the ledger stays, as the law wants."""
    total = 0
    while deleted := ledger.delete_old_holds():
        total += deleted
    return {
        "closed holds": total,
        "events' ids": inbox.delete_old(),
        "copies of events": _delete_copies(),
    }


def _delete_copies() -> int:
    """Delete what dj-stripe copied of Stripe's events: they hold people's data."""
    old = timezone.now() - COPIES_KEPT
    WebhookEventTrigger.objects.filter(created__lt=old).delete()
    return int(Event.objects.filter(djstripe_created__lt=old).delete()[0])
