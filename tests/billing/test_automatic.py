"""Automatic top-ups: one at a time, within the ceiling, off where the card will not do."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connections
from django.utils import timezone

from accounts.models import User
from accounts.recent import SIGNED_IN_AT
from accounts.sessions import SessionStore
from billing import automatic, checkout, mails, payments
from billing.models import (
    MICRO,
    AutoTopUp,
    LedgerEntry,
    LowBalanceAlert,
    Order,
    OrderKind,
    OrderState,
    StripeCustomer,
)
from billing.stripe_api import api
from tests.accounts.people import new_member
from tests.billing.ledgers import assert_sound
from tests.customers import Customer, visit
from tests.people import Browser, NabzClanProcess
from tests.processes import Server
from tests.shop import StripeProcess, settle_events


def with_card(stripe: StripeProcess, customer: Customer, *, card: str = "works") -> AutoTopUp:
    """Save a card as its owner does, and top up far above the balance."""
    address = checkout.begin_saving_card(customer.account)
    stripe.pay(address.rsplit("/", 1)[1], card=card)
    settle_events()
    return AutoTopUp.objects.create(
        account=customer.account,
        enabled=True,
        threshold=customer.balance() + MICRO,
        amount=1_000,
        monthly_ceiling=2_500,
    )


def orders(customer: Customer) -> list[Order]:
    return list(Order.objects.filter(account=customer.account).order_by("created_at"))


def test_a_low_balance_is_topped_up(stripe: StripeProcess, customer: Customer) -> None:
    with_card(stripe, customer)
    before = customer.balance()
    assert customer.account.pk in automatic.due()
    order = automatic.consider(customer.account.pk)
    assert order is not None
    assert (order.kind, order.state) == (OrderKind.AUTOMATIC, OrderState.PAID)
    assert customer.balance() == before + 10 * MICRO
    assert customer.account.pk not in automatic.due()
    settle_events()
    assert customer.balance() == before + 10 * MICRO
    assert_sound(customer)


def test_nothing_is_charged_above_the_threshold(stripe: StripeProcess, customer: Customer) -> None:
    plan = with_card(stripe, customer)
    AutoTopUp.objects.filter(pk=plan.pk).update(threshold=customer.balance())
    assert automatic.consider(customer.account.pk) is None
    assert orders(customer) == []


def test_the_months_ceiling_holds(stripe: StripeProcess, customer: Customer) -> None:
    plan = with_card(stripe, customer)
    for _ in range(4):
        AutoTopUp.objects.filter(pk=plan.pk).update(threshold=customer.balance() + MICRO)
        automatic.consider(customer.account.pk)
    assert [order.amount for order in orders(customer)] == [1_000, 1_000]
    plan.refresh_from_db()
    assert plan.enabled


@pytest.mark.parametrize(
    ("card", "why"),
    [
        ("declines-later", "card_declined"),
        ("authenticate-later", "authentication_required"),
    ],
)
def test_a_card_that_will_not_do_turns_it_off_and_its_owner_is_told_once(
    stripe: StripeProcess, customer: Customer, card: str, why: str
) -> None:
    plan = with_card(stripe, customer, card=card)
    customer.user.email = f"{customer.user.username}@example.com"
    customer.user.save(update_fields=["email"])
    before = customer.balance()
    automatic.consider(customer.account.pk)
    plan.refresh_from_db()
    assert (plan.enabled, plan.why_off) == (False, why)
    assert [order.state for order in orders(customer)] == [OrderState.FAILED]
    assert customer.balance() == before
    settle_events()
    mails.send_all()
    mails.send_all()
    told = [str(one.body) for one in mail.outbox if one.to == [customer.user.email]]
    assert len(told) == 1
    assert "automatic top-up off" in told[0]
    assert "/billing" in told[0]
    assert automatic.consider(customer.account.pk) is None


def test_a_removed_card_turns_it_off(stripe: StripeProcess, customer: Customer) -> None:
    plan = with_card(stripe, customer)
    card = StripeCustomer.objects.get(account=customer.account).payment_method
    api().payment_methods.detach(card)
    settle_events()
    plan.refresh_from_db()
    assert (plan.enabled, plan.why_off) == (False, "card_removed")


def test_many_at_once_charge_once(stripe: StripeProcess, customer: Customer) -> None:
    with_card(stripe, customer)
    before = customer.balance()

    def consider(_: int) -> None:
        automatic.consider(customer.account.pk)
        connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(consider, range(24)))
    assert [order.state for order in orders(customer)] == [OrderState.PAID]
    assert customer.balance() == before + 10 * MICRO


def test_an_answer_that_was_lost_is_not_a_second_charge(
    stripe: StripeProcess, customer: Customer
) -> None:
    with_card(stripe, customer)
    before = customer.balance()
    stripe.control("faults", path="/v1/payment_intents", fault="reset", after=True, times=3)
    try:
        automatic.consider(customer.account.pk)
    finally:
        stripe.control("faults", path="/v1/payment_intents", fault=None)
    assert customer.account.pk in automatic.due()
    automatic.consider(customer.account.pk)
    assert [order.state for order in orders(customer)] == [OrderState.PAID]
    assert customer.balance() == before + 10 * MICRO
    made = [
        intent.id
        for intent in api().payment_intents.list({"limit": 100}).auto_paging_iter()
        if intent.metadata.to_dict().get("order") == str(orders(customer)[0].pk)
    ]
    assert len(made) == 1


@pytest.mark.parametrize("charged", [True, False])
def test_an_old_attempt_is_looked_for_and_never_made_again(
    stripe: StripeProcess, customer: Customer, charged: bool
) -> None:
    with_card(stripe, customer)
    before = customer.balance()
    stripe.control("faults", path="/v1/payment_intents", fault="reset", after=charged, times=3)
    try:
        automatic.consider(customer.account.pk)
    finally:
        stripe.control("faults", path="/v1/payment_intents", fault=None)
    old = timezone.now() - timedelta(hours=24)
    Order.objects.filter(account=customer.account).update(created_at=old)
    order = automatic.consider(customer.account.pk)
    assert order is not None
    if charged:
        assert customer.balance() == before + 10 * MICRO
    else:
        assert (order.state, customer.balance()) == (OrderState.FAILED, before)


def test_the_event_may_come_before_the_answer(stripe: StripeProcess, customer: Customer) -> None:
    with_card(stripe, customer)
    before = customer.balance()
    stripe.control("faults", path="/v1/payment_intents", fault="reset", after=True, times=3)
    try:
        automatic.consider(customer.account.pk)
    finally:
        stripe.control("faults", path="/v1/payment_intents", fault=None)
    settle_events()
    assert customer.balance() == before + 10 * MICRO
    [order] = orders(customer)
    assert payments.apply(order.pk).state == OrderState.PAID
    assert LedgerEntry.objects.filter(account=customer.account, kind="top_up").count() == 1


def test_the_page_asks_for_a_card_and_for_sums_that_can_be(
    server: Server, stripe: StripeProcess, nabzclan: NabzClanProcess
) -> None:
    browser = Browser(server)
    user = new_member(browser, nabzclan)
    page = browser.open("/billing/automatic")
    assert "none saved" in page.text
    fields = {"enabled": "on", "threshold": "5", "amount": "20", "ceiling": "100"}
    page = browser.submit("/billing/automatic/save", **fields)
    assert "Save a card first." in page.text
    page = browser.submit("/billing/automatic/save", **(fields | {"ceiling": "10"}))
    assert "below a single purchase" in page.text
    page = browser.submit("/billing/automatic/card")
    assert page.url.startswith(stripe.url)
    answer = browser.post(page.url, data={"outcome": "succeed", "card": "works"}, timeout=20)
    settle_events()
    assert answer.url.startswith(f"{server.url}/billing/automatic")
    page = browser.open("/billing/automatic")
    assert "saved at Stripe" in page.text
    page = browser.submit("/billing/automatic/save", **fields)
    assert "Automatic top-up is on." in page.text
    plan = AutoTopUp.objects.get(account__user=user)
    assert (plan.threshold, plan.amount, plan.monthly_ceiling) == (5 * MICRO, 2_000, 10_000)


def test_looking_at_the_page_writes_nothing(customer: Customer) -> None:
    page = visit(customer).get("/billing/automatic")
    assert 'value="100"' in page.content.decode()
    assert not AutoTopUp.objects.filter(account=customer.account).exists()
    assert not LowBalanceAlert.objects.filter(account=customer.account).exists()


def test_turning_it_on_needs_a_recent_sign_in(server: Server, nabzclan: NabzClanProcess) -> None:
    browser = Browser(server)
    user = new_member(browser, nabzclan)
    browser.open("/billing/automatic")
    grow_old(user)
    page = browser.submit("/billing/automatic/save", threshold="5", amount="20", ceiling="100")
    assert "/sign-in/again" in page.url
    assert page.url.endswith("next=%2Fbilling%2Fautomatic")


def grow_old(user: User) -> None:
    """Let the sign-ins of somebody be long ago."""
    for row in user.sessions.all():
        store = SessionStore(row.session_key)
        store[SIGNED_IN_AT] = 1
        store.save()
