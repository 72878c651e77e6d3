"""What web processes last said of their breakers, kept in Redis for who was not there to hear."""

import os
import socket
import time
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import msgspec
import redis
from django.conf import settings
from redis.exceptions import RedisError

KEPT_SECONDS = 3_600
"""For how long it is known of a breaker that it is half-open, while no call tries its route."""


class Said(msgspec.Struct, frozen=True):
    """That a breaker opened: until when (Unix seconds), for which reason, and by which process."""

    until: float
    reason: str
    by: str

    @property
    def until_at(self) -> datetime:
        """Return until when the route is left alone."""
        return datetime.fromtimestamp(self.until, UTC)

    @property
    def half_open(self) -> bool:
        """Whether the next call tries the route."""
        return self.until <= time.time()


def name_of(route: int) -> str:
    """Return where in Redis it is kept what was said of a route."""
    return f"breaker:{route}"


def say(seconds: float, reason: str) -> bytes:
    """Return what is kept of a breaker that this process opens for so long."""
    process = f"{socket.gethostname()}:{os.getpid()}"
    return msgspec.json.encode(Said(time.time() + seconds, reason, process))


def said(routes: Collection[int]) -> dict[int, Said] | None:
    """Return what was last said of routes whose breakers are not closed; None: nobody knows."""
    if not routes:
        return {}
    try:
        with _redis() as client:
            found: Any = client.mget([name_of(route) for route in routes])
    except RedisError:
        return None
    pairs = zip(routes, found, strict=True)
    return {route: msgspec.json.decode(text, type=Said) for route, text in pairs if text}


def forget(route: int) -> bool:
    """Forget what was said of a route; return whether there was anything."""
    try:
        with _redis() as client:
            return bool(client.delete(name_of(route)))
    except RedisError:
        return False


def _redis() -> "redis.Redis":
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
