"""Tell every process, through Redis, that something it remembers has changed."""

import asyncio
import logging
import time
from collections.abc import Callable

import redis
from django.db import transaction
from redis.asyncio import Redis
from redis.exceptions import RedisError

from accounts.announcements import announce, channel
from gateway import breaker_records

log = logging.getLogger("lumyx.gateway")

CATALOGUE = "catalogue"
ROUTE = "route"
BEAT_SECONDS = 0.3
"""How often the listener makes sure that it would hear a message."""


def publish_key(key_id: str) -> None:
    """Announce, once the transaction is committed, that a key (UUID in hexadecimal) changed."""
    transaction.on_commit(lambda: announce(f"key {key_id}"))


def publish_all_keys() -> None:
    """Announce, once the transaction is committed, that somebody's keys changed."""
    transaction.on_commit(lambda: announce("key *"))


def publish_catalogue() -> None:
    """Announce, once the transaction is committed, that models or providers changed."""
    transaction.on_commit(lambda: announce(CATALOGUE))


class Listener:
    """Hears changes for one process, and knows whether it would hear them.

    After each interruption everything is forgotten, since messages may have been missed.
    """

    def __init__(
        self,
        client: "Redis",
        *,
        forget_key: Callable[[str | None], None],
        forget_catalogue: Callable[[], None],
        hear_route: Callable[[int, float], None],
    ) -> None:
        self._client = client
        self._forget_key = forget_key
        self._forget_catalogue = forget_catalogue
        self._hear_route = hear_route
        self._announcing: set[asyncio.Task[None]] = set()
        self._heard_at = float("-inf")
        self._task: asyncio.Task[None] | None = None
        self._stopped = False

    def start(self) -> None:
        """Begin to listen in the background."""
        self._task = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        """Stop listening."""
        self._stopped = True
        # redis-py takes a cancellation that comes together with its own timeout for that timeout,
        # so one may be lost; the process must end nevertheless.
        while self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task], timeout=BEAT_SECONDS)

    def alive(self) -> bool:
        """Return whether Redis answered on this subscription within the last moments."""
        return time.monotonic() - self._heard_at < 2 * BEAT_SECONDS

    def announce_route(self, route: int, seconds: float, reason: str) -> None:
        """Tell every process that a route is to be left alone for so long; 0 s ends that."""
        task = asyncio.create_task(self._announce(route, seconds, reason))
        self._announcing.add(task)
        task.add_done_callback(self._announcing.discard)

    async def _announce(self, route: int, seconds: float, reason: str) -> None:
        name = breaker_records.name_of(route)
        try:
            async with self._client.pipeline(transaction=False) as together:
                together.publish(channel(), f"{ROUTE} {route} {seconds:.3f}")
                if seconds > 0:
                    kept = int(seconds) + breaker_records.KEPT_SECONDS
                    together.set(name, breaker_records.say(seconds, reason), ex=kept)
                else:
                    together.delete(name)
                await together.execute()
        except (RedisError, OSError, TimeoutError):
            log.warning("a change could not be announced")

    async def _listen(self) -> None:
        while not self._stopped:
            try:
                async with self._client.pubsub() as subscription:
                    await subscription.subscribe(channel())
                    await self._follow(subscription)
            except (RedisError, OSError, TimeoutError):
                self._heard_at = float("-inf")
                await asyncio.sleep(BEAT_SECONDS)

    async def _follow(self, subscription: "redis.asyncio.client.PubSub") -> None:
        first = True
        while not self._stopped:
            message = await subscription.get_message(timeout=BEAT_SECONDS)
            if message is None:
                await subscription.ping()
                continue
            self._heard_at = time.monotonic()
            if first:
                first = False
                self._forget_key(None)
                self._forget_catalogue()
            if message["type"] == "message":
                self._apply(message["data"].decode())

    def _apply(self, message: str) -> None:
        kind, _, detail = message.partition(" ")
        if kind == "key":
            self._forget_key(None if detail == "*" else detail)
        elif kind == CATALOGUE:
            self._forget_catalogue()
        elif kind == ROUTE:
            route, _, seconds = detail.partition(" ")
            self._hear_route(int(route), float(seconds))
