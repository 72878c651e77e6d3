"""Add up what everybody used by hour, so that staff's pages need not read the log (UTC).

For the purpose of running the service, which nobody is left out of; it tells of no account, and
goes with the log's own days. Each minute the hours are added up again whose calls may still be
under way, and after a rest all that were missed.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from accounts import locks
from gateway import spread
from gateway.models import HourlyUse
from gateway.partitions import RETENTION_DAYS

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SETTLED = timedelta(hours=2)
"""How long after its end an hour's last calls may still be under way."""
AROUND = timedelta(minutes=5)
"""How far the time in a call's id may be from when it started."""
EARLY = timedelta(hours=2)
"""Rows go so much before their time, as the days of the log do."""

# Where a provider has several routes to a model, the dearest counts. A call whose cost is not
# known in full has none. The bounds of the ids are there for the index: an id carries its time.
ADD_UP = f"""
with priced as (
  select m.name as model, p.name as provider, max(upstream_input_price) as input_price,
         max(upstream_cache_read_price) as read_price,
         max(upstream_cache_write_price) as write_price, max(upstream_output_price) as output_price
  from gateway_route t join gateway_model m on m.id = t.model_id
  join gateway_provider p on p.id = t.provider_id group by 1, 2),
logged as materialized (
  select date_bin('1 hour', r.started_at, 'epoch'::timestamptz) as hour, r.model, r.provider,
         r.status, r.charge, r.input_tokens::bigint + r.cache_read_tokens + r.cache_write_tokens
           as tokens_in, r.output_tokens::bigint as tokens_out,
         case when r.input_tokens = 0 then 0 else r.input_tokens * c.input_price end
         + case when r.cache_read_tokens = 0 then 0 else r.cache_read_tokens * c.read_price end
         + case when r.cache_write_tokens = 0 then 0 else r.cache_write_tokens * c.write_price end
         + case when r.output_tokens = 0 then 0 else r.output_tokens * c.output_price end as cost,
         case when r.status < 400 then {spread.OF_MS.format(ms="r.latency_ms")} end as latency,
         case when r.status < 400 and r.first_token_ms is not null
              then {spread.OF_MS.format(ms="r.first_token_ms")} end as first_token
  from gateway_requestlog r
  left join priced c on c.model = r.model and c.provider = r.provider
  where r.started_at >= %(from)s and r.started_at < %(to)s
    and r.id >= %(from_id)s and r.id < %(to_id)s),
latencies as (
  select hour, model, provider, jsonb_object_agg(latency, n) as counts
  from (select hour, model, provider, latency, count(*) as n from logged
        where latency is not null group by 1, 2, 3, 4) x group by 1, 2, 3),
first_tokens as (
  select hour, model, provider, jsonb_object_agg(first_token, n) as counts
  from (select hour, model, provider, first_token, count(*) as n from logged
        where first_token is not null group by 1, 2, 3, 4) x group by 1, 2, 3),
added as (
  select hour, model, provider, count(*) as calls,
         count(*) filter (where status between 400 and 499) as refused,
         count(*) filter (where status >= 500) as failed,
         sum(tokens_in) as tokens_in, sum(tokens_out) as tokens_out, sum(charge) as charge,
         coalesce(ceil(sum(cost) / 1000000), 0) as cost,
         coalesce(sum(charge) filter (where cost is not null), 0) as costed
  from logged group by 1, 2, 3)
insert into gateway_hourlyuse
  (hour, model, provider, calls, refused, failed, tokens_in, tokens_out, charge, cost, costed,
   latencies, first_tokens)
select hour, model, provider, calls, refused, failed, tokens_in, tokens_out, charge, cost, costed,
       coalesce(l.counts, '{{}}'), coalesce(f.counts, '{{}}')
from added left join latencies l using (hour, model, provider)
left join first_tokens f using (hour, model, provider)
on conflict (hour, model, provider) do update set
  calls = excluded.calls, refused = excluded.refused, failed = excluded.failed,
  tokens_in = excluded.tokens_in, tokens_out = excluded.tokens_out, charge = excluded.charge,
  cost = excluded.cost, costed = excluded.costed,
  latencies = excluded.latencies, first_tokens = excluded.first_tokens
"""  # noqa: S608  the words are our own


def hour_of(at: datetime) -> datetime:
    """Return when an hour began."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def ids_between(start: datetime, end: datetime) -> dict[str, str]:
    """Return bounds of the ids of calls that started within a time, for the log's index."""
    return {
        name: f"{int(at.timestamp() * 1_000):012x}{'0' * 20}"
        for name, at in (("from_id", start - AROUND), ("to_id", end + AROUND))
    }


def add_up(start: datetime, end: datetime) -> int:
    """Add up the hours between; return how many rows that made or changed."""
    values: dict[str, Any] = {"from": start, "to": end, **ids_between(start, end)}
    with transaction.atomic(), connection.cursor() as cursor:
        # A busy day takes longer than a request may.
        cursor.execute("set local statement_timeout = '300s'")
        cursor.execute(ADD_UP, values)
        return int(cursor.rowcount)


def add_up_latest(*, now: datetime | None = None) -> int:
    """Add up what may have changed, and what was missed, a day at a time; return the rows."""
    moment = now or datetime.now(UTC)
    rows = 0
    with locks.alone(locks.HOURLY_USE) as mine:
        start = _first(moment) if mine else moment
        while start < moment:
            end = min(start + DAY, hour_of(moment) + HOUR)
            rows += add_up(start, end)
            start = end
    return rows


def _first(now: datetime) -> datetime:
    begins = log_begins(now)
    newest = HourlyUse.objects.filter(hour__lte=now).aggregate(at=Max("hour"))["at"]
    return max(begins, min(newest, hour_of(now)) - SETTLED) if newest else begins


def log_begins(now: datetime) -> datetime:
    """Return the first moment of the log's oldest day."""
    oldest = now + EARLY - RETENTION_DAYS * DAY
    return datetime(oldest.year, oldest.month, oldest.day, tzinfo=UTC) + DAY


def expire(*, now: datetime | None = None) -> int:
    """Delete what is of days that have left the log; return how many rows went."""
    begins = log_begins(now or datetime.now(UTC))
    return HourlyUse.objects.filter(hour__lt=begins).delete()[0]
