"""Ask our own public door each minute, as anybody could, and keep what was found (UTC).

What is not measured is not claimed: a minute in which this did not run belongs to no stretch.
"""

import logging
import time
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from itertools import zip_longest

import msgspec
import requests
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone

from accounts import locks
from gateway.models import Part, UptimeSpell

log = logging.getLogger("lumyx.gateway")

CONNECT_SECONDS, READ_SECONDS = 5, 10
EVERY = timedelta(minutes=1)
LATE = timedelta(seconds=150)
"""How far apart two checks may be that still belong together: workers are busy at times."""
TWICE = timedelta(seconds=20)
"""How near two checks may be before the second is taken for another worker's."""
KEPT_DAYS = 90
WAITING = "gateway:uptime:waiting"
"""Where checks wait while PostgreSQL, which they would be written to, is what does not answer."""
WAITING_MOST = 2_000
WAITING_SECONDS = 86_400
IN_READYZ = {Part.DATABASE: "postgresql", Part.LIMITS: "redis"}
UNAVAILABLE = 503


class Found(msgspec.Struct, frozen=True):
    """What one check of a part found; the reason is a word of ours, empty where it answered."""

    part: str
    at: datetime
    reason: str
    latency_ms: int


def check(*, now: datetime | None = None) -> int:
    """Measure every part, and keep what was found; return how many parts were measured."""
    moment = now or timezone.now()
    found = measure(moment)
    waiting: list[Found] = [*cache.get(WAITING, []), *found]
    try:
        with locks.alone(locks.UPTIME) as mine:
            if mine:
                for one in waiting:
                    note(one)
    except DatabaseError as error:
        log.warning("uptime could not be written: %s", type(error).__name__)
        cache.set(WAITING, waiting[-WAITING_MOST:], WAITING_SECONDS)
        return len(found)
    if len(waiting) > len(found):
        cache.delete(WAITING)
    return len(found)


def measure(at: datetime) -> list[Found]:
    """Ask the website, the API, and what the website says of the engines behind it."""
    website, _ = _ask(Part.WEBSITE, "/", at)
    api, _ = _ask(Part.API, "/api/v1/openapi.json", at)
    ready, engines = _ask(Part.DATABASE, "/readyz", at)
    found = [website, api]
    for part, name in IN_READYZ.items():
        answers = engines.get(name)
        # Who does not answer at all says nothing of what is behind.
        if isinstance(answers, bool):
            reason = "" if answers else "no_answer"
            found.append(Found(part, at, reason, ready.latency_ms))
    return found


def _ask(part: str, path: str, at: datetime) -> tuple[Found, dict[str, object]]:
    begun = time.monotonic()
    said: dict[str, object] = {}
    try:
        answer = requests.get(
            f"{settings.PUBLIC_URL}{path}",
            headers={"User-Agent": "LumyxAI uptime"},
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,
        )
        reason = _reason(answer.status_code)
        if path == "/readyz":
            said = _object(answer)
    except requests.Timeout:
        reason = "timeout"
    except requests.RequestException:
        reason = "unreachable"
    return Found(part, at, reason, int((time.monotonic() - begun) * 1_000)), said


def _reason(status: int) -> str:
    if status == UNAVAILABLE and settings.MAINTENANCE:
        return "maintenance"
    return "" if status == requests.codes.ok else f"status_{status}"


def _object(answer: requests.Response) -> dict[str, object]:
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


@transaction.atomic
def note(found: Found) -> None:
    """Lengthen the stretch that a check belongs to, or begin another."""
    last = UptimeSpell.objects.filter(part=found.part).order_by("-last_at", "-pk").first()
    if last is not None and found.at - last.last_at < TWICE:
        return
    if last is not None and _belongs(found, last):
        UptimeSpell.objects.filter(pk=last.pk).update(
            last_at=found.at,
            checks=F("checks") + 1,
            latency_ms=F("latency_ms") + found.latency_ms,
        )
        return
    if found.reason and (last is None or last.ok):
        log.error("alarm: our own %s does not answer: %s", found.part, found.reason)
    UptimeSpell.objects.create(
        part=found.part,
        began=found.at,
        last_at=found.at,
        ok=not found.reason,
        latency_ms=found.latency_ms,
        reason=found.reason,
    )


def _belongs(found: Found, last: UptimeSpell) -> bool:
    """Say whether a check found what the last one did, on the same day and right after it."""
    return (
        last.reason == found.reason
        and found.at - last.last_at <= LATE
        and last.began.date() == found.at.date()
    )


def spells(*, days: int, now: datetime) -> dict[str, list[UptimeSpell]]:
    """Return the stretches of the last days by part, oldest first."""
    found: dict[str, list[UptimeSpell]] = {part: [] for part in Part.values}
    rows = UptimeSpell.objects.filter(last_at__gt=now - timedelta(days=days))
    for spell in rows.order_by("began", "pk"):
        found[spell.part].append(spell)
    return found


def measured(
    stretches: list[UptimeSpell], since: datetime, until: datetime
) -> tuple[timedelta, timedelta]:
    """Return for how long of a time a part was up, and for how long it was measured."""
    up = whole = timedelta()
    for spell, following in zip_longest(stretches, stretches[1:]):
        # No stretch goes on into the next day, not by seconds: that day has its own, or none.
        end = min(spell.last_at + EVERY, _midnight_after(spell.began))
        if following is not None:
            end = min(end, following.began)
        length = min(end, until) - max(spell.began, since)
        if length > timedelta():
            whole += length
            up += length if spell.ok else timedelta()
    return up, whole


def _midnight_after(moment: datetime) -> datetime:
    return datetime.combine(moment.astimezone(UTC).date() + timedelta(days=1), clock(), UTC)


def expire(*, now: datetime | None = None) -> int:
    """Delete what was measured more than 90 days ago; return how many stretches went."""
    oldest = (now or timezone.now()) - timedelta(days=KEPT_DAYS)
    return UptimeSpell.objects.filter(last_at__lt=oldest).delete()[0]
