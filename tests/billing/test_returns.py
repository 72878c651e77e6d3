"""Refunds and disputes: what went back to the payer leaves the balance, exactly once."""

import os
import random
from typing import Any

import pytest

from billing import checkout, customers, ids, inbox, ledger, payments
from billing.holds import Closing, HoldRequest
from billing.models import HoldState, LedgerEntry, Order, StripeEvent, VipBonus
from billing.stripe_api import api
from tests.billing.ledgers import assert_sound
from tests.customers import Customer
from tests.processes import Server, wait_until
from tests.shop import StripeProcess, bought, settle_events

CENT = 10_000
STORIES = int(os.environ.get("STORIES", "16"))
"""How many purchases are told in mixed events; `make stories` tells a thousand."""


def refund(order: Order, cents: int) -> str:
    made = api().refunds.create({"payment_intent": str(order.payment_intent), "amount": cents})
    return made.id


def moved(order: Order, kind: str) -> list[int]:
    entries = LedgerEntry.objects.filter(account_id=order.account_id, kind=kind).order_by("id")
    return [entry.amount for entry in entries]


def test_partial_refunds_take_back_their_differences(
    stripe: StripeProcess, customer: Customer
) -> None:
    order = bought(stripe, customer.account, cents=2_000)
    refund(order, 300)
    settle_events()
    refund(order, 500)
    refund(order, 1_200)
    settle_events()
    assert moved(order, "refund") == [-300 * CENT, -1_700 * CENT]
    order.refresh_from_db()
    assert (order.refunded, order.kept) == (2_000, 0)
    assert_sound(customer)


def test_a_refund_that_fails_comes_back(stripe: StripeProcess, customer: Customer) -> None:
    before = customer.balance()
    order = bought(stripe, customer.account, cents=2_000)
    made = refund(order, 2_000)
    settle_events()
    assert customer.balance() == before
    stripe.control(f"refunds/{made}/fail")
    settle_events()
    assert customer.balance() == before + 2_000 * CENT
    assert_sound(customer)


def test_the_bonus_goes_with_what_it_came_for(stripe: StripeProcess, customer: Customer) -> None:
    VipBonus.objects.update_or_create(level=3, defaults={"percent": 10})
    customer.user.vip_level = 3
    customer.user.save(update_fields=["vip_level"])
    before = customer.balance()
    order = bought(stripe, customer.account, cents=1_000)
    refund(order, 500)
    settle_events()
    assert customer.balance() == before + 5_500_000
    refund(order, 500)
    settle_events()
    assert customer.balance() == before
    assert_sound(customer)


def test_a_dispute_freezes_at_once_and_thaws_when_it_is_won(
    server: Server, stripe: StripeProcess, customer: Customer
) -> None:
    order = bought(stripe, customer.account)
    balance = customer.balance()
    assert customer.get(server, "key").status_code == 200
    dispute = stripe.dispute(order)
    settle_events()
    wait_until(
        lambda: all(customer.get(server, "key").status_code == 403 for _ in range(4)),
        seconds=5,
        what="the freeze",
    )
    assert customer.get(server, "key").json()["error"]["code"] == "account_frozen"
    assert customer.balance() == balance
    stripe.control(f"disputes/{dispute['id']}", status="won")
    settle_events()
    wait_until(
        lambda: all(customer.get(server, "key").status_code == 200 for _ in range(4)),
        seconds=5,
        what="the thaw",
    )
    assert moved(order, "dispute") == []


def test_a_lost_dispute_is_taken_back(stripe: StripeProcess, customer: Customer) -> None:
    before = customer.balance()
    order = bought(stripe, customer.account, cents=2_000)
    dispute = stripe.dispute(order)
    stripe.control(f"disputes/{dispute['id']}", status="under_review")
    settle_events()
    customer.account.refresh_from_db()
    assert customer.account.frozen
    stripe.control(f"disputes/{dispute['id']}", status="lost")
    settle_events()
    assert moved(order, "dispute") == [-2_000 * CENT]
    assert customer.balance() == before
    assert not customer.account.frozen
    assert_sound(customer)


def test_an_inquiry_takes_nothing_and_freezes_nobody(
    stripe: StripeProcess, customer: Customer
) -> None:
    order = bought(stripe, customer.account)
    stripe.dispute(order, status="warning_needs_response")
    settle_events()
    customer.account.refresh_from_db()
    assert not customer.account.frozen


def test_a_debt_freezes_until_it_is_paid(stripe: StripeProcess, customer: Customer) -> None:
    order = bought(stripe, customer.account, cents=2_000)
    spend_all(customer)
    refund(order, 2_000)
    settle_events()
    customer.account.refresh_from_db()
    assert customer.account.balance == -2_000 * CENT
    assert customer.account.frozen
    bought(stripe, customer.account, cents=2_500)
    customer.account.refresh_from_db()
    assert not customer.account.frozen
    assert_sound(customer)


def spend_all(customer: Customer) -> None:
    amount = customer.balance()
    request = HoldRequest(customer.account.id, ids.new(), amount, amount, ids.new())
    [hold] = ledger.authorize_now([request])
    assert hold is not None
    ledger.close_now([Closing(hold, amount, HoldState.SETTLED, None)])


@pytest.mark.parametrize("seed", range(4))
def test_shuffled_doubled_and_missing_events_end_exactly(
    stripe: StripeProcess, customer: Customer, seed: int
) -> None:
    """Checkout, intent, charge, partial refunds, disputes; events late, mixed, twice or never."""
    dice = random.Random(seed)
    for _ in range(STORIES // 4):
        tell_a_story(stripe, customer, dice)
    assert_sound(customer)


def tell_a_story(stripe: StripeProcess, customer: Customer, dice: random.Random) -> None:
    before = customer.balance()
    cents = dice.choice([500, 999, 2_000])
    customers.of(customer.account)
    newest = api().events.list({"limit": 1}).data[0]
    order = buy_unheard(stripe, customer, cents)
    expected, refunded = cents, 0
    for act in dice.sample(["refund", "refund", "dispute"], dice.randint(0, 3)):
        if dice.random() < 0.5:
            hear(dice, since=newest)
        if act == "refund":
            part = dice.randint(1, (cents - refunded) // 2)
            refund(order, part)
            refunded += part
            expected -= part
        else:
            dispute = stripe.dispute(order)
            if dice.random() < 0.5:
                hear(dice, since=newest)
            outcome = dice.choice(["won", "lost"])
            stripe.control(f"disputes/{dispute['id']}", status=outcome)
            expected -= dispute["amount"] if outcome == "lost" else 0
            break
    hear(dice, since=newest, everything=True)
    assert customer.balance() - before == expected * CENT


def buy_unheard(stripe: StripeProcess, customer: Customer, cents: int) -> Order:
    order, _ = checkout.begin(customer.account, cents=cents)
    paid = stripe.pay(str(order.checkout_session))
    order.payment_intent = paid["payment_intent"]
    return order


def hear(dice: random.Random, *, since: Any, everything: bool = False) -> None:
    """Hear some of the events since a moment, in any order, half of them twice."""
    events = list(api().events.list({"ending_before": since.id, "limit": 100}).data)
    chosen = events if everything else dice.sample(events, dice.randint(0, len(events)))
    chosen = chosen + dice.sample(chosen, len(chosen) // 2)
    dice.shuffle(chosen)
    for event in chosen:
        inbox.take(event.id, type=event.type, created=event.created)
        if dice.random() < 0.2:
            StripeEvent.objects.filter(pk=event.id).update(handled_at=None)
        assert inbox.handle(event.id)


def test_an_older_view_never_follows_a_newer_one(stripe: StripeProcess, customer: Customer) -> None:
    order = bought(stripe, customer.account, cents=2_000)
    old = payments.look(order)
    seen = Order.objects.get(pk=order.pk)
    refund(order, 700)
    payments.apply(order.pk)
    assert payments._apply(seen, old) is None
    order.refresh_from_db()
    assert order.refunded == 700
    assert_sound(customer)
