"""The day partitions of the request log: made a week ahead, dropped whole (UTC)."""

import logging
from datetime import UTC, date, datetime, timedelta

from django.db import connection
from psycopg import sql

log = logging.getLogger("lumyx.gateway")

TABLE = "gateway_requestlog"
DAYS_AHEAD = 7
RETENTION_DAYS = 30
"""What section 4 of the privacy policy allows, counted from the oldest moment of a day."""


def today() -> date:
    """Return the current UTC day."""
    return datetime.now(UTC).date()


def name_of(day: date) -> str:
    """Return the name of a day's table."""
    return f"{TABLE}_{day:%Y%m%d}"


def make(*, first: date | None = None, days: int = DAYS_AHEAD + 1) -> None:
    """Make the partitions that are missing, from the first day on (today where not given)."""
    start = first or today()
    missing = {start + timedelta(days=n) for n in range(days)} - set(days_kept())
    for day in sorted(missing):
        statement = sql.SQL(
            "create table if not exists {} partition of {} for values from ({}) to ({})"
        ).format(
            sql.Identifier(name_of(day)),
            sql.Identifier(TABLE),
            sql.Literal(f"{day} 00:00+00"),
            sql.Literal(f"{day + timedelta(days=1)} 00:00+00"),
        )
        with connection.cursor() as cursor:
            cursor.execute(statement)


def days_kept() -> list[date]:
    """Return the days that have a table, attached or not, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            r"select relname from pg_class where relkind = 'r' and relname ~ %s",
            [rf"^{TABLE}_\d{{8}}$"],
        )
        names = [row[0] for row in cursor.fetchall()]
    return sorted(datetime.strptime(name[-8:], "%Y%m%d").date() for name in names)


def tables() -> list[str]:
    """Return the names of the tables of days, attached or not, oldest first."""
    return [name_of(day) for day in days_kept()]


def drop_older(*, now: datetime | None = None) -> list[date]:
    """Drop each day before its first row turns 30 days old, and return the days dropped.

    The sweep runs hourly; a day goes two hours early, so that a late sweep still keeps the
    promise.
    """
    moment = (now or datetime.now(UTC)) + timedelta(hours=2)
    dropped = []
    for day in days_kept():
        begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
        if begin + timedelta(days=RETENTION_DAYS) <= moment:
            with connection.cursor() as cursor:
                cursor.execute(sql.SQL("drop table {}").format(sql.Identifier(name_of(day))))
            dropped.append(day)
    return dropped
