"""Where calls with unknown keys come from: counted by UTC hour in Redis, gone two hours later.

Somebody who tries keys out is to be seen while it goes on, and by nobody afterwards.
"""

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import redis
from django.conf import settings
from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.flushing import Flushed

log = logging.getLogger("lumyx.gateway")

FLUSH_SECONDS = 5
MOST_NOTED = 10_000
"""Addresses that a process counts between two flushes; what comes from others is not counted."""
HOUR = timedelta(hours=1)
SHOWN = 50


class RefusedAddresses(Flushed):
    """Counts refused calls by address for one web process."""

    def __init__(self, client: "Redis") -> None:
        super().__init__(seconds=FLUSH_SECONDS)
        self._redis = client
        self._noted: Counter[str] = Counter()

    def note(self, ip: str) -> None:
        """Count a call with a key that is none of ours."""
        if ip in self._noted or len(self._noted) < MOST_NOTED:
            self._noted[ip] += 1

    async def flush(self) -> None:
        """Write what was counted; it is lost where Redis is away, since it would soon be old."""
        noted, self._noted = self._noted, Counter()
        if not noted:
            return
        now = datetime.now(UTC)
        name = _name(now)
        try:
            pipeline: Any = self._redis.pipeline(transaction=False)
            for ip, times in noted.items():
                pipeline.zincrby(name, times, ip)
            pipeline.expireat(name, _hour(now) + 2 * HOUR)
            await pipeline.execute()
        except RedisError as error:
            log.warning("refused addresses are not counted: %s", type(error).__name__)


@dataclass(frozen=True)
class Address:
    """An address, and how many calls with unknown keys came from it: this hour, and before."""

    ip: str
    this_hour: int
    hour_before: int


def most(*, now: datetime | None = None) -> list[Address]:
    """Return the addresses with most refused calls; raises RedisError where Redis is away."""
    moment = now or datetime.now(UTC)
    names = (_name(moment), _name(moment - HOUR))
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2) as client:
        counted: list[dict[str, int]] = [
            {ip.decode(): int(times) for ip, times in client.zrevrange(name, 0, SHOWN - 1, True)}
            for name in names
        ]
    this, before = counted
    found = [Address(ip, this.get(ip, 0), before.get(ip, 0)) for ip in {**this, **before}]
    found.sort(key=lambda one: (-one.this_hour, -one.hour_before, one.ip))
    return found[:SHOWN]


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _name(moment: datetime) -> str:
    return f"refused-addresses:{_hour(moment):%Y%m%d%H}"
