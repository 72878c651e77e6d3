"""Home's figures of the service: calls, providers, what runs by itself, and privacy."""

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.timesince import timesince, timeuntil

from gateway import jobs, provider_health, queue, traffic
from gateway.hourly_use import HOUR
from gateway.partitions import RETENTION_DAYS
from lumyx.office.home.tile import BAD, GOOD, WARN, Tile, counted, lasting, listed, percent
from privacy import data_requests

SOME_FAIL, MANY_FAIL = 0.01, 0.05
FEW_CALLS = 20
"""Of fewer calls than these a share says little."""
LONG_QUEUE, ENDLESS_QUEUE = 100, 1_000
BEAT_LATE, BEAT_GONE = timedelta(minutes=3), timedelta(minutes=6)
SOON = timedelta(days=10)
"""How near a deadline is urgent."""


def called(now: datetime) -> list[Tile]:
    """Return how many calls there are, how many fail, and how long answers take."""
    day, hour = traffic.last_day(now), traffic.last_hour(now)
    since = {"started_at__gte": (now - 24 * HOUR).isoformat(timespec="seconds")}
    every = listed("gateway.requestlog", since)
    failed = listed("gateway.requestlog", since | {"status__gte": 500})
    return [
        Tile("Requests, 24 h", f"{day.calls:,}", f"{hour.calls:,} in the last hour", href=every),
        Tile(
            "Error rate, 24 h",
            percent(day.failed_share),
            f"{percent(hour.failed_share)} in the last hour; refused as 4xx: {day.refused:,}",
            _failing(day),
            failed,
        ),
        Tile(
            "p95 latency, 24 h",
            lasting(day.latency_ms),
            f"{lasting(hour.latency_ms)} in the last hour",
            href=every,
        ),
        Tile(
            "p95 time to first token, 24 h",
            lasting(day.first_token_ms),
            f"{lasting(hour.first_token_ms)} in the last hour",
            href=every,
        ),
    ]


def _failing(day: traffic.Traffic) -> str:
    share = day.failed_share or 0
    if day.calls < FEW_CALLS or share < SOME_FAIL:
        return ""
    return BAD if share >= MANY_FAIL else WARN


def providers(now: datetime) -> list[Tile]:
    """Return how providers do by our probes."""
    found = provider_health.lately(now)
    good = [one for one in found if one.mood == "good"]
    ill = [f"{one.name}: {one.state.lower()}" for one in found if one.mood != "good"]
    state = BAD if any(one.mood == "bad" for one in found) else WARN if ill else GOOD
    return [
        Tile(
            "Providers reachable",
            f"{len(good)} of {len(found)}",
            "; ".join(ill) or "by our probes of each two minutes",
            state if found else "",
            listed("gateway.provider"),
        )
    ]


def running(now: datetime) -> list[Tile]:
    """Return whether what runs by itself does."""
    href = reverse("office:jobs")
    return [_beat(now, href), _troubled(now, href), _waiting(href)]


def _beat(now: datetime, href: str) -> Tile:
    at = jobs.heartbeat()
    if at is None:
        return Tile("Beat", "Never seen", "No job was ever sent.", WARN, href)
    age = now - at
    state = BAD if age > BEAT_GONE else WARN if age > BEAT_LATE else GOOD
    return Tile(
        "Beat",
        "Alive" if state == GOOD else f"Silent for {timesince(at, now, depth=1)}",
        f"last {max(0, int(age.total_seconds())):,} s ago",
        state,
        href,
    )


def _troubled(now: datetime, href: str) -> Tile:
    found = jobs.troubled(now=now)
    words = counted(len(found), "in trouble", "in trouble") if found else "None in trouble"
    note = "; ".join(job.name for job in found[:3])
    return Tile("Periodic jobs", words, note, BAD if found else GOOD, href)


def _waiting(href: str) -> Tile:
    length = queue.length()
    if length is None:
        return Tile("Queue", "Not known", "Redis does not answer.", BAD, href)
    state = BAD if length >= ENDLESS_QUEUE else WARN if length >= LONG_QUEUE else ""
    return Tile("Queue", counted(length, "task", "tasks"), "wait for a worker", state, href)


def kept(now: datetime) -> list[Tile]:
    """Return how old the oldest row of the log is, against what we promise."""
    age = traffic.age_of_log(now)
    promise = f"promised: less than {RETENTION_DAYS} days"
    href = listed("gateway.requestlog", {"o": 1})
    if age is None:
        return [Tile("Oldest logged call", "None", promise, href=href)]
    state = "" if age < timedelta(days=RETENTION_DAYS) else BAD
    days, hours = age.days, age.seconds // 3_600
    words = f"{counted(days, 'day', 'days')} {hours} h" if days else f"{hours} h"
    return [Tile("Oldest logged call", words, promise, state, href)]


def asked(now: datetime) -> list[Tile]:
    """Return the open requests about personal data, and when the first is due."""
    found = data_requests.queue()
    href = listed("privacy.datarequest", {"state__exact": "open"})
    if found.due_at is None:
        figure = f"{found.open:,} open" if found.open else "None open"
        return [Tile("Privacy requests", figure, "no deadline" if found.open else "", href=href)]
    left = found.due_at - now
    if left <= timedelta():
        note, state = f"overdue by {timesince(found.due_at, now, depth=1)}", BAD
    else:
        note = f"{timeuntil(found.due_at, now, depth=1)} left of the nearest deadline"
        state = WARN if left < SOON else ""
    return [Tile("Privacy requests", f"{found.open:,} open", note, state, href)]
