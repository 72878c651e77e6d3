"""Money moves exactly once, never below zero, whoever races."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable

import pytest
from django.db import connection

from billing import invariants, ledger
from billing.ledger import (
    DuplicateRequest,
    HoldRequest,
    InsufficientCredits,
    Ledger,
    LedgerUnavailable,
    OpenHold,
    Receipt,
)
from billing.models import Hold, HoldState, LedgerEntry, UncollectedUse
from gateway import ids
from tests.billing.ledgers import assert_sound, request, with_ledgers
from tests.customers import Customer


def test_of_10000_authorizes_at_once_on_money_for_100_exactly_100_pass(
    new_customer: Callable[..., Customer],
) -> None:
    customer = new_customer(credit=100 * 7)

    async def story(ledgers: list[Ledger]) -> list[object]:
        tries = [ledgers[n % 4].authorize(request(customer, 7)) for n in range(10_000)]
        return list(await asyncio.gather(*tries, return_exceptions=True))

    outcomes = with_ledgers(4, story)
    assert sum(isinstance(o, OpenHold) for o in outcomes) == 100
    assert sum(isinstance(o, InsufficientCredits) for o in outcomes) == 9_900
    customer.account.refresh_from_db()
    assert (customer.account.balance, customer.account.held) == (700, 700)
    assert customer.holds_open() == 100
    assert_sound(customer)


def test_racing_settles_and_releases_charge_each_hold_once(customer: Customer) -> None:
    async def story(ledgers: list[Ledger]) -> None:
        holds = await asyncio.gather(
            *[ledgers[n % 4].authorize(request(customer, 100)) for n in range(500)]
        )
        closings: list[Awaitable[Receipt]] = []
        for n, hold in enumerate(holds):
            for one in ledgers:
                if n % 5 == 0:
                    closings.append(one.release(hold))
                else:
                    closings.append(one.settle(hold, cost=30, record=None))
        await asyncio.gather(*closings)

    with_ledgers(4, story)
    assert customer.spent() == [30] * 400
    assert customer.balance() == 10_000_000 - 400 * 30
    assert customer.account.held == 0
    assert_sound(customer)


def test_one_request_id_takes_one_hold(customer: Customer) -> None:
    first = request(customer, 50)
    again = HoldRequest(first.account, first.request_id, 50, 50, ids.new())

    async def story(ledgers: list[Ledger]) -> None:
        hold = await ledgers[0].authorize(first)
        with pytest.raises(DuplicateRequest):
            await ledgers[1].authorize(again)
        # The same try again, as after a lost answer, finds its own hold.
        assert await ledgers[0].authorize(first) == hold

    with_ledgers(2, story)
    customer.account.refresh_from_db()
    assert customer.account.held == 50


def test_a_hold_is_clamped_to_what_is_free_but_never_below_the_need(
    new_customer: Callable[..., Customer],
) -> None:
    customer = new_customer(credit=100)

    async def story(ledgers: list[Ledger]) -> None:
        hold = await ledgers[0].authorize(request(customer, 1_000, need=10))
        assert hold.amount == 100
        with pytest.raises(InsufficientCredits):
            await ledgers[0].authorize(request(customer, 1_000, need=1))
        assert await ledgers[0].settle(hold, cost=5_000, record=None) == Receipt(100, 0)
        with pytest.raises(InsufficientCredits):
            await ledgers[0].authorize(request(customer, 1_000, need=1))

    with_ledgers(1, story)
    assert customer.balance() == 0


def test_a_small_request_behind_a_large_one_is_not_refused(
    new_customer: Callable[..., Customer],
) -> None:
    customer = new_customer(credit=100)

    async def story(ledgers: list[Ledger]) -> list[object]:
        one = ledgers[0]
        tries = [one.authorize(request(customer, a)) for a in (1, 60, 60, 39)]
        return list(await asyncio.gather(*tries, return_exceptions=True))

    outcomes = with_ledgers(1, story)
    assert [isinstance(o, OpenHold) for o in outcomes] == [True, True, False, True]


def test_a_caller_that_is_cancelled_leaves_no_hold(customer: Customer) -> None:
    async def story(ledgers: list[Ledger]) -> None:
        for pause in [0, 0.0005, 0.001, 0.002, 0.004] * 10:
            task = asyncio.create_task(ledgers[0].authorize(request(customer, 5)))
            await asyncio.sleep(pause)
            if not task.cancel():
                await ledgers[0].release(task.result())
        await asyncio.sleep(0.1)
        await ledgers[0].drain()

    with_ledgers(1, story)
    customer.account.refresh_from_db()
    assert customer.account.held == 0
    assert customer.holds_open() == 0


def test_a_settlement_is_made_although_its_caller_is_cancelled(customer: Customer) -> None:
    async def story(ledgers: list[Ledger]) -> None:
        hold = await ledgers[0].authorize(request(customer, 5))

        async def settle() -> None:
            await ledgers[0].settle(hold, cost=5, record=None)

        task = asyncio.create_task(settle())
        await asyncio.sleep(0)
        task.cancel()
        await ledgers[0].drain()

    with_ledgers(1, story)
    assert customer.spent() == [5]


def test_use_that_is_settled_after_its_release_is_kept_as_uncollected(
    customer: Customer,
) -> None:
    async def story(ledgers: list[Ledger]) -> None:
        hold = await ledgers[0].authorize(request(customer, 50))
        await ledgers[0].release(hold)
        assert await ledgers[0].settle(hold, cost=20, record=None) == Receipt(0, 10_000_000)

    with_ledgers(1, story)
    assert customer.spent() == []
    assert UncollectedUse.objects.get(account=customer.account).cost == 20


def test_a_receipt_tells_the_balance_after_its_own_entry(customer: Customer) -> None:
    async def story(ledgers: list[Ledger]) -> None:
        one = ledgers[0]
        a, b, c = [await one.authorize(request(customer, 100)) for _ in range(3)]
        receipts = await asyncio.gather(
            one.settle(a, cost=30, record=None),
            one.release(b),
            one.settle(c, cost=12, record=None),
        )
        assert list(receipts) == [
            Receipt(30, 10_000_000 - 30),
            Receipt(0, 10_000_000 - 30),
            Receipt(12, 10_000_000 - 42),
        ]
        # Who closes again is told the same.
        assert await one.settle(a, cost=99, record=None) == Receipt(30, 10_000_000 - 30)

    with_ledgers(1, story)
    assert_sound(customer)


def test_a_call_that_costs_nothing_can_be_held_and_settled(customer: Customer) -> None:
    async def story(ledgers: list[Ledger]) -> None:
        hold = await ledgers[0].authorize(request(customer, 0))
        assert hold.amount == 0
        receipt = await ledgers[0].settle(hold, cost=0, record=None)
        assert receipt == Receipt(0, 10_000_000)

    with_ledgers(1, story)
    assert customer.spent() == []


def test_without_postgresql_nothing_is_granted(customer: Customer) -> None:
    async def story(ledgers: list[Ledger]) -> None:
        await ledgers[0]._pool.close()
        with pytest.raises(LedgerUnavailable):
            await ledgers[0].authorize(request(customer, 5))

    with_ledgers(1, story)
    assert customer.holds_open() == 0


def test_expired_holds_are_released_and_living_ones_are_kept(customer: Customer) -> None:
    old, alive = ledger.authorize_now([request(customer, 10), request(customer, 20)])
    assert old is not None
    assert alive is not None
    Hold.objects.filter(id=old.id).update(expires_at="2020-01-01T00:00Z")
    assert ledger.release_expired() >= 1
    assert Hold.objects.get(id=old.id).state == HoldState.RELEASED
    assert Hold.objects.get(id=alive.id).state == HoldState.OPEN
    customer.account.refresh_from_db()
    assert customer.account.held == 20


def test_a_living_call_extends_its_hold(customer: Customer) -> None:
    async def story(ledgers: list[Ledger]) -> OpenHold:
        hold = await ledgers[0].authorize(request(customer, 10))
        async with ledgers[0]._pool.connection() as pg:
            await pg.execute("update billing_hold set expires_at = now() where id = %s", [hold.id])
        await ledgers[0].extend(hold)
        return hold

    hold = with_ledgers(1, story)
    ledger.release_expired()
    assert Hold.objects.get(id=hold.id).state == HoldState.OPEN


def test_a_posting_is_made_once(customer: Customer) -> None:
    reference = uuid.uuid4().hex
    first = ledger.post(account=customer.account.id, kind="top_up", amount=500, reference=reference)
    again = ledger.post(account=customer.account.id, kind="top_up", amount=500, reference=reference)
    assert (first, again) == (10_000_500, None)
    assert customer.balance() == 10_000_500
    assert_sound(customer)


@pytest.mark.parametrize("statement", ["update {} set amount = 1", "delete from {}", "truncate {}"])
def test_the_database_refuses_to_change_the_ledger(customer: Customer, statement: str) -> None:
    before = LedgerEntry.objects.count()
    with connection.cursor() as cursor, pytest.raises(Exception, match="append-only"):
        cursor.execute(statement.format("billing_ledgerentry"))
    assert LedgerEntry.objects.count() >= before > 0


def test_the_database_refuses_to_delete_an_account(customer: Customer) -> None:
    with connection.cursor() as cursor, pytest.raises(Exception, match="kept for their ledger"):
        cursor.execute("delete from billing_account where id = %s", [customer.account.id])


def test_the_invariants_notice_a_wrong_balance(customer: Customer) -> None:
    customer.balance()
    customer.account.balance += 1
    customer.account.save()
    false = {v.sentence for v in invariants.check() if customer.account.id in v.accounts}
    assert false == {"the ledger adds up to the balance"}
    customer.account.balance -= 1
    customer.account.held = 3
    customer.account.save()
    false = {v.sentence for v in invariants.check() if customer.account.id in v.accounts}
    assert false == {"the open holds add up to what is held"}
    customer.account.held = 0
    customer.account.save()
    assert_sound(customer)
