"""How AI providers did by our probes, for everybody: in words of ours, without addresses (UTC)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from gateway.timelines import DAYS, Day, last_days, percent, ratio, summary

STALE = timedelta(minutes=10)
"""How old the last probe may be before nothing is claimed any more: they run every two minutes."""
LATEST = 5
"""How many of the last probes say how a provider does now."""

# One statement: each day of each provider, and, where the day is empty, its whole month.
HEALTH = """
with rows as (
  select c.provider_id, (c.checked_at at time zone 'UTC')::date as day, c.checked_at, c.reachable,
         c.latency_ms
  from gateway_providercheck c join gateway_provider p on p.id = c.provider_id and p.enabled
  where c.checked_at >= %(month)s),
sums as (
  select provider_id, day, count(*) as probes, count(*) filter (where reachable) as good,
         count(*) filter (where checked_at >= %(week)s) as probes_week,
         count(*) filter (where checked_at >= %(week)s and reachable) as good_week,
         count(*) filter (where checked_at >= %(yesterday)s) as probes_day,
         count(*) filter (where checked_at >= %(yesterday)s and reachable) as good_day,
         percentile_disc(array[0.5, 0.95]) within group (order by latency_ms)
           filter (where checked_at >= %(yesterday)s and reachable) as latencies
  from rows group by grouping sets ((provider_id, day), (provider_id)))
select p.name, p.unreachable_since, latest.at, latest.reasons, sums.day, sums.probes, sums.good,
       sums.probes_week, sums.good_week, sums.probes_day, sums.good_day, sums.latencies
from gateway_provider p
left join lateral (
  select max(x.checked_at) as at, array_agg(x.reason order by x.checked_at desc) as reasons
  from (select checked_at, reason from gateway_providercheck c where c.provider_id = p.id
        order by checked_at desc limit %(latest)s) x) latest on true
left join sums on sums.provider_id = p.id
where p.enabled
order by p.name, sums.day nulls last
"""

WHY = {
    "timeout": "it does not answer in time",
    "unreachable": "no connection is made",
    "key_refused": "it refuses us, which is ours to put right",
    "address_refused": "our own settings are at fault, which is ours to put right",
    "status_429": "it is too busy",
}
"""What a probe's reason means to a customer."""
FAILS = "it answers with errors"


@dataclass(frozen=True)
class Health:
    """How a provider does."""

    name: str
    state: str
    mood: str
    since: datetime | None
    why: str
    day: float | None
    week: float | None
    month: float | None
    p50_ms: int | None
    p95_ms: int | None
    days: list[Day]

    @property
    def shares(self) -> list[tuple[str, str]]:
        """Return the spans of time and how much of them was good, in words."""
        spans = (("24 h", self.day), ("7 d", self.week), ("30 d", self.month))
        return [(span, percent(share)) for span, share in spans]

    @property
    def summary(self) -> str:
        """Return what the bars show, in words."""
        return summary(self.days)


def everybody(now: datetime) -> list[Health]:
    """Return the health of each provider that is switched on, by name."""
    with connection.cursor() as cursor:
        cursor.execute(
            HEALTH,
            {
                "month": now - timedelta(days=DAYS),
                "week": now - timedelta(days=7),
                "yesterday": now - timedelta(days=1),
                "latest": LATEST,
            },
        )
        names = [column.name for column in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["name"], []).append(row)
    return [_health(of_one, now) for of_one in found.values()]


def _health(rows: list[dict[str, Any]], now: datetime) -> Health:
    whole = rows[-1]
    by_day: dict[date, dict[str, Any]] = {row["day"]: row for row in rows if row["day"]}
    state, mood, why = _state(whole, now)
    p50, p95 = whole["latencies"] or (None, None)
    return Health(
        name=whole["name"],
        state=state,
        mood=mood,
        since=whole["unreachable_since"] if mood == "bad" else None,
        why=why,
        day=ratio(whole["good_day"] or 0, whole["probes_day"] or 0),
        week=ratio(whole["good_week"] or 0, whole["probes_week"] or 0),
        month=ratio(whole["good"] or 0, whole["probes"] or 0),
        p50_ms=p50,
        p95_ms=p95,
        days=[
            Day(day, ratio(row["good"], row["probes"]) if (row := by_day.get(day)) else None)
            for day in last_days(now.date())
        ],
    )


def _state(whole: dict[str, Any], now: datetime) -> tuple[str, str, str]:
    """Return a provider's state now, its mood, and why it is not better."""
    reasons: list[str] = whole["reasons"] or []
    if whole["at"] is None or now - whole["at"] > STALE:
        return "Not probed lately", "none", ""
    why = next((WHY.get(reason, FAILS) for reason in reasons if reason), "")
    if whole["unreachable_since"] is not None:
        return "Unreachable", "bad", why
    if why:
        failed = sum(map(bool, reasons))
        return "Degraded", "warn", f"{failed} of the last {len(reasons)} probes failed: {why}"
    return "Reachable", "good", ""
