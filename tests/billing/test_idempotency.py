"""A call that is repeated under one request id is charged once."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest

from billing import budgets, ledger
from billing.budgets import Spent
from billing.ledger import (
    DuplicateRequest,
    HoldRequest,
    Ledger,
    OpenHold,
    RequestDiffers,
    RequestInFlight,
    RequestSettled,
)
from billing.models import Hold, UncollectedUse
from gateway import ids
from tests.billing.ledgers import assert_sound, request, with_ledgers
from tests.customers import Customer

BODY, OTHER_BODY = "a" * 32, "b" * 32


def keyed(
    customer: Customer, key: str, *, body: str = BODY, budget: str | None = None
) -> HoldRequest:
    return request(customer, 50, request_id=key, fingerprint=body, budget=budget)


def test_of_50_authorizes_at_once_with_one_request_id_exactly_one_passes(
    customer: Customer,
) -> None:
    async def story(ledgers: list[Ledger]) -> list[object]:
        key = ids.new()
        tries = [ledgers[n % 4].authorize(keyed(customer, key)) for n in range(50)]
        return list(await asyncio.gather(*tries, return_exceptions=True))

    outcomes = with_ledgers(4, story)
    assert Counter(type(o) for o in outcomes) == {OpenHold: 1, RequestInFlight: 49}
    customer.account.refresh_from_db()
    assert customer.account.held == 50
    assert_sound(customer)


def test_duplicates_in_one_batch_take_no_credits_from_others(customer: Customer) -> None:
    budget = uuid.uuid4().hex
    budgets.open_for([budget])

    async def story(ledgers: list[Ledger]) -> list[object]:
        key = ids.new()
        tries = [
            *[keyed(customer, key) for _ in range(3)],
            keyed(customer, key, body=OTHER_BODY),
            request(customer, 10_000_000 - 50),
        ]
        return list(await asyncio.gather(*map(ledgers[0].authorize, tries), return_exceptions=True))

    outcomes = with_ledgers(1, story)
    assert [type(o) for o in outcomes] == [
        OpenHold,
        RequestInFlight,
        RequestInFlight,
        RequestDiffers,
        OpenHold,
    ]


def test_a_repeated_call_is_told_how_the_first_stands(customer: Customer) -> None:
    async def story(ledgers: list[Ledger]) -> None:
        one, key = ledgers[0], ids.new()
        hold = await one.authorize(keyed(customer, key))
        with pytest.raises(RequestInFlight):
            await one.authorize(keyed(customer, key))
        with pytest.raises(RequestDiffers):
            await one.authorize(keyed(customer, key, body=OTHER_BODY))
        await one.settle(hold, cost=20, record=None)
        with pytest.raises(RequestSettled) as caught:
            await one.authorize(keyed(customer, key))
        assert caught.value.hold == hold.id
        with pytest.raises(RequestDiffers):
            await one.authorize(keyed(customer, key, body=OTHER_BODY))

    with_ledgers(1, story)
    assert customer.spent() == [20]


def test_another_account_may_use_the_same_request_id(
    customer: Customer, new_customer: Callable[..., Customer]
) -> None:
    key, other = ids.new(), new_customer()
    holds = ledger.authorize_now([keyed(customer, key), keyed(other, key)])
    assert None not in holds


def test_a_failed_call_frees_its_request_id(customer: Customer) -> None:
    async def story(ledgers: list[Ledger]) -> None:
        one, key = ledgers[0], ids.new()
        for body in (BODY, BODY, OTHER_BODY):
            hold = await one.authorize(keyed(customer, key, body=body))
            await one.release(hold)
        last = await one.authorize(keyed(customer, key))
        await one.settle(last, cost=1, record=None)

    with_ledgers(1, story)
    assert customer.spent() == [1]
    assert_sound(customer)


def test_a_released_call_without_a_fingerprint_keeps_its_request_id(customer: Customer) -> None:
    async def story(ledgers: list[Ledger]) -> None:
        first = request(customer, 5)
        await ledgers[0].release(await ledgers[0].authorize(first))
        with pytest.raises(DuplicateRequest):
            await ledgers[0].authorize(request(customer, 5, request_id=first.request_id))

    with_ledgers(1, story)


def test_the_sweep_frees_a_request_id_and_late_use_is_kept_as_uncollected(
    customer: Customer,
) -> None:
    key = ids.new()
    first = keyed(customer, key)
    [hold] = ledger.authorize_now([first])
    assert hold is not None
    Hold.objects.filter(id=hold.id).update(expires_at="2020-01-01T00:00Z")
    ledger.release_expired()

    async def story(ledgers: list[Ledger]) -> None:
        again = await ledgers[0].authorize(keyed(customer, key))
        late = await ledgers[0].settle(hold, cost=20, record=None)
        assert late.charge == 0
        await ledgers[0].settle(again, cost=7, record=None)

    with_ledgers(1, story)
    assert customer.spent() == [7]
    assert UncollectedUse.objects.get(account=customer.account).cost == 20
    assert_sound(customer)


async def connections_of(one: Ledger) -> list[int]:
    """Return the server's process of each connection that the ledger has."""
    async with AsyncExitStack() as taken:
        size = one._pool.get_stats()["pool_size"]
        pool = [await taken.enter_async_context(one._pool.connection()) for _ in range(size)]
        return [pg.info.backend_pid for pg in pool]


def test_a_try_whose_answer_was_lost_finds_its_own_hold(customer: Customer) -> None:
    budget = uuid.uuid4().hex
    calls = 20

    async def story(ledgers: list[Ledger]) -> None:
        cut, steady = ledgers
        for n in range(calls):
            asked = keyed(customer, ids.new(), budget=budget)
            pids = await connections_of(cut)
            async with steady._pool.connection() as pg:
                first = asyncio.create_task(cut.authorize(asked))
                await asyncio.sleep(n * 0.0003)
                await pg.execute("select pg_terminate_backend(p) from unnest(%s) p", [pids])
            await asyncio.gather(first, return_exceptions=True)
            hold = await steady.authorize(asked)
            assert (hold.id, hold.amount) == (asked.hold, 50)
            with pytest.raises(RequestInFlight):
                await steady.authorize(keyed(customer, asked.request_id))

    with_ledgers(2, story)
    customer.account.refresh_from_db()
    assert customer.account.held == calls * 50
    assert budgets.spent(budget) == Spent(held=calls * 50)
    assert customer.holds_open() == calls
    assert_sound(customer)


def test_racing_repeats_of_calls_that_fail_and_succeed_are_charged_once(
    customer: Customer,
) -> None:
    budget = uuid.uuid4().hex
    keys = [ids.new() for _ in range(20)]

    async def story(ledgers: list[Ledger]) -> None:
        async def call(n: int, key: str) -> None:
            one = ledgers[n % 4]
            while True:
                try:
                    hold = await one.authorize(keyed(customer, key, budget=budget))
                except RequestInFlight:
                    await asyncio.sleep(0.001)
                    continue
                except RequestSettled:
                    return
                # Every other try fails, and is made again.
                if int(hold.id[-1], 16) % 2:
                    await one.release(hold)
                else:
                    await one.settle(hold, cost=3, record=None)
                    return

        await asyncio.gather(*[call(n, key) for n in range(8) for key in keys])

    with_ledgers(4, story)
    assert customer.spent() == [3] * len(keys)
    assert budgets.spent(budget) == Spent(day=60, month=60, total=60)
    assert_sound(customer)
