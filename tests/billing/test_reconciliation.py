"""Every night what Stripe moved is compared with the ledger, to the cent."""

from collections.abc import Iterable
from datetime import timedelta

import pytest
from django.utils import timezone

from billing import checkout, reconciliation
from billing.models import Difference, Order, StripeMovement
from billing.stripe_api import StripeDown, api
from tests.customers import Customer
from tests.shop import StripeProcess, bought, settle_events


@pytest.fixture(autouse=True)
def agreed(stripe: StripeProcess) -> None:
    """Other tests bend orders on purpose: compare only what is new."""
    Order.objects.exclude(payment_intent=None).update(paid_at=timezone.now() + timedelta(days=1))


def compare(*orders: Order, planted: str = "") -> dict[str, int]:
    """Compare as if these orders were older; return the differences of theirs, in cents."""
    for order in orders:
        Order.objects.filter(pk=order.pk).update(paid_at=timezone.now() - timedelta(hours=2))
    run = reconciliation.run()
    assert run.ended_at is not None
    known = {planted, *(order.payment_intent for order in orders)}
    return {
        row.payment: row.at_stripe - row.in_ledger
        for row in run.differences.all()
        if row.payment in known
    }


def test_purchases_refunds_and_disputes_agree(stripe: StripeProcess, customer: Customer) -> None:
    orders = [bought(stripe, customer.account, cents=2_000) for _ in range(5)]
    for order in orders[:2]:
        made = api().refunds.create({"payment_intent": str(order.payment_intent), "amount": 700})
    stripe.control(f"refunds/{made.id}/fail")
    disputes = [stripe.dispute(order) for order in orders[2:]]
    stripe.control(f"disputes/{disputes[0]['id']}", status="won")
    stripe.control(f"disputes/{disputes[1]['id']}", status="lost")
    assert compare(*orders) == {}


def test_a_cent_too_much_in_the_ledger_is_found(stripe: StripeProcess, customer: Customer) -> None:
    order = bought(stripe, customer.account, cents=2_000)
    assert compare(order) == {}
    StripeMovement.objects.filter(payment_intent=order.payment_intent).update(amount=1_999)
    found = planted(order)
    assert found == -1


def planted(order: Order) -> int:
    """Return the difference that a comparison without a new look at Stripe finds."""
    rows = {
        payment: stripe - ledger
        for payment, stripe, ledger in reconciliation._compare(
            settled=timezone.now() - timedelta(hours=1)
        )
    }
    return rows[str(order.payment_intent)]


@pytest.mark.parametrize("cents", [1, -1])
def test_a_cent_that_stripe_moved_alone_is_found(
    stripe: StripeProcess, customer: Customer, cents: int
) -> None:
    order = bought(stripe, customer.account)
    made = stripe.control("movements", amount=cents, type="adjustment")
    assert compare(order, planted=made["id"]) == {made["id"]: cents}
    assert Difference.objects.filter(payment=made["id"]).exists()


def test_our_own_movements_are_left_alone(stripe: StripeProcess, customer: Customer) -> None:
    order = bought(stripe, customer.account)
    made = stripe.control("movements", amount=-5_000, type="payout")
    assert compare(order, planted=made["id"]) == {}


def test_a_payment_that_was_never_credited_is_credited_first(
    stripe: StripeProcess, customer: Customer
) -> None:
    before = customer.balance()
    order, _ = checkout.begin(customer.account, cents=500)
    paid = stripe.pay(str(order.checkout_session))
    run = reconciliation.run()
    assert customer.balance() == before + 5_000_000
    assert not run.differences.filter(payment=paid["payment_intent"]).exists()
    settle_events()
    assert compare(order) == {}


@pytest.mark.parametrize("move", ["refund", "dispute"])
def test_what_moves_between_the_two_looks_is_no_difference(
    stripe: StripeProcess, customer: Customer, monkeypatch: pytest.MonkeyPatch, move: str
) -> None:
    order = bought(stripe, customer.account)
    fetch = reconciliation.fetch

    def fetch_and_move() -> set[str]:
        touched = fetch()
        monkeypatch.setattr(reconciliation, "fetch", fetch)
        if move == "refund":
            api().refunds.create({"payment_intent": str(order.payment_intent), "amount": 700})
        else:
            stripe.dispute(order)
        monkeypatch.setattr(reconciliation, "_look_again", look_again_late)
        return touched

    def look_again_late(intents: Iterable[str]) -> None:
        look_again(intents)
        settle_events()

    look_again = reconciliation._look_again
    monkeypatch.setattr(reconciliation, "fetch", fetch_and_move)
    assert compare(order) == {}


def test_nothing_is_compared_while_stripe_is_down(stripe: StripeProcess) -> None:
    stripe.control("faults", path="/v1/balance_transactions", fault="503")
    try:
        with pytest.raises(StripeDown):
            reconciliation.run()
    finally:
        stripe.control("faults", path="/v1/balance_transactions", fault=None)
