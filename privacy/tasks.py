"""What Celery does for privacy."""

from celery import shared_task

from accounts import locks
from privacy import (
    canary,
    data_requests,
    erasure,
    exports,
    inactivity,
    legal_requests,
    notices,
    retention,
    reviews,
)
from privacy.conformance import run
from privacy.models import ErasureWhy


@shared_task
def sweep_retention() -> dict[str, int]:
    """Drop what is older than the policy allows."""
    return retention.sweep()


@shared_task(ignore_result=True)
def build_export(export: str) -> None:
    """Make somebody's export, if no other worker does."""
    exports.build(export)


@shared_task
def tend_exports() -> int:
    """Hand over exports that wait for a worker, or whose worker fell silent."""
    waiting = exports.to_make()
    for name in waiting:
        build_export.delay(name)
    return len(waiting)


@shared_task
def send_notices() -> int:
    """Tell people of documents that will change."""
    return notices.send()


@shared_task
def tell_of_disclosures() -> int:
    """Tell people what was disclosed about them, as soon as the law lets us."""
    return legal_requests.tell()


@shared_task
def alarm_reviews() -> bool:
    """Raise the alarm where the next security review is near or overdue."""
    return reviews.alarm()


@shared_task
def alarm_requests() -> int:
    """Raise the alarm for requests that have waited too long."""
    return data_requests.alarm()


@shared_task(ignore_result=True)
def carry_out_erasure(name: str) -> None:
    """Go on with a deletion, if no other worker does."""
    erasure.carry_out(name)


@shared_task
def tend_erasures() -> int:
    """Hand over the deletions that are due, and of whoever a restored backup brought back."""
    erasure.replay()
    due = erasure.due()
    for name in due:
        carry_out_erasure.delay(name)
    return len(due)


@shared_task
def tend_unused_accounts() -> int:
    """Tell people whose account nobody uses that it will be closed, and begin to close it."""
    tended = inactivity.tend(close=lambda user: erasure.ask(user, why=ErasureWhy.INACTIVE))
    return tended.told + tended.closed


@shared_task
def check_conformance() -> int:
    """See whether the promises of the policy are kept; return how many are not."""
    try:
        rows = run.check()
    except run.Busy:
        return 0
    return sum(row.applies and not row.passed for row in rows)


@shared_task
def run_canary() -> bool:
    """Let a made-up customer use every right, once a day; return whether all went well."""
    with locks.alone(locks.CANARY) as mine:
        return not mine or not canary.due() or canary.run().passed
