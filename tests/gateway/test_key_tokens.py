"""Tokens a minute: an estimate first, what was really used later, refusals for nothing."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import redis.asyncio
from django.conf import settings

from billing.postgres import open_pool
from gateway.key_ring import Caller, KeyRing
from gateway.token_limits import TokenAllowance, TokenLimits
from tests.customers import Customer
from tests.gateway.test_limits import await_a_quiet_minute
from tests.processes import Server, free_port

Result = TypeVar("Result")


async def caller_of(customer: Customer) -> Caller:
    pool = await open_pool()
    try:
        caller = await KeyRing(pool, heard=lambda: False).authenticate(customer.key)
    finally:
        await pool.close()
    assert caller is not None
    return caller


def with_limits(
    customer: Customer,
    story: Callable[[TokenLimits, Caller], Awaitable[Result]],
    *,
    url: str = "",
) -> Result:
    await_a_quiet_minute()

    async def run() -> Result:
        client = redis.asyncio.Redis.from_url(url or settings.REDIS_URL)
        try:
            return await story(TokenLimits(client), await caller_of(customer))
        finally:
            await client.aclose()

    return asyncio.run(run())


async def _whole_story(limits: TokenLimits, caller: Caller) -> None:
    first = await limits.take(caller, 600)
    assert (first.taken, first.used, first.limit) == (True, 600, 1_000)
    refused = await limits.take(caller, 500)
    assert (refused.taken, refused.used) == (False, 600)
    assert (await limits.take(caller, 400)).used == 1_000
    limits.correct(caller, refused, 500)
    limits.correct(caller, first, 100)
    await limits.drain()
    shown = await limits.peek(caller)
    assert shown is not None
    assert shown.used == 500
    limits.correct(caller, first, 10_600)
    await limits.drain()
    assert not (await limits.take(caller, 1)).taken


def test_estimates_are_counted_and_corrected_and_refusals_are_not(
    new_customer: Callable[..., Customer],
) -> None:
    with_limits(new_customer(token_limit=1_000), _whole_story)


def test_without_redis_each_process_counts_for_itself(
    new_customer: Callable[..., Customer],
) -> None:
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    with_limits(new_customer(token_limit=1_000), _whole_story, url=nowhere)


def test_calls_at_once_never_go_over_together(new_customer: Callable[..., Customer]) -> None:
    async def story(limits: TokenLimits, caller: Caller) -> list[TokenAllowance]:
        return await asyncio.gather(*(limits.take(caller, 300) for _ in range(50)))

    taken = with_limits(new_customer(token_limit=1_000), story)
    assert sum(allowance.taken for allowance in taken) == 3


def test_a_correction_that_comes_too_late_changes_no_other_minute(
    new_customer: Callable[..., Customer],
) -> None:
    async def story(limits: TokenLimits, caller: Caller) -> None:
        assert (await limits.take(caller, 10)).taken
        old = TokenAllowance(
            limit=1_000, used=10, reset=int(time.time()) // 60 * 60, estimate=10, taken=True
        )
        limits.correct(caller, old, 900)
        await limits.drain()
        assert (await limits.take(caller, 0)).used == 10

    with_limits(new_customer(token_limit=1_000), story)


def test_what_used_tokens_shows_on_the_key(
    server: Server, new_customer: Callable[..., Customer]
) -> None:
    customer = new_customer(token_limit=1_000)

    async def story(limits: TokenLimits, caller: Caller) -> TokenAllowance:
        return await limits.take(caller, 250)

    allowance = with_limits(customer, story)
    shown = customer.get(server, "key").json()["limits"]["tokens"]
    assert shown == {"limit": 1_000, "used": 250, "reset": allowance.reset}


def test_the_headers_and_the_refusal_say_how_the_key_stands() -> None:
    full = TokenAllowance(limit=1_000, used=900, reset=1_200, estimate=200, taken=False)
    assert full.headers() == [
        (b"x-ratelimit-limit-tokens", b"1000"),
        (b"x-ratelimit-remaining-tokens", b"100"),
        (b"x-ratelimit-reset-tokens", b"1200"),
    ]
    refusal = full.refusal(1_170)
    assert (refusal.status, refusal.code) == (429, "token_limit_exceeded")
    assert refusal.headers == {"Retry-After": "30"}


def test_a_call_that_never_fits_is_not_to_be_retried() -> None:
    alone = TokenAllowance(limit=1_000, used=0, reset=1_200, estimate=1_001, taken=False)
    refusal = alone.refusal(1_170)
    assert refusal.headers == {"x-should-retry": "false"}
    assert "1,001" in refusal.message
    assert "1,000" in refusal.message
