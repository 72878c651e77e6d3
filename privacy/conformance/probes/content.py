"""Section 2.3: what is said to a model, and what it answers, stays nowhere."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection

from gateway.models import Provider
from privacy.conformance import catalogue, log_files, made_up, redis_values
from privacy.conformance.finding import Clause, Finding, broken, count, kept

ON_THE_WAY = (
    *("gateway_requestlog", "billing_hold", "billing_ledgerentry", "billing_uncollecteduse"),
    "billing_budget",
)
"""Every table that a call writes to."""
LONGEST = 80
"""Characters of a column there, which none but the names of tries passes."""
WIDER = {"gateway_requestlog.attempts"}
NEWEST = 20_000
CANARY: str = "privacy.CanaryRun"
"""Where the runs of the made-up customer are, if there are any."""
ATTEMPTS = f"""
select count(*), count(*) filter (where not ok) from (
  select (jsonb_typeof(attempts) = 'array' and length(attempts::text) < 2000 and not exists (
    select 1 from jsonb_array_elements(attempts) e, jsonb_each(e) f
    where f.key not in ('provider', 'ms', 'reason') or length(f.value::text) > 60)) as ok
  from (select attempts from gateway_requestlog order by id desc limit {NEWEST}) newest) looked
"""  # noqa: S608  the number is our own


def stored(now: datetime) -> Finding:
    """Find room for content in the tables that a call writes to, and content in the room."""
    canary = made_up.outcome(now)
    if canary is not None and not canary.passed:
        return canary
    roomy = [
        column.full_name
        for column in catalogue.columns(*ON_THE_WAY)
        if column.holds_words
        and (column.longest is None or column.longest > LONGEST)
        and column.full_name not in WIDER
    ]
    unknown = catalogue.unclassified()
    with connection.cursor() as cursor:
        cursor.execute(ATTEMPTS)
        rows, wrong = cursor.fetchone()
    if roomy or unknown or wrong:
        return broken(
            f"Content could be kept: {count(len(roomy) + len(unknown), 'column')} have room for it"
            f" or are unknown, and {count(wrong, 'call')} are logged with more than tries.",
            details=", ".join([*roomy, *unknown]),
            columns=len(roomy) + len(unknown),
            calls=wrong,
        )
    columns = len(catalogue.columns(*ON_THE_WAY))
    return kept(
        f"{columns} columns that a call writes to have no room for it; {count(rows, 'call')}"
        f" looked at. {canary.said if canary else ''}".strip(),
        columns=columns,
        calls=rows,
    )


def logged(now: datetime) -> Finding:
    """Find content in the app's log files and in Redis."""
    reading, looked = log_files.read(), redis_values.look()
    read = (
        f"{count(reading.lines, 'line')} of {count(reading.files, 'log file')} and"
        f" {count(looked.keys, 'entry', 'entries')} of Redis"
    )
    figures: dict[str, Any] = {
        "lines": reading.lines,
        "files": reading.files,
        "redis_entries": looked.keys,
    }
    if reading.found or looked.found:
        lines = reading.found.total()
        return broken(
            f"{count(lines, 'line')} of the log files and {count(len(looked.found), 'kind')} of"
            f" entries in Redis hold what none may hold, of {read}.",
            details="; ".join(
                [f"{kind}: {n} lines" for kind, n in sorted(reading.found.items())]
                + [f"in {', '.join(sorted(reading.where))}"] * bool(reading.where)
                + [f"Redis: {kind}" for kind in sorted(looked.found)]
            ),
            wrong=lines + len(looked.found),
            **figures,
        )
    files = "" if settings.APP_LOGS else " Logs go to the processes' output; no files are named."
    return kept(f"Nothing was found in {read}.{files}", wrong=0, **figures)


def training(now: datetime) -> Finding:
    """Find enabled providers that train on what they are sent, or whose terms nobody read."""
    rows = list(Provider.objects.filter(enabled=True).order_by("name"))
    training = [row.name for row in rows if row.trains_on_content]
    unread = [row.name for row in rows if row.terms_reviewed_on is None]
    if training or unread:
        return broken(
            f"{count(len(training), 'provider')} may train on content, and the terms of"
            f" {len(unread)} were not reviewed, of {len(rows)}.",
            details=", ".join([*training, *unread]),
            training=len(training),
            not_reviewed=len(unread),
        )
    return kept(
        f"{count(len(rows), 'provider')} switched on, none of which trains on content.",
        providers=len(rows),
    )


CLAUSES = [
    Clause(
        id="2.3-content",
        section="2.3",
        sentences=(
            "We may temporarily process the content of your API requests (inputs and outputs) for"
            " the purpose of delivering the Service.",
        ),
        check="The database is asked for every column of the tables that a call writes to: none"
        " may be long enough for a prompt or an answer, and the list of tries in each call's row"
        " may hold nothing but names and times.",
        probe=stored,
    ),
    Clause(
        id="2.3-traces",
        section="2.3",
        sentences=(
            "We may temporarily process the content of your API requests (inputs and outputs) for"
            " the purpose of delivering the Service.",
        ),
        check="The service's log files and what lies in Redis are read for bodies of calls, API"
        " keys, email addresses and lines too long to be ours.",
        probe=logged,
    ),
    Clause(
        id="2.3-training",
        section="2.3",
        sentences=("We do not use your API content to train AI models.",),
        check="Every provider that is switched on must have terms that rule out training on"
        " content, and a date on which they were reviewed. We train nothing ourselves.",
        probe=training,
    ),
]
