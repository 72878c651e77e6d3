"""Which route a call takes, and which routes are left alone for a while.

Each route has a circuit breaker. It opens after failures in a row, or at once where our key
or model is refused; after a pause that doubles each time one call tries it again, and its
success closes the breaker. Processes tell each other through Redis. A call never lacks a
route for an open breaker: those routes are then the last resort. What staff hold open
(`route_holds.hold`) is not even that: it stands in no catalogue until they close it.
"""

import logging
import random
import time
from collections.abc import Callable, Iterable

import msgspec

from gateway.catalogue import Path
from gateway.upstream import MOST_BLAME, Failed

log = logging.getLogger("lumyx.gateway")

MOST_FAILURES = 5
"""Failures in a row after which a route is left alone."""
FIRST_PAUSE, LONGEST_PAUSE = 10.0, 300.0
"""Seconds for which it is, at first and at the most."""


class Breaker(msgspec.Struct):
    """What this process knows of one route; times are monotonic seconds."""

    failures: int = 0
    pause: float = FIRST_PAUSE
    open_until: float = 0.0
    probing_until: float = 0.0

    @property
    def opened(self) -> bool:
        """Whether the breaker is open, or half-open until a probe has succeeded."""
        return self.open_until > 0.0


class Routing:
    """Plans the routes of calls; `announce` tells other processes of (route, seconds, reason)."""

    def __init__(self, announce: Callable[[int, float, str], None]) -> None:
        self._announce = announce
        self._breakers: dict[int, Breaker] = {}

    def plan(self, paths: Iterable[Path]) -> list[Path]:
        """Return routes in the order to try them.

        Lower positions go first; routes of one position share calls by their weight. What
        is known to fail comes last.
        """
        known = list(paths)
        if len(known) < 2:
            return known
        now = time.monotonic()
        ranked = [(self._doubt(path, now), path.position, _draw(path), path) for path in known]
        ranked.sort(key=lambda entry: entry[:3])
        return [entry[3] for entry in ranked]

    def _doubt(self, path: Path, now: float) -> int:
        breaker = self._breakers.get(path.route)
        if breaker is not None and breaker.opened:
            return 2 if now < max(breaker.open_until, breaker.probing_until) else 0
        return 1 if path.down else 0

    def begins(self, path: Path) -> None:
        """Note that a call takes a route: the probe of one whose breaker is half-open."""
        breaker = self._breakers.get(path.route)
        if breaker is not None and breaker.opened:
            # Until it ends, or has taken too long, others keep off.
            breaker.probing_until = time.monotonic() + FIRST_PAUSE

    def succeeded(self, path: Path) -> None:
        """Note that a route answered."""
        breaker = self._breakers.pop(path.route, None)
        if breaker is not None and breaker.opened:
            log.warning("route %d answers again", path.route)
            self._announce(path.route, 0.0, "")

    def failed(self, path: Path, failure: Failed) -> None:
        """Note that a route failed."""
        if not failure.blame and failure.pause is None:
            return
        breaker = self._breakers.setdefault(path.route, Breaker())
        breaker.failures += failure.blame
        breaker.probing_until = 0.0
        if failure.pause is not None:
            self._open(path.route, breaker, failure.pause, failure.reason)
        elif breaker.opened or breaker.failures >= MOST_FAILURES:
            if failure.blame == MOST_BLAME:
                log.error("alarm: route %d refuses us: %s", path.route, failure.reason)
            self._open(path.route, breaker, breaker.pause, failure.reason)
            breaker.pause = min(2 * breaker.pause, LONGEST_PAUSE)

    def _open(self, route: int, breaker: Breaker, seconds: float, reason: str) -> None:
        breaker.open_until = time.monotonic() + seconds
        log.warning("route %d is left alone for %.0f s", route, seconds)
        self._announce(route, seconds, reason)

    def heard(self, route: int, seconds: float) -> None:
        """Take what another process says of a route; 0 s close its breaker."""
        if seconds <= 0:
            self._breakers.pop(route, None)
            return
        breaker = self._breakers.setdefault(route, Breaker())
        breaker.open_until = max(breaker.open_until, time.monotonic() + min(seconds, LONGEST_PAUSE))


def _draw(path: Path) -> float:
    # Efraimidis and Spirakis: the smallest of these comes first in proportion to its weight.
    return random.expovariate(path.weight)
