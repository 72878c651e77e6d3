"""Shares of time and of probes, by UTC day: what is missing stays missing."""

from dataclasses import dataclass
from datetime import date, timedelta
from math import floor

DAYS = 30
GOOD, FAIR = 0.995, 0.95
"""From which share on a day counts as good, and as fair."""


@dataclass(frozen=True)
class Day:
    """One day of something: which share of it was good, or None where nothing was measured."""

    day: date
    share: float | None

    @property
    def mood(self) -> str:
        """Return how the day looks."""
        return mood(self.share)

    @property
    def words(self) -> str:
        """Return what the day was like, in words."""
        return percent(self.share)


def mood(share: float | None) -> str:
    """Return how a share looks: `good`, `warn` or `bad`, and `none` where nothing was measured."""
    if share is None:
        return "none"
    return "good" if share >= GOOD else "warn" if share >= FAIR else "bad"


def percent(share: float | None) -> str:
    """Write a share, never rounded up: what is not whole does not look so."""
    if share is None:
        return "no data"
    found = f"{floor(share * 10_000 + 1e-6) / 100:.2f}".rstrip("0").rstrip(".")
    return f"{found} %"


def ratio(part: float, whole: float) -> float | None:
    """Return a share, or None of nothing."""
    return part / whole if whole else None


def last_days(today: date, number: int = DAYS) -> list[date]:
    """Return the last days with today, oldest first."""
    return [today - timedelta(days=back) for back in range(number - 1, -1, -1)]


def summary(days: list[Day]) -> str:
    """Say in a sentence what a row of bars shows."""
    known = [day for day in days if day.share is not None]
    if not known:
        return f"The last {len(days)} days: no data."
    faulty = [day for day in known if day.mood != "good"]
    said = f"The last {len(days)} days: {len(known) - len(faulty)} good"
    if faulty:
        worst = min(faulty, key=lambda day: day.share or 0)
        said += f", {len(faulty)} with faults, the worst {worst.day:%-d %B} with {worst.words}"
    if len(known) < len(days):
        said += f", {len(days) - len(known)} without data"
    return f"{said}."
