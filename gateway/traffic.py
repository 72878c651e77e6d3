"""How many calls there are, how they end and how long they take: all customers' together (UTC)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Sum

from gateway import spread
from gateway.hourly_use import HOUR, hour_of, ids_between
from gateway.models import HourlyUse

SLOW = 0.95
"""The share of calls that were answered at least as fast as is said."""

SPREADS = """
select {column}.key::int, sum({column}.value::bigint)::bigint
from gateway_hourlyuse, jsonb_each_text({column}) {column}
where hour >= %(from)s and hour <= %(to)s group by 1
"""

LATELY = """
select count(*), count(*) filter (where status between 400 and 499),
       count(*) filter (where status >= 500),
       percentile_disc(%(share)s) within group (order by latency_ms) filter (where status < 400),
       percentile_disc(%(share)s) within group (order by first_token_ms)
         filter (where status < 400 and first_token_ms is not null)
from gateway_requestlog
where started_at >= %(from)s and started_at <= %(to)s and id >= %(from_id)s and id < %(to_id)s
"""

OLDEST = "select started_at from gateway_requestlog order by id limit 1"


@dataclass(frozen=True)
class Traffic:
    """The calls of a time; the milliseconds are those of answered calls, None without one."""

    calls: int
    refused: int
    failed: int
    latency_ms: int | None = None
    first_token_ms: int | None = None

    @property
    def failed_share(self) -> float | None:
        """Return how many of all failed by our fault or a provider's; None of none."""
        return self.failed / self.calls if self.calls else None


NONE = Traffic(0, 0, 0)


def last_day(now: datetime) -> Traffic:
    """Return the calls of the hour under way and of the 23 before it."""
    begin = hour_of(now) - 23 * HOUR
    sums = HourlyUse.objects.filter(hour__gte=begin, hour__lte=now).aggregate(
        calls=Sum("calls", default=0),
        refused=Sum("refused", default=0),
        failed=Sum("failed", default=0),
    )
    return Traffic(
        **sums,
        latency_ms=spread.percentile(_spread("latencies", begin, now), SLOW),
        first_token_ms=spread.percentile(_spread("first_tokens", begin, now), SLOW),
    )


def _spread(column: str, start: datetime, end: datetime) -> Mapping[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(SPREADS.format(column=column), {"from": start, "to": end})
        return dict(cursor.fetchall())


def last_hour(now: datetime) -> Traffic:
    """Return the calls of the last 60 minutes, as the log has them."""
    begin = now - HOUR
    values: dict[str, Any] = {"from": begin, "to": now, "share": SLOW, **ids_between(begin, now)}
    with connection.cursor() as cursor:
        cursor.execute(LATELY, values)
        [row] = cursor.fetchall()
    return Traffic(*row)


def by_hour(now: datetime, *, hours: int = 24) -> dict[datetime, Traffic]:
    """Return the calls of each of the last hours, the oldest first."""
    begin = hour_of(now) - (hours - 1) * HOUR
    rows = (
        HourlyUse.objects.filter(hour__gte=begin, hour__lte=now)
        .values_list("hour")
        .annotate(calls=Sum("calls"), refused=Sum("refused"), failed=Sum("failed"))
    )
    known = {hour: Traffic(*sums) for hour, *sums in rows}
    every = (begin + n * HOUR for n in range(hours))
    return {hour: known.get(hour, NONE) for hour in every}


def age_of_log(now: datetime) -> timedelta | None:
    """Return how old the oldest row of the log is; None where it has none."""
    with connection.cursor() as cursor:
        # By its id, which carries the time and has an index.
        cursor.execute(OLDEST)
        row = cursor.fetchone()
    return now - row[0] if row else None
