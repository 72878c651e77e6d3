"""Delete from the request log what its keys keep for fewer days than the log itself (UTC).

Whole days are dropped by `partitions`; this is for keys whose owners chose fewer, revoked ones
too. A key that logs nothing may still have rows of the time before.
"""

import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from django.db import connection
from psycopg import sql

from gateway import partitions
from gateway.models import ApiKey
from gateway.models.keys import LOG_DAYS_MOST

EARLY = timedelta(hours=2)
"""Rows go so much before their time, since the sweep is hourly and may be late."""
KEYS_AT_ONCE = 200
ROWS_AT_ONCE = 5_000

# One day's table, so a row's place names it. The index by account finds the rows, once for all
# keys of an account.
DELETE = """
delete from {day} where ctid = any (array(
  select r.ctid
  from {day} r
  join unnest(%(keys)s::uuid[], %(accounts)s::bigint[], %(until)s::timestamptz[])
       k(id, account, until)
    on k.account = r.account_id and k.id = r.key_id and r.started_at < k.until
  where r.account_id = any (%(accounts)s::bigint[])
  limit %(rows)s))
"""

Kept = tuple[UUID, int, datetime]
"""A key, its account, and the moment before which its calls are not kept."""


def sweep(*, now: datetime | None = None) -> int:
    """Delete what is older than its key allows; return how many rows went."""
    moment = now or datetime.now(UTC)
    days = partitions.days_kept()
    gone = 0
    for keys in _batches(moment):
        last = max(until for _, _, until in keys)
        for day in days:
            if _begin(day) < last:
                gone += _delete(day, keys)
    return gone


def _batches(moment: datetime) -> Iterator[list[Kept]]:
    short = ApiKey.objects.filter(log_days__lt=LOG_DAYS_MOST, user__account__isnull=False)
    rows = short.order_by("pk").values_list("pk", "user__account", "log_days")
    kept = ((key, account, _until(moment, days)) for key, account, days in rows.iterator())
    while batch := list(itertools.islice(kept, KEYS_AT_ONCE)):
        yield batch


def _until(moment: datetime, days: int) -> datetime:
    return moment - timedelta(days=days) + EARLY if days else moment


def _begin(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _delete(day: date, keys: list[Kept]) -> int:
    """Delete the rows of one day, so many at once that no statement is long."""
    statement = sql.SQL(DELETE).format(day=sql.Identifier(partitions.name_of(day)))
    ids, accounts, until = zip(*keys, strict=True)
    values = {"keys": list(ids), "accounts": list(accounts), "until": list(until)}
    gone = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(statement, values | {"rows": ROWS_AT_ONCE})
            rows = int(cursor.rowcount)
        gone += rows
        if rows < ROWS_AT_ONCE:
            return gone
