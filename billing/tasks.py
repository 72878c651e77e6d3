"""What Celery does for billing; each finds its work in rows, whatever message called it."""

import logging
from collections.abc import Callable

from celery import shared_task

from billing import (
    automatic,
    inbox,
    invariants,
    ledger,
    mails,
    payments,
    reconciliation,
    refunds,
    stripe_api,
)
from billing.stripe_api import StripeDown

log = logging.getLogger("lumyx.billing")


@shared_task
def sweep_holds() -> int:
    """Release every hold whose time is over."""
    total = 0
    while released := ledger.release_expired():
        total += released
    return total


@shared_task
def check_invariants() -> int:
    """Raise an alarm for each invariant of the money that does not hold; return how many."""
    return len(invariants.run().broken)


@shared_task
def handle_event(event_id: str) -> bool:
    """Handle one of Stripe's events that was taken in."""
    return inbox.handle(event_id)


@shared_task
def handle_events() -> int:
    """Handle all of Stripe's events that wait."""
    return inbox.handle_due()


@shared_task
def catch_up() -> int:
    """Take in the events that Stripe has and we were never told of."""
    return _while_up(inbox.catch_up)


@shared_task
def check_orders() -> int:
    """Look after purchases and refunds whose end we have not heard of."""
    return _while_up(payments.check_waiting) + _while_up(refunds.carry_on)


@shared_task
def top_up(account_id: int) -> bool:
    """Top one account up, if it is to be."""
    return automatic.consider(account_id) is not None


@shared_task
def top_up_all() -> int:
    """Top every account up that is to be."""
    accounts = automatic.due()
    for account_id in accounts:
        try:
            automatic.consider(account_id)
        except Exception as error:
            # Whatever it is, it keeps no other account waiting.
            log.error("alarm: account %s: no top-up: %s", account_id, type(error).__name__)
    return len(accounts)


@shared_task
def send_mails() -> int:
    """Mail receipts and warnings."""
    return mails.send_all()


@shared_task
def reconcile() -> int:
    """Compare Stripe's balance with the ledger; return how many payments differ.

    What was missed in the last days is taken in before, and handled by itself.
    """
    _while_up(lambda: inbox.catch_up(back=inbox.NIGHTLY_BACK, limit=200_000))
    return _while_up(lambda: reconciliation.run().differences.count())


def _while_up(work: Callable[[], int]) -> int:
    if not stripe_api.available():
        return 0
    try:
        return work()
    except StripeDown as error:
        log.warning("Stripe is down: %s", error)
        return 0
