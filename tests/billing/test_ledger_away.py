"""A settlement outlives PostgreSQL's absence, and nobody is told that it was made before it was."""

import asyncio
import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from django.db import connections
from psycopg_pool import PoolTimeout

from billing import ledger, postgres
from billing.holds import LedgerUnavailable, Receipt
from billing.ledger import SETTLE_TRIES, Ledger
from billing.models import Hold
from billing.postgres import Pool
from lumyx.chaos.cable import cable
from tests.billing.ledgers import assert_sound, request, with_ledgers
from tests.customers import Customer

SENDS = 2
"""How often a batch is sent at once before its items are given back."""


class Away:
    """A pool whose connections fail so many times, as they do while PostgreSQL restarts."""

    def __init__(self, pool: Pool, *, times: int) -> None:
        self._pool = pool
        self.left = times
        self.asked = 0

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        self.asked += 1
        if self.left:
            self.left -= 1
            raise psycopg.OperationalError("the server closed the connection unexpectedly")
        async with self._pool.connection() as connection:
            yield connection


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "FIRST_PAUSE", 0.001)


class Stalled:
    """A pool that has no connection to give, and says so only when it is told to."""

    def __init__(self) -> None:
        self.given_up = asyncio.Event()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        await self.given_up.wait()
        raise PoolTimeout("couldn't get a connection")
        yield


def send_away(one: Ledger, *, times: int) -> Away:
    away = Away(one._pool, times=times)
    one._pool = away  # type: ignore[assignment]
    return away


def pauses_of(loop: asyncio.AbstractEventLoop) -> list[float]:
    """Return a list that fills with the pauses before an attempt to close a hold."""
    pauses: list[float] = []
    call_later = loop.call_later

    def noted(delay: float, callback: Any, *arguments: Any, **more: Any) -> asyncio.TimerHandle:
        if len(arguments) == 3:
            pauses.append(delay)
        return call_later(delay, callback, *arguments, **more)

    loop.call_later = noted  # type: ignore[method-assign, assignment]
    return pauses


def test_a_settlement_is_tried_again_until_it_is_made(customer: Customer) -> None:
    async def story(ledgers: list[Ledger]) -> tuple[Receipt, list[float], int]:
        one = ledgers[0]
        hold = await one.authorize(request(customer, 100))
        pauses = pauses_of(asyncio.get_running_loop())
        away = send_away(one, times=SENDS * (SETTLE_TRIES - 1))
        receipt = await asyncio.wait_for(one.settle(hold, cost=7, record=None), 20)
        return receipt, pauses, away.asked

    receipt, pauses, asked = with_ledgers(1, story)
    assert receipt.charge == 7
    assert customer.spent() == [7]
    assert asked == SENDS * (SETTLE_TRIES - 1) + 1
    assert pauses == [0.001 * 2**n for n in range(SETTLE_TRIES - 1)]
    assert_sound(customer)


def test_whoever_waited_behind_a_batch_that_was_in_vain_is_refused_with_it(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "HASTE_SECONDS", 0)

    sent: list[tuple[int, int]] = []

    async def story(ledgers: list[Ledger]) -> tuple[list[Any], Receipt]:
        one = ledgers[0]
        hold = await one.authorize(request(customer, 100))
        pool, stalled, move = one._pool, Stalled(), one._move
        one._pool = stalled  # type: ignore[assignment]

        async def noted(closings: Sequence[Any], requests: Sequence[Any]) -> Any:
            sent.append((len(closings), len(requests)))
            return await move(closings, requests)

        one._move = noted  # type: ignore[method-assign]
        calls = [asyncio.create_task(one.authorize(request(customer, 100)))]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert sent == [(0, 1)]
        calls += [asyncio.create_task(one.authorize(request(customer, 100))) for _ in range(3)]
        closing = one.settle(hold, cost=7, record=None)
        await asyncio.sleep(0)
        stalled.given_up.set()
        refused = await asyncio.gather(*calls, return_exceptions=True)
        one._pool = pool
        return refused, await asyncio.wait_for(closing, 20)

    refused, receipt = with_ledgers(1, story)
    assert [type(error) for error in refused] == [LedgerUnavailable] * 4
    assert set(sent[1:]) == {(1, 0)}, "nobody has to wait for a batch of their own"
    assert receipt.charge == 7, "what is owed is not given up with them"
    assert_sound(customer)


def test_after_the_last_try_the_hold_stays_to_expire(
    customer: Customer, caplog: pytest.LogCaptureFixture
) -> None:
    unheard: list[dict[str, Any]] = []

    async def story(ledgers: list[Ledger]) -> int:
        one = ledgers[0]
        asyncio.get_running_loop().set_exception_handler(
            lambda loop, context: unheard.append(context)
        )
        hold = await one.authorize(request(customer, 100))
        away = send_away(one, times=1_000)
        with pytest.raises(LedgerUnavailable):
            await asyncio.wait_for(one.settle(hold, cost=7, record=None), 20)
        asked = away.asked
        left_alone = one.settle(hold, cost=7, record=None)
        await asyncio.wait_for(one.drain(), 20)
        assert left_alone.done()
        del left_alone
        gc.collect()
        await asyncio.sleep(0)
        return asked

    assert with_ledgers(1, story) == SENDS * SETTLE_TRIES
    assert unheard == [], "whoever did not ask hears nothing"
    assert caplog.text.count("could not be closed and will expire") == 2
    assert customer.spent() == []
    assert customer.holds_open() == 1


def test_draining_waits_for_the_tries_that_are_still_to_come(customer: Customer) -> None:
    async def story(ledgers: list[Ledger]) -> bool:
        one = ledgers[0]
        hold = await one.authorize(request(customer, 100))
        send_away(one, times=SENDS * 3)
        settled = one.settle(hold, cost=7, record=None)
        await asyncio.wait_for(one.drain(), 20)
        return settled.done() and settled.result().charge == 7

    assert with_ledgers(1, story)
    assert customer.spent() == [7]


def test_who_stops_waiting_does_not_stop_the_settlement(customer: Customer) -> None:
    async def story(ledgers: list[Ledger]) -> None:
        one = ledgers[0]
        hold = await one.authorize(request(customer, 100))
        send_away(one, times=SENDS * 2)
        settled = one.settle(hold, cost=7, record=None)
        settled.cancel()
        await asyncio.wait_for(one.drain(), 20)

    with_ledgers(1, story)
    assert customer.spent() == [7]
    assert_sound(customer)


def test_a_postgresql_that_falls_silent_is_away_until_it_speaks_again(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "ANSWER_SECONDS", 0.3)
    at = connections["default"].settings_dict

    async def story(ledgers: list[Ledger]) -> Receipt:
        one = ledgers[0]
        hold = await one.authorize(request(customer, 100))
        wire.be("hang")
        settled = one.settle(hold, cost=7, record=None)
        with pytest.raises(LedgerUnavailable):
            await asyncio.wait_for(one.authorize(request(customer, 100)), 30)
        assert not settled.done()
        wire.be("pass")
        return await asyncio.wait_for(settled, 30)

    with cable(to=int(at["PORT"])) as wire:
        monkeypatch.setitem(at, "PORT", str(wire.port))
        monkeypatch.setattr(ledger, "SETTLE_TRIES", 20)
        assert with_ledgers(1, story).charge == 7
    assert customer.spent() == [7]
    # What it was asked in its silence it may do afterwards: nobody waits for it, and it expires.
    assert customer.holds_open() <= 1
    Hold.objects.filter(account=customer.account).update(expires_at="2026-01-01T00:00Z")
    ledger.release_expired()
    assert customer.holds_open() == 0
    assert_sound(customer)
