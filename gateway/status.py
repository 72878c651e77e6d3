"""How the service does, for everybody: what is measured, and what staff say of it (UTC)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from gateway import incidents, own_health, provider_health
from gateway.models import Impact, Incident
from gateway.own_health import Own
from gateway.provider_health import Health
from gateway.remembered import Remembered

CACHED_SECONDS = 30
MOODS = ("good", "none", "warn", "bad")
"""From the best to the worst; the second says that nothing is known."""
HEADLINES = {
    "good": "All systems work",
    "none": "Nothing is measured right now",
    "warn": "Not everything works as it should",
    "bad": "Something is down",
}


@dataclass(frozen=True)
class Report:
    """All of it at one moment."""

    at: datetime
    parts: list[Own]
    providers: list[Health]
    open: list[Incident]
    ahead: list[Incident]
    past: list[Incident]

    @property
    def mood(self) -> str:
        """Return how it is on the whole: as the worst that is said below."""
        return max((mood for mood, _ in self.problems), key=MOODS.index, default="good")

    @property
    def headline(self) -> str:
        """Return how it is on the whole, in a few words."""
        at_work = [one for one in self.open if one.planned]
        if at_work and len(self.problems) <= len(at_work):
            return "We are at work on the service"
        return HEADLINES[self.mood]

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Return what is not as it should be: its mood, and a sentence."""
        found = [
            ("bad" if one.impact == Impact.MAJOR else "warn", f"{one.title.rstrip('.')}.")
            for one in self.open
            if one.impact != Impact.NONE
        ]
        found += [
            (part.mood, f"{part.name}: {part.why}.")
            for part in self.parts
            if part.mood in ("warn", "bad")
        ]
        if any(part.mood == "none" for part in self.parts):
            found.append(("none", "Our own checks do not run, so this may be out of date."))
        return found + _of_providers(self.providers)

    @property
    def lines(self) -> list[Own | Health]:
        """Return all that is measured, ours first."""
        return [*self.parts, *self.providers]

    @property
    def days(self) -> list[tuple[str, list[str]]]:
        """Return a table of every day: its date, and each share in words, the newest first."""
        rows = zip(*(line.days for line in self.lines), strict=True)
        return [
            (f"{of_day[0].day:%-d %B %Y}", [day.words for day in of_day])
            for of_day in reversed(list(rows))
        ]

    @property
    def names(self) -> list[str]:
        """Return the columns of that table."""
        return [line.name for line in self.lines]

    @property
    def as_json(self) -> dict[str, Any]:
        """Return the same for a machine."""
        return {
            "at": self.at.isoformat(),
            "status": self.mood,
            "headline": self.headline,
            "problems": [words for _, words in self.problems],
            "parts": [_line(part) | {"mean_ms": part.mean_ms} for part in self.parts],
            "providers": [
                _line(one) | {"p50_ms": one.p50_ms, "p95_ms": one.p95_ms} for one in self.providers
            ],
            "incidents": [_told(one) for one in self.open],
            "planned": [_told(one) for one in self.ahead],
        }


def _of_providers(providers: list[Health]) -> list[tuple[str, str]]:
    down = [one.name for one in providers if one.mood == "bad"]
    unsteady = [one.name for one in providers if one.mood == "warn"]
    found = []
    if down and len(down) == len(providers):
        found.append(("bad", "No AI provider can be reached."))
    elif down:
        found.append(("warn", f"Not to be reached: {', '.join(down)}."))
    if unsteady:
        found.append(("warn", f"Probes fail now and then: {', '.join(unsteady)}."))
    return found


def _line(line: Own | Health) -> dict[str, Any]:
    return {
        "name": line.name,
        "status": line.mood,
        "state": line.state,
        "since": line.since.isoformat() if line.since else None,
        "uptime": {span.replace(" ", ""): words for span, words in line.shares},
        "days": [
            {
                "day": day.day.isoformat(),
                "share": None if day.share is None else round(day.share, 5),
            }
            for day in line.days
        ],
    }


def _told(incident: Incident) -> dict[str, Any]:
    return {
        "title": incident.title,
        "url": f"{settings.PUBLIC_URL}{incident.get_absolute_url()}",
        "impact": incident.impact,
        "affected": incident.affected,
        "planned": incident.planned,
        "started_at": incident.started_at.isoformat(),
        "ends_at": incident.ends_at.isoformat() if incident.ends_at else None,
        "updates": [
            {"at": said.at.isoformat(), "state": said.state, "text": said.text}
            for said in incident.updates.all()
        ],
    }


def make(now: datetime | None = None) -> Report:
    """Gather how everything does at a moment."""
    moment = now or timezone.now()
    return Report(
        at=moment,
        parts=own_health.everything(moment),
        providers=provider_health.everybody(moment),
        open=incidents.under_way(moment),
        ahead=incidents.ahead(moment),
        past=incidents.past(moment),
    )


_report = Remembered(make, seconds=CACHED_SECONDS)


def report() -> Report:
    """Return how everything did a moment ago; raises DatabaseError where nobody knows."""
    return _report.get()


def forget() -> None:
    """Gather everything anew the next time, since somebody said something."""
    _report.forget()
    incidents.forget()
