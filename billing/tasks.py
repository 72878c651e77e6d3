"""What Celery does for billing."""

import logging

from celery import shared_task

from billing import invariants, ledger

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
    """Raise an alarm for each invariant of the money that does not hold."""
    violations = invariants.check()
    for violation in violations:
        log.error("alarm: %s is false for accounts %s", violation.sentence, violation.accounts)
    return len(violations)
