"""When a key was last used: written in batches, only forward in time, never in the way."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from billing.postgres import Pool, open_pool
from gateway.last_used import LastUsed
from gateway.models import ApiKey
from tests.customers import Customer


def with_pool(story: Callable[[Pool], Awaitable[None]]) -> None:
    async def run() -> None:
        pool = await open_pool()
        try:
            await story(pool)
        finally:
            await pool.close()

    asyncio.run(run())


def last_use(customer: Customer) -> datetime | None:
    return ApiKey.objects.get(pk=customer.key_row.pk).last_used_at


def test_many_keys_are_written_at_the_end_of_a_process(
    new_customer: Callable[..., Customer],
) -> None:
    customers = [new_customer() for _ in range(3)]
    unused = new_customer()
    began = timezone.now()

    async def story(pool: Pool) -> None:
        noted = LastUsed(pool)
        noted.start()
        for customer in customers * 2:
            noted.note(customer.key_row.id.hex)
        await noted.stop()

    with_pool(story)
    for customer in customers:
        at = last_use(customer)
        assert at is not None
        assert began <= at <= timezone.now()
    assert last_use(unused) is None


def test_an_older_use_does_not_undo_a_newer_one(customer: Customer) -> None:
    newer = timezone.now() + timedelta(minutes=1)
    ApiKey.objects.filter(pk=customer.key_row.pk).update(last_used_at=newer)

    async def story(pool: Pool) -> None:
        noted = LastUsed(pool)
        noted.note(customer.key_row.id.hex)
        await noted.flush()

    with_pool(story)
    assert last_use(customer) == newer


def test_processes_that_write_the_same_keys_at_once_do_not_hinder_each_other(
    new_customer: Callable[..., Customer],
) -> None:
    ids = [new_customer(credit=0).key_row.id.hex for _ in range(20)]

    async def story(pool: Pool) -> None:
        writers = [LastUsed(pool) for _ in range(4)]
        for turn in range(5):
            for place, writer in enumerate(writers):
                for key_id in ids if (place + turn) % 2 else reversed(ids):
                    writer.note(key_id)
            await asyncio.gather(*(writer.flush() for writer in writers))
        assert all(not writer._noted for writer in writers)

    with_pool(story)


def test_what_could_not_be_written_is_written_the_next_time(customer: Customer) -> None:
    used = time.time()

    async def story(pool: Pool) -> None:
        noted = LastUsed(pool)
        noted.note(customer.key_row.id.hex)
        async with pool.connection() as other, other.transaction():
            # Nobody else can write while this lasts; PostgreSQL gives up waiting by itself.
            await other.execute("lock table gateway_apikey in exclusive mode")
            await noted.flush()
        await noted.flush()

    with_pool(story)
    at = last_use(customer)
    assert at is not None
    assert abs(at - datetime.fromtimestamp(used, UTC)) < timedelta(seconds=5)
