"""Corners of the ledger that a small change of it would break unseen."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from billing import ids, ledger
from billing.holds import (
    Closing,
    HoldRequest,
    OpenHold,
    Receipt,
    RequestDiffers,
    RequestInFlight,
)
from billing.ledger import Ledger
from billing.models import Hold, HoldState, UncollectedUse
from gateway.models import RequestLog
from gateway.request_log import Row
from tests.billing.ledgers import assert_sound, request, with_ledgers
from tests.customers import Customer


def row(customer: Customer, hold: str) -> Row:
    """Return the usage record of a call."""
    return Row(
        id=hold,
        started_at=datetime.now(UTC),
        account_id=customer.account.pk,
        key_id=customer.key_row.pk.hex,
        endpoint="chat/completions",
        charge_basis="reported",
        ip="127.0.0.1",
        country="",
        client="",
        system="",
        device="",
    )


def held(customer: Customer, amount: int = 100) -> OpenHold:
    """Set an amount aside."""
    [hold] = ledger.authorize_now([request(customer, amount)])
    assert hold is not None
    return hold


def test_a_sweep_that_read_an_old_time_leaves_an_extended_hold_open(customer: Customer) -> None:
    hold = held(customer)
    release = [Closing(hold, 0, HoldState.RELEASED, None)]
    assert ledger.close_now(release, expired=True) == {}
    assert customer.holds_open() == 1
    Hold.objects.filter(pk=hold.id).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert set(ledger.close_now(release, expired=True)) == {0}
    assert customer.holds_open() == 0


def test_a_living_hold_is_closed_by_whoever_holds_it(customer: Customer) -> None:
    hold = held(customer)
    assert set(ledger.close_now([Closing(hold, 5, HoldState.SETTLED, None)])) == {0}
    assert ledger.release_expired() == 0
    assert customer.spent() == [5]


def test_a_sweep_releases_no_more_than_its_limit(customer: Customer) -> None:
    while ledger.release_expired():
        pass
    for _ in range(3):
        held(customer)
    Hold.objects.filter(account=customer.account).update(expires_at="2020-01-01T00:00Z")
    assert [ledger.release_expired(limit=2) for _ in range(3)] == [2, 1, 0]


def test_old_closed_holds_are_deleted_by_their_ids_time(customer: Customer) -> None:
    while ledger.delete_old_holds():
        pass
    aged = [f"{n:012x}7{ids.new()[13:]}" for n in range(3)]
    asked = [HoldRequest(customer.account.pk, name, 10, 10, name) for name in aged]
    holds = [hold for hold in ledger.authorize_now(asked) if hold is not None]
    assert ledger.delete_old_holds() == 0, "open ones are money"
    ledger.close_now([Closing(hold, 4, HoldState.SETTLED, None) for hold in holds])
    young = held(customer)
    ledger.close_now([Closing(young, 4, HoldState.SETTLED, None)])
    assert [ledger.delete_old_holds(limit=2) for _ in range(3)] == [2, 1, 0]
    assert list(Hold.objects.filter(account=customer.account)) == [Hold(id=UUID(young.id))]


@pytest.mark.parametrize("settled", [True, False])
def test_a_usage_record_is_stored_with_the_settlement(customer: Customer, settled: bool) -> None:
    async def story(ledgers: list[Ledger]) -> str:
        hold = await ledgers[0].authorize(request(customer, 100))
        record = row(customer, hold.id)
        if settled:
            await ledgers[0].settle(hold, cost=7, record=record)
        else:
            await ledgers[0].release(hold, record=record)
        return hold.id

    name = with_ledgers(1, story)
    stored = RequestLog.objects.get(pk=name)
    assert stored.charge == (7 if settled else 0)


def test_several_late_settlements_are_each_answered_and_kept(customer: Customer) -> None:
    async def story(ledgers: list[Ledger]) -> list[Receipt]:
        one = ledgers[0]
        holds = [await one.authorize(request(customer, 100)) for _ in range(4)]
        for hold in holds[:3]:
            await one.release(hold)
        await one.settle(holds[3], cost=9, record=None)
        late = [one.settle(hold, cost=30 + n, record=None) for n, hold in enumerate(holds)]
        return list(await asyncio.gather(*late))

    before = customer.balance()
    receipts = with_ledgers(1, story)
    assert [receipt.charge for receipt in receipts] == [0, 0, 0, 9]
    assert all(receipt.balance == before - 9 for receipt in receipts)
    lost = UncollectedUse.objects.filter(account=customer.account).order_by("cost")
    assert [use.cost for use in lost] == [30, 31, 32]
    assert_sound(customer)


def test_a_late_release_loses_nothing(customer: Customer) -> None:
    async def story(ledgers: list[Ledger]) -> Receipt:
        hold = await ledgers[0].authorize(request(customer, 100))
        await ledgers[0].release(hold)
        return await ledgers[0].release(hold)

    assert with_ledgers(1, story).charge == 0
    assert not UncollectedUse.objects.filter(account=customer.account).exists()


BODY, OTHER = "a" * 32, "b" * 32


def test_repeats_in_one_batch_are_told_what_the_first_got(
    new_customer: Callable[..., Customer],
) -> None:
    customer = new_customer(credit=100)

    async def story(ledgers: list[Ledger]) -> list[object]:
        one = ledgers[0]
        asked = [
            request(customer, 60, request_id="same", fingerprint=BODY),
            request(customer, 60, request_id="same", fingerprint=BODY),
            request(customer, 60, request_id="same", fingerprint=OTHER),
        ]
        tries = [one.authorize(each) for each in asked]
        return list(await asyncio.gather(*tries, return_exceptions=True))

    first, same, other = with_ledgers(1, story)
    assert isinstance(first, OpenHold)
    assert isinstance(same, RequestInFlight)
    assert isinstance(other, RequestDiffers)


def test_repeats_of_a_call_without_money_are_refused_alike(
    new_customer: Callable[..., Customer],
) -> None:
    customer = new_customer(credit=50)

    async def story(ledgers: list[Ledger]) -> list[object]:
        one = ledgers[0]
        asked = [
            request(customer, 60, request_id="same", fingerprint=BODY),
            request(customer, 60, request_id="same", fingerprint=BODY),
            request(customer, 40, request_id="same", fingerprint=OTHER),
        ]
        tries = [one.authorize(each) for each in asked]
        return list(await asyncio.gather(*tries, return_exceptions=True))

    first, same, other = with_ledgers(1, story)
    assert isinstance(first, ledger.InsufficientCredits)
    assert isinstance(same, ledger.InsufficientCredits)
    assert isinstance(other, OpenHold)
    assert other.amount == 40
