"""How our own parts did by our own checks, for everybody to read (UTC)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings

from gateway import uptime
from gateway.models import Part, UptimeSpell
from gateway.timelines import Day, last_days, percent, ratio, summary

STALE = timedelta(minutes=5)
"""How old our own last check may be before nothing is claimed any more."""
DAY = timedelta(days=1)
SPANS = (("24 h", DAY), ("7 d", 7 * DAY), ("30 d", 30 * DAY), ("90 d", 90 * DAY))
ABOUT = {
    Part.WEBSITE: "The front page, opened as anybody would.",
    Part.API: "An answer of the API that needs no key.",
    Part.DATABASE: "Balances, keys and the log: every call needs it.",
    Part.LIMITS: "Counts requests. Calls go on without it.",
}
WHY = {
    "timeout": "it did not answer in time",
    "unreachable": "no connection was made",
    "no_answer": "it did not answer the website",
    "maintenance": "we are at work on it",
}
FAILS = "it answered with an error"


@dataclass(frozen=True)
class Own:
    """How a part of our own does."""

    part: str
    name: str
    about: str
    state: str
    mood: str
    since: datetime | None
    why: str
    shares: list[tuple[str, str]]
    measured: str
    mean_ms: int | None
    days: list[Day]

    @property
    def summary(self) -> str:
        """Return what the bars show, in words."""
        return summary(self.days)


def everything(now: datetime) -> list[Own]:
    """Return how each part does."""
    found = uptime.spells(days=uptime.KEPT_DAYS, now=now)
    return [_own(Part(part), stretches, now) for part, stretches in found.items()]


def _own(part: Part, stretches: list[UptimeSpell], now: datetime) -> Own:
    last = stretches[-1] if stretches and now - stretches[-1].last_at <= STALE else None
    state, mood = _state(part, last)
    return Own(
        part=part.value,
        name=part.label,
        about=ABOUT[part],
        state=state,
        mood=mood,
        since=last.began if last and not last.ok else None,
        why=WHY.get(last.reason, FAILS) if last and not last.ok else "",
        shares=[(words, percent(_share(stretches, now - span, now))) for words, span in SPANS],
        measured=percent(uptime.measured(stretches, now - DAY, now)[1] / DAY),
        mean_ms=_mean(stretches, now - DAY),
        days=[Day(day, _of_day(stretches, day)) for day in last_days(now.date())],
    )


def _state(part: Part, last: UptimeSpell | None) -> tuple[str, str]:
    if last is None:
        return "Not measured right now", "none"
    if last.ok:
        return "Works", "good"
    if settings.MAINTENANCE and last.reason == "maintenance":
        return "Under maintenance", "warn"
    # One failure may be the network's; a second says more.
    if last.checks == 1:
        return "Failed once just now", "warn"
    return "Down", "warn" if part is Part.LIMITS else "bad"


def _share(stretches: list[UptimeSpell], since: datetime, until: datetime) -> float | None:
    up, whole = uptime.measured(stretches, since, until)
    return ratio(up.total_seconds(), whole.total_seconds())


def _of_day(stretches: list[UptimeSpell], day: date) -> float | None:
    begin = datetime.combine(day, time(), UTC)
    return _share(stretches, begin, begin + DAY)


def _mean(stretches: list[UptimeSpell], since: datetime) -> int | None:
    """Return how long an answer took on the average, in milliseconds."""
    good = [spell for spell in stretches if spell.ok and spell.last_at > since]
    checks = sum(spell.checks for spell in good)
    return sum(spell.latency_ms for spell in good) // checks if checks else None
