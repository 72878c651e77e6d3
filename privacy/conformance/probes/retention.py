"""Section 4: nothing is kept longer than it may be."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Q
from psycopg import sql

from billing.models import (
    Account,
    AutoTopUp,
    Books,
    LowBalanceAlert,
    SealedReceipt,
    StripeCustomer,
)
from gateway.partitions import RETENTION_DAYS, TABLE
from privacy import exports, inactivity
from privacy.conformance import log_files
from privacy.conformance.finding import (
    Clause,
    Finding,
    broken,
    count,
    is_development,
    kept,
    not_here,
)
from privacy.conformance.probes import deletions

DAYS = timedelta(days=RETENTION_DAYS)
SLACK = timedelta(hours=2)
"""How late the hourly sweep may be."""
NAMES = """
select c.relname, coalesce(pg_get_expr(c.relpartbound, c.oid), '')
from pg_class c where c.relnamespace = 'public'::regnamespace
  and c.relkind in ('r', 'm', 'f') and c.relname like %s
"""
DATED = re.compile(rf"{TABLE}_(\d{{8}})")


def logs(now: datetime) -> Finding:
    """Find days of the request log, attached or not, and rows that are older than 30 days."""
    with connection.cursor() as cursor:
        cursor.execute(NAMES, [f"{TABLE}\\_%"])
        tables = dict(cursor.fetchall())
    late, odd = [], []
    for name, bounds in tables.items():
        day = DATED.fullmatch(name)
        if day is None or bounds == "DEFAULT":
            odd.append(name)
        elif _begins(day[1]) + DAYS <= now:
            late.append(f"{name} ({'attached' if bounds else 'detached'})")
    oldest = _oldest_row(sorted(tables))
    days = (now - oldest).total_seconds() / 86_400 if oldest else 0.0
    figures: dict[str, Any] = {
        "oldest_days": round(days, 2),
        "tables": len(tables),
        "too_old": len(late),
    }
    if late or odd or days > RETENTION_DAYS:
        return broken(
            f"{count(len(late), 'day')} of the request log are too old, {len(odd)} tables are no"
            f" day of it, and the oldest row is {days:.1f} days old.",
            details=", ".join([*late, *odd]),
            **figures,
        )
    return kept(
        f"The oldest call is {days:.1f} days old, in {count(len(tables), 'daily table')}."
        if oldest
        else f"There are no calls in {count(len(tables), 'daily table')}.",
        **figures,
    )


def _begins(day: str) -> datetime:
    return datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC)


def _oldest_row(tables: list[str]) -> datetime | None:
    """Return the time of the oldest row: of what has rows the first, and of what has no date."""
    found: list[datetime] = []
    for name in tables:
        if found and DATED.fullmatch(name):
            continue
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("select min(started_at) from {}").format(sql.Identifier(name)))
            found += filter(None, cursor.fetchone())
    return min(found, default=None)


COPIES = {
    "holds of calls": """
        select count(*) from billing_hold h
        where h.id < (lpad(to_hex((extract(epoch from %(old)s::timestamptz) * 1000)::bigint), 12,
                           '0') || repeat('0', 20))::uuid
          and h.state <> 0
          and not exists (select 1 from billing_uncollecteduse u where u.hold_id = h.id)""",
    "copies of events": """
        select count(*) from djstripe_event where djstripe_created < %(old)s""",
    "bodies of events": """
        select count(*) from djstripe_webhookeventtrigger where created < %(old)s""",
}


def copies(now: datetime) -> Finding:
    """Find what calls left elsewhere and is older than 30 days."""
    found: dict[str, int] = {}
    with connection.cursor() as cursor:
        for what, query in COPIES.items():
            cursor.execute(query, {"old": now - DAYS})
            found[what] = cursor.fetchone()[0]
    found["export files"] = len(_old_exports(now))
    found["log files"] = len(log_files.older_than(RETENTION_DAYS, now=now))
    figures: dict[str, Any] = {what.replace(" ", "_"): number for what, number in found.items()}
    late = {what: number for what, number in found.items() if number}
    if late:
        words = ", ".join(f"{number:,} {what}" for what, number in late.items())
        return broken(f"Older than they may be: {words}.", **figures)
    return kept(
        f"Nothing of calls is older than {RETENTION_DAYS} days in {len(COPIES)} other tables,"
        f" {count(len(_export_files()), 'export file')} and"
        f" {count(len(log_files.paths()), 'log file')}.",
        **figures,
    )


def _export_files() -> list[Path]:
    directory = Path(settings.EXPORT_DIR)
    return [file for file in directory.iterdir() if file.is_file()] if directory.is_dir() else []


def _old_exports(now: datetime) -> list[str]:
    oldest = (now - exports.KEPT - SLACK).timestamp()
    return [file.name for file in _export_files() if file.stat().st_mtime < oldest]


LATE = timedelta(days=2)
"""How long a day's work may be behind."""


def active(now: datetime) -> Finding:
    """Find accounts that nobody has used for longer than they may be kept unused."""
    today, months = now.date(), settings.INACTIVE_MONTHS
    notices = sum(inactivity.AHEAD.values(), timedelta())
    waiting = inactivity.quiet(today)
    unused = sum(
        today > use.closes(use.told) + LATE
        and (len(use.told) == len(inactivity.AHEAD) or today > use.over + notices + LATE)
        for use in waiting
    )
    if unused:
        return broken(
            f"{count(unused, 'account')} unused for more than {months} months were not closed.",
            unused=unused,
        )
    return kept(
        f"No account has been unused for more than {months} months; {len(waiting)} will be soon,"
        " and are being told.",
        unused=0,
        soon=len(waiting),
    )


UNNAMED = "our place of business"


def billing(now: datetime) -> Finding:
    """Find books without a law or an end, or past it, and names outside the sealed receipts."""
    today = now.date()
    models = (Books, SealedReceipt)
    unclear = sum(
        m.objects.filter(Q(jurisdiction="") | Q(document_type="")).count() for m in models
    )
    past = sum(m.objects.filter(retain_until__lt=today).count() for m in models)
    nobodys = Account.objects.filter(user=None)
    endless = nobodys.filter(books=None).count()
    open_ones = sum(
        model.objects.filter(account__in=nobodys).count()
        for model in (StripeCustomer, AutoTopUp, LowBalanceAlert)
    )
    figures: dict[str, Any] = {
        "books": Books.objects.count(),
        "sealed_receipts": SealedReceipt.objects.count(),
        "unclear": unclear + endless,
        "past": past,
        "named": open_ones,
    }
    if unclear or past or endless or open_ones:
        return broken(
            f"{count(unclear + endless, 'book')} without a law or an end, {past} past theirs, and"
            f" {open_ones} that lead to a person who was deleted.",
            **figures,
        )
    if settings.BILLING_JURISDICTION in ("", UNNAMED):
        words = "It is not set which country's law on books applies."
        return not_here(words) if is_development() else broken(words, **figures)
    return kept(
        f"{count(figures['books'], 'account')} of people who were deleted are kept without a name"
        f" by the law of {settings.BILLING_JURISDICTION}, each until a date of its own and none"
        f" past it; {count(figures['sealed_receipts'], 'receipt')} sealed.",
        **figures,
    )


CLAUSES = [
    Clause(
        id="4-active",
        section="4",
        sentences=("We retain your account information for as long as your account is active.",),
        check="No account may be there that nobody has used for longer than the months after"
        " which it is closed, and two notices.",
        probe=active,
    ),
    Clause(
        id="4-logs",
        section="4",
        sentences=(
            "API request logs are retained for up to 30 days for debugging and abuse prevention"
            " purposes.",
        ),
        check="The database is asked for every table of the request log, also for those that were"
        " taken out of it, and for its oldest row: nothing may be older than 30 days.",
        probe=logs,
    ),
    Clause(
        id="4-copies",
        section="4",
        sentences=(
            "API request logs are retained for up to 30 days for debugging and abuse prevention"
            " purposes.",
        ),
        check="What calls and payments leave elsewhere may not be older either: holds, copies of"
        " Stripe's events, sessions, export files, log files.",
        probe=copies,
    ),
    Clause(
        id="4-billing",
        section="4",
        sentences=(
            "Billing records are retained as required by applicable financial regulations.",
        ),
        check="The law that asks for them must be named. Books of people who were deleted must have"
        " a kind, a law and an end, none may be past it, and names may be in sealed receipts only.",
        probe=billing,
    ),
    Clause(
        id="4-deletion",
        section="4",
        sentences=(
            "Upon account deletion, we will remove your personal data within 30 days, except where"
            " retention is required by law.",
        ),
        check="No deletion may be unfinished when its days of grace and the day to erase are over,"
        " and with the backups the worst case may not exceed 30 days.",
        probe=deletions.in_time,
    ),
]
