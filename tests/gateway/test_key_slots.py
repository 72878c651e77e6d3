"""Calls under way at once: shared by all processes, freed when a process dies, never raising."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import TypeVar

import redis
import redis.asyncio
from django.conf import settings

from gateway import errors, slots
from gateway.slots import LEASE_SECONDS, Slots
from tests.processes import free_port

Result = TypeVar("Result")


def with_slots(
    count: int, story: Callable[[list[Slots]], Awaitable[Result]], *, url: str = ""
) -> Result:
    """Run a story with the slots of so many processes."""

    async def run() -> Result:
        clients = [redis.asyncio.Redis.from_url(url or settings.REDIS_URL) for _ in range(count)]
        made = [Slots(client) for client in clients]
        try:
            return await story(made)
        finally:
            for each in made:
                await each.stop()
            for client in clients:
                await client.aclose()

    return asyncio.run(run())


def fresh() -> str:
    return f"key:{uuid.uuid4().hex}"


def leases(name: str) -> dict[str, float]:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        return {
            call.decode(): end
            for call, end in client.zrange(f"slots:{name}", 0, -1, withscores=True)
        }


def expire(name: str, *calls: str) -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.zadd(f"slots:{name}", dict.fromkeys(calls, 1.0))


def test_of_100_calls_at_once_on_two_processes_as_many_enter_as_may(database: None) -> None:
    name = fresh()

    async def story(made: list[Slots]) -> list[bool]:
        return await asyncio.gather(*(made[n % 2].enter(name, 7, f"call-{n}") for n in range(100)))

    assert sum(with_slots(2, story)) == 7


def test_a_slot_that_was_left_is_free_on_every_process(database: None) -> None:
    name = fresh()

    async def story(made: list[Slots]) -> None:
        one, other = made
        assert await one.enter(name, 1, "a")
        assert not await other.enter(name, 1, "b")
        one.leave(name, "a")
        one.leave(name, "a")
        await one.drain()
        assert await other.enter(name, 1, "b")
        assert not await one.enter(name, 1, "a")

    with_slots(2, story)
    assert leases(name) == {}


def test_names_do_not_share_their_slots(database: None) -> None:
    async def story(made: list[Slots]) -> None:
        assert await made[0].enter(fresh(), 1, "a")
        assert await made[0].enter(fresh(), 1, "a")

    with_slots(1, story)


def test_the_slots_of_a_killed_process_become_free(database: None) -> None:
    name = fresh()
    expire(name, "dead-1", "dead-2")

    async def story(made: list[Slots]) -> None:
        assert await made[0].enter(name, 1, "a")
        assert leases(name).keys() == {"a"}

    with_slots(1, story)


def test_a_lease_is_renewed_while_its_call_lives_and_never_after(database: None) -> None:
    name = fresh()

    async def story(made: list[Slots]) -> None:
        own = made[0]
        for call in ("a", "b"):
            assert await own.enter(name, 5, call)
        before = leases(name)
        await own.renew()
        renewed = leases(name)
        assert all(before[call] < renewed[call] <= before[call] + LEASE_SECONDS for call in "ab")
        own.leave(name, "a")
        await own.renew()
        assert leases(name).keys() == {"b"}

    with_slots(1, story)


def test_slots_come_back_after_redis_forgot_them(database: None) -> None:
    name = fresh()

    async def story(made: list[Slots]) -> None:
        one, other = made
        assert await one.enter(name, 1, "a")
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            client.delete(f"slots:{name}")
        await one.renew()
        assert not await other.enter(name, 1, "b")

    with_slots(2, story)


def test_a_call_that_is_cancelled_while_it_enters_leaves_no_slot(database: None) -> None:
    name = fresh()

    async def story(made: list[Slots]) -> None:
        own = made[0]
        await own.enter(fresh(), 1, "warm")
        for waits in range(12):
            task = asyncio.create_task(own.enter(name, 1, f"call-{waits}"))
            for _ in range(waits):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if not task.cancelled():
                own.leave(name, f"call-{waits}")
        await own.drain()
        assert leases(name) == {}
        assert await own.enter(name, 1, "next")

    with_slots(1, story)


def test_without_redis_each_process_counts_for_itself(database: None) -> None:
    name = fresh()

    async def story(made: list[Slots]) -> None:
        one, other = made
        for own in (one, other):
            own.start()
            entered = await asyncio.gather(*(own.enter(name, 2, f"c{n}") for n in range(5)))
            assert sum(entered) == 2
            own.leave(name, "c0")
            await own.drain()
            assert await own.enter(name, 2, "later")
            await own.renew()

    with_slots(2, story, url=f"redis://127.0.0.1:{free_port()}/0")


def test_what_was_left_while_redis_was_away_is_given_back_later(database: None) -> None:
    name = fresh()

    async def story(made: list[Slots]) -> None:
        own = made[0]
        assert await own.enter(name, 1, "a")
        own._away_until = float("inf")
        own.leave(name, "a")
        await own.drain()
        assert leases(name).keys() == {"a"}
        own._away_until = float("-inf")
        await own.renew()
        assert leases(name) == {}

    with_slots(1, story)


def test_the_refusal_says_how_many_may_run_and_when_to_come_back() -> None:
    error = errors.too_many_at_once(3)
    assert (error.status, error.code) == (429, "concurrency_limit_exceeded")
    assert error.headers == {"Retry-After": "1"}
    assert "3 calls" in error.message
    assert slots.RENEW_SECONDS * 2 < LEASE_SECONDS
