"""Days of limits are those of UTC, to the millisecond, whatever the clocks of processes say."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from django.conf import settings
from redis.asyncio import Redis

from gateway import limits
from gateway.errors import ApiError
from gateway.key_ring import Caller
from gateway.limits import Limits

NOWHERE = "redis://127.0.0.1:1/0"
LAST = timedelta(milliseconds=1)


@dataclass
class Clock:
    """Stands in for the module `time` of one web process."""

    now: datetime

    def time(self) -> float:
        return self.now.timestamp()

    def monotonic(self) -> float:
        return self.now.timestamp()


@dataclass
class Key:
    key_id: str
    minute_limit: int
    day_limit: int


def key(day_limit: int) -> Caller:
    return cast(Caller, Key(uuid.uuid4().hex, 1_000, day_limit))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock(datetime.now(UTC))
    monkeypatch.setattr(limits, "time", made)
    return made


def on(urls: list[str], story: Callable[..., Awaitable[None]]) -> None:
    """Tell a story to limits of as many processes."""

    async def tell() -> None:
        clients = [Redis.from_url(url, socket_connect_timeout=1) for url in urls]
        try:
            await story(*(Limits(client) for client in clients))
        finally:
            for client in clients:
                await client.aclose()

    asyncio.run(tell())


@pytest.mark.parametrize("redis", ["with Redis", "without"])
@pytest.mark.parametrize(
    "midnight",
    [
        datetime(2027, 1, 1, tzinfo=UTC),
        datetime(2028, 2, 29, tzinfo=UTC),
        datetime(2028, 3, 1, tzinfo=UTC),
        datetime(2027, 3, 28, tzinfo=UTC),
    ],
    ids=["new year", "leap day", "after the leap day", "summer time begins"],
)
def test_a_millisecond_before_midnight_is_the_day_before(
    clock: Clock, midnight: datetime, redis: str
) -> None:
    who = key(day_limit=2)

    async def story(process: Limits) -> None:
        clock.now = midnight - LAST
        before = [await process.take(who) for _ in range(3)]
        assert [one.taken for one in before] == [True, True, False]
        assert {one.day_reset for one in before} == {midnight.timestamp()}
        assert refusal(before[2], clock).headers["Retry-After"] == "1"
        clock.now = midnight
        after = [await process.take(who) for _ in range(3)]
        assert [one.taken for one in after] == [True, True, False]
        assert after[0].day_reset == (midnight + timedelta(days=1)).timestamp()

    on([settings.REDIS_URL if redis == "with Redis" else NOWHERE], story)


def refusal(refused: limits.Allowance, clock: Clock) -> ApiError:
    return refused.refusal(int(clock.time()))


def test_clocks_that_differ_by_five_seconds_give_nobody_more_of_a_day(clock: Clock) -> None:
    midnight = datetime(2028, 2, 29, tzinfo=UTC)
    who = key(day_limit=3)

    async def taken(process: Limits, at: datetime) -> int:
        clock.now = at
        return sum([(await process.take(who)).taken for _ in range(5)])

    async def story(slow: Limits, right: Limits) -> None:
        # Three seconds before midnight by the one clock, two after it by the other.
        assert await taken(slow, midnight - timedelta(seconds=3)) == 3
        assert await taken(right, midnight + timedelta(seconds=2)) == 3
        assert await taken(slow, midnight - timedelta(seconds=2)) == 0
        # The slow one comes to a day that is used up already.
        assert await taken(slow, midnight + timedelta(seconds=1)) == 0

    on([settings.REDIS_URL, settings.REDIS_URL], story)
