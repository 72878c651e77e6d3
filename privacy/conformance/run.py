"""Run every check on the running system, and keep what was found."""

import logging
import time
from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from accounts import locks
from privacy.conformance import results
from privacy.conformance.clauses import CLAUSES
from privacy.conformance.finding import Clause, Finding, broken, is_development
from privacy.models import ProbeResult

log = logging.getLogger("lumyx.privacy")

MOST_SAID = 400
"""Characters; what is longer belongs into the details."""
GUARDS = (
    "set local statement_timeout = '10s'",
    "set local idle_in_transaction_session_timeout = '60s'",
)


class Busy(Exception):
    """Another process runs the checks right now."""


def check(
    clauses: Sequence[Clause] | None = None, *, now: datetime | None = None
) -> list[ProbeResult]:
    """Run the checks and keep what they found; raises Busy."""
    moment = now or timezone.now()
    with locks.alone(locks.CONFORMANCE) as mine:
        if not mine:
            raise Busy
        before = results.latest()
        rows = []
        for clause in CLAUSES if clauses is None else clauses:
            found, milliseconds = ask(clause, now=moment)
            row = ProbeResult(
                clause=clause.id,
                ran_at=moment,
                passed=found.passed,
                applies=found.applies,
                said=found.said[:MOST_SAID],
                details=found.details,
                measured=found.measured,
                milliseconds=milliseconds,
            )
            row.since = _since(before.get(clause.id), row)
            rows.append(row)
        ProbeResult.objects.bulk_create(rows)
    return rows


def _since(before: ProbeResult | None, row: ProbeResult) -> datetime:
    if before is not None and before.state == row.state:
        return before.since
    if not row.passed and row.applies:
        log.error("alarm: the promise %s is not kept", row.clause)
    return row.ran_at


def ask(clause: Clause, *, now: datetime) -> tuple[Finding, int]:
    """Run one check; return what it found, and how long that took in milliseconds.

    Whatever it writes is rolled back: it may sign in somebody made up to see what happens.
    """
    begun = time.monotonic()
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                for guard in GUARDS:
                    cursor.execute(guard)
            found = clause.probe(now)
            transaction.set_rollback(True)
    except Exception as error:
        # Its text may quote what was found, which is nobody's business.
        found = broken("The check itself failed.", details=type(error).__name__)
        connection.close_if_unusable_or_obsolete()
    if not found.applies and not is_development():
        found = broken("This must be checked here, and could not be.", details=found.said)
    return found, round((time.monotonic() - begun) * 1_000)
