"""How often providers answered our probes of the last 30 days, and how fast."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from gateway.timelines import last_days, mood, ratio

CACHED = "availability-of-providers"
CACHED_SECONDS = 60

# One reading for all providers: each one's days, with how much of a day lies in which window.
READ = """
select d.*, l.latencies
from (
  select provider_id, (checked_at at time zone 'utc')::date as day,
         count(*), count(*) filter (where reachable),
         count(*) filter (where checked_at > %(now)s - interval '7 days'),
         count(*) filter (where reachable and checked_at > %(now)s - interval '7 days'),
         count(*) filter (where checked_at > %(now)s - interval '1 day'),
         count(*) filter (where reachable and checked_at > %(now)s - interval '1 day')
  from gateway_providercheck
  where checked_at > %(now)s - interval '30 days' and checked_at <= %(now)s
  group by 1, 2
) d
left join (
  select p.id as provider_id, t.latencies
  from gateway_provider p cross join lateral (
    select percentile_disc(array[0.5, 0.95]) within group (order by latency_ms) as latencies
    from gateway_providercheck c
    where c.provider_id = p.id and c.reachable
      and c.checked_at > %(now)s - interval '1 day' and c.checked_at <= %(now)s
  ) t
) l on l.provider_id = d.provider_id
"""


@dataclass(frozen=True)
class Share:
    """How many probes there were, and how many were answered."""

    probes: int = 0
    answered: int = 0

    @property
    def percent(self) -> str:
        """The share that was answered, rounded down, so that 100 means every one; or nothing."""
        if not self.probes:
            return ""
        whole, part = divmod(self.answered * 10_000 // self.probes, 100)
        return f"{whole}.{part:02d}".rstrip("0").rstrip(".")


@dataclass(frozen=True)
class Day:
    """The probes of one UTC day."""

    day: date
    share: Share

    @property
    def mood(self) -> str:
        """How the day looks, as on the page of the status."""
        return mood(ratio(self.share.answered, self.share.probes))


@dataclass(frozen=True)
class Availability:
    """What the probes of one provider found; times to answer are milliseconds of the last day."""

    day: Share = Share()
    week: Share = Share()
    month: Share = Share()
    median_ms: int | None = None
    slow_ms: int | None = None
    """The 95th percentile."""
    by_day: dict[date, Share] = field(default_factory=dict)

    @property
    def days(self) -> list[Day]:
        """The last 30 UTC days, today last, those without a probe too."""
        today = timezone.now().astimezone(UTC).date()
        return [Day(day, self.by_day.get(day, Share())) for day in last_days(today)]

    @property
    def windows(self) -> list[tuple[str, Share]]:
        """The shares with the words for how far each goes back."""
        return [("24 hours", self.day), ("7 days", self.week), ("30 days", self.month)]


UNKNOWN = Availability()
"""Of a provider that was never probed."""


def of_all() -> dict[int, Availability]:
    """Return what is known of each provider, by its id; at most a minute old."""
    found: dict[int, Availability] | None = cache.get(CACHED)
    if found is None:
        found = read()
        cache.set(CACHED, found, CACHED_SECONDS)
    return found


def read(*, now: datetime | None = None) -> dict[int, Availability]:
    """Return what is known of each provider as of a moment (UTC), by its id."""
    with connection.cursor() as cursor:
        cursor.execute(READ, {"now": now or timezone.now()})
        rows = cursor.fetchall()
    of_one: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        of_one[row[0]].append(row[1:])
    return {provider: _from_days(days) for provider, days in of_one.items()}


def _from_days(days: list[tuple[Any, ...]]) -> Availability:
    month, month_answered, week, week_answered, day, day_answered = (
        sum(column) for column in zip(*(row[1:7] for row in days), strict=True)
    )
    median, slow = days[0][7] or (None, None)
    return Availability(
        day=Share(day, day_answered),
        week=Share(week, week_answered),
        month=Share(month, month_answered),
        median_ms=median,
        slow_ms=slow,
        by_day={row[0]: Share(row[1], row[2]) for row in days},
    )
