"""How AI providers did by our probes, for everybody: in words of ours, without addresses (UTC)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from gateway import availability
from gateway.availability import Availability, Share
from gateway.timelines import Day, last_days, percent, ratio, summary

NONE = Share()

STALE = timedelta(minutes=10)
"""How old the last probe may be before nothing is claimed any more: they run every two minutes."""
LATEST = 5
"""How many of the last probes say how a provider does now."""

LATELY = """
select p.id, p.name, p.unreachable_since, latest.at, latest.reasons
from gateway_provider p
left join lateral (
  select max(x.checked_at) as at, array_agg(x.reason order by x.checked_at desc) as reasons
  from (select checked_at, reason from gateway_providercheck c where c.provider_id = p.id
        order by checked_at desc limit %(latest)s) x) latest on true
where p.enabled
order by p.name
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


@dataclass(frozen=True)
class Lately:
    """What the last probes of a provider found; a reason is empty where one was answered."""

    provider: int
    name: str
    unreachable_since: datetime | None
    at: datetime | None
    reasons: list[str] | None


@dataclass(frozen=True)
class Now:
    """How a provider does at this moment; `provider` is its row's number."""

    provider: int
    name: str
    state: str
    mood: str
    why: str


def lately(now: datetime) -> list[Now]:
    """Return how each provider that is switched on does at this moment, by name."""
    return [Now(row.provider, row.name, *_state(row, now)) for row in _probed()]


def everybody(now: datetime) -> list[Health]:
    """Return the health of each provider that is switched on, by name."""
    rows = _probed()
    known = availability.read(now=now)
    return [_health(row, known.get(row.provider, availability.UNKNOWN), now) for row in rows]


def _probed() -> list[Lately]:
    with connection.cursor() as cursor:
        cursor.execute(LATELY, {"latest": LATEST})
        return [Lately(*row) for row in cursor.fetchall()]


def _health(lately: Lately, found: Availability, now: datetime) -> Health:
    state, mood, why = _state(lately, now)
    return Health(
        name=lately.name,
        state=state,
        mood=mood,
        since=lately.unreachable_since if mood == "bad" else None,
        why=why,
        day=_ratio(found.day),
        week=_ratio(found.week),
        month=_ratio(found.month),
        p50_ms=found.median_ms,
        p95_ms=found.slow_ms,
        days=[Day(day, _ratio(found.by_day.get(day, NONE))) for day in last_days(now.date())],
    )


def _ratio(share: Share) -> float | None:
    return ratio(share.answered, share.probes)


def _state(lately: Lately, now: datetime) -> tuple[str, str, str]:
    """Return a provider's state now, its mood, and why it is not better."""
    reasons = lately.reasons or []
    if lately.at is None or now - lately.at > STALE:
        return "Not probed lately", "none", ""
    why = next((WHY.get(reason, FAILS) for reason in reasons if reason), "")
    if lately.unreachable_since is not None:
        return "Unreachable", "bad", why
    if why:
        failed = sum(map(bool, reasons))
        return "Degraded", "warn", f"{failed} of the last {len(reasons)} probes failed: {why}"
    return "Reachable", "good", ""
