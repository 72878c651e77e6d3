"""Buying credits: through Stripe's page, credited once, whatever events come."""

import uuid
from datetime import timedelta

import pytest
import requests
from django.conf import settings
from django.utils import timezone

from billing import checkout, inbox, payments, receipts, tasks
from billing.models import LedgerEntry, Order, OrderState, StripeCustomer, StripeEvent, VipBonus
from billing.stripe_api import StripeDown, api
from tests.accounts.people import new_member
from tests.billing.ledgers import assert_sound
from tests.customers import Customer, visit
from tests.people import Browser, NabzClanProcess
from tests.processes import Server, wait_until
from tests.shop import StripeProcess, bought, settle_events


def balance(customer: Customer) -> int:
    customer.account.refresh_from_db()
    return customer.account.balance


def test_a_purchase_is_credited_once(stripe: StripeProcess, customer: Customer) -> None:
    before = balance(customer)
    order = bought(stripe, customer.account, cents=2_050)
    assert order.state == OrderState.PAID
    assert balance(customer) == before + 20_500_000
    entry = LedgerEntry.objects.get(account=customer.account, kind="top_up")
    assert entry.reference == order.payment_intent
    for _ in range(3):
        payments.apply(order.pk)
    assert balance(customer) == before + 20_500_000
    assert_sound(customer)


def test_stripe_learns_only_the_accounts_public_id(
    stripe: StripeProcess, customer: Customer
) -> None:
    since = max((call["number"] for call in stripe.calls()), default=0)
    order = bought(stripe, customer.account)
    made = [call for call in stripe.calls(since=since) if call["method"] == "POST"]
    customers = [call["form"] for call in made if call["path"] == "/v1/customers"]
    assert customers == [{"metadata": {"account": str(customer.account.public_id)}}]
    sessions = [call["form"] for call in made if call["path"] == "/v1/checkout/sessions"]
    assert customer.user.username not in str(sessions)
    assert (customer.user.email or "no address") not in str(sessions)
    bought(stripe, customer.account)
    assert StripeCustomer.objects.filter(account=customer.account).count() == 1
    assert order.livemode is False


def test_a_vip_gets_a_bonus_that_is_spent_last(stripe: StripeProcess, customer: Customer) -> None:
    VipBonus.objects.update_or_create(level=3, defaults={"percent": 10})
    customer.user.vip_level = 4
    customer.user.save(update_fields=["vip_level"])
    before = balance(customer)
    bought(stripe, customer.account, cents=1_000)
    assert balance(customer) == before + 11_000_000
    assert customer.account.bonus == 1_000_000
    assert_sound(customer)


def test_a_bonus_ends_with_the_level(stripe: StripeProcess, customer: Customer) -> None:
    VipBonus.objects.update_or_create(level=3, defaults={"percent": 10})
    customer.user.vip_level = 4
    customer.user.vip_expires_at = timezone.now() - timedelta(seconds=1)
    customer.user.save(update_fields=["vip_level", "vip_expires_at"])
    assert bought(stripe, customer.account).bonus == 0


def test_a_declined_card_leaves_the_order_open(stripe: StripeProcess, customer: Customer) -> None:
    before = balance(customer)
    order, _ = checkout.begin(customer.account, cents=500)
    stripe.pay(str(order.checkout_session), outcome="decline")
    settle_events()
    order.refresh_from_db()
    assert order.state == OrderState.OPEN
    assert balance(customer) == before
    stripe.pay(str(order.checkout_session))
    settle_events()
    order.refresh_from_db()
    assert order.state == OrderState.PAID
    assert balance(customer) == before + 5_000_000


def test_an_abandoned_purchase_expires(stripe: StripeProcess, customer: Customer) -> None:
    before = balance(customer)
    order, _ = checkout.begin(customer.account, cents=500)
    stripe.control("expire", session=order.checkout_session)
    settle_events()
    order.refresh_from_db()
    assert order.state == OrderState.EXPIRED
    assert balance(customer) == before


def test_another_amount_than_ordered_credits_nothing(
    stripe: StripeProcess, customer: Customer
) -> None:
    before = balance(customer)
    order, _ = checkout.begin(customer.account, cents=500)
    Order.objects.filter(pk=order.pk).update(amount=50_000)
    stripe.pay(str(order.checkout_session))
    settle_events()
    order.refresh_from_db()
    assert (order.state, order.failure) == (OrderState.OPEN, "mismatch")
    assert balance(customer) == before


@pytest.mark.parametrize("field", ["livemode", "currency"])
def test_another_mode_or_currency_credits_nothing(
    stripe: StripeProcess, customer: Customer, field: str
) -> None:
    before = balance(customer)
    order, _ = checkout.begin(customer.account, cents=500)
    changed = {"livemode": True} if field == "livemode" else {"currency": "eur"}
    Order.objects.filter(pk=order.pk).update(**changed)
    stripe.pay(str(order.checkout_session))
    settle_events()
    order.refresh_from_db()
    assert order.failure == "mismatch"
    assert balance(customer) == before


def test_stripe_being_down_charges_nothing(stripe: StripeProcess, customer: Customer) -> None:
    bought(stripe, customer.account)
    stripe.control("faults", path="/v1/checkout", fault="503")
    try:
        with pytest.raises(StripeDown):
            checkout.begin(customer.account, cents=500)
    finally:
        stripe.control("faults", path="/v1/checkout", fault=None)
    failed = Order.objects.filter(account=customer.account).latest("created_at")
    assert failed.state == OrderState.FAILED


def test_events_that_never_came_are_found(stripe: StripeProcess, customer: Customer) -> None:
    stripe.control("webhooks", mode="drop")
    try:
        order, _ = checkout.begin(customer.account, cents=500)
        stripe.pay(str(order.checkout_session))
    finally:
        stripe.control("webhooks", mode="send")
    before = balance(customer)
    assert inbox.catch_up() > 0
    while inbox.handle_due():
        pass
    assert balance(customer) == before + 5_000_000


def test_what_was_missed_long_before_the_last_event_is_found_at_night(
    stripe: StripeProcess, customer: Customer
) -> None:
    settle_events()
    stripe.control("webhooks", mode="drop")
    try:
        order, _ = checkout.begin(customer.account, cents=500)
        stripe.pay(str(order.checkout_session))
    finally:
        stripe.control("webhooks", mode="send")
    later = timezone.now() + timedelta(hours=3)
    newer = StripeEvent.objects.create(
        id=f"evt_{uuid.uuid4().hex}", type="x", created_at=later, handled_at=later
    )
    try:
        assert inbox.catch_up() == 0
        tasks.reconcile()
        told = StripeEvent.objects.filter(
            type="checkout.session.completed", handled_at__isnull=True
        )
        assert told.exists()
    finally:
        newer.delete()
    settle_events()


def test_orders_are_looked_after_without_any_event(
    stripe: StripeProcess, customer: Customer
) -> None:
    before = balance(customer)
    order, _ = checkout.begin(customer.account, cents=500)
    stripe.pay(str(order.checkout_session))
    Order.objects.filter(pk=order.pk).update(next_check_at=timezone.now() - timedelta(hours=1))
    while payments.check_waiting():
        pass
    assert balance(customer) == before + 5_000_000


def test_buying_on_the_website(
    server: Server, stripe: StripeProcess, nabzclan: NabzClanProcess
) -> None:
    browser = Browser(server)
    user = new_member(browser, nabzclan)
    browser.open("/billing")
    page = browser.submit("/billing/buy", amount="12.50")
    assert page.url.startswith(stripe.url)
    order = Order.objects.get(account__user=user)
    assert order.amount == 1_250
    answer = browser.post(page.url, data={"outcome": "succeed", "card": "works"}, timeout=20)
    assert answer.url == f"{server.url}/billing/orders/{order.pk}"
    wait_until(
        lambda: StripeEvent.objects.filter(type="checkout.session.completed").exists(),
        seconds=10,
        what="the webhook",
    )
    settle_events()
    assert "12.5</data> credits are yours" in browser.open(f"/billing/orders/{order.pk}").text
    receipt = browser.open(f"/billing/receipts/{order.pk}").text
    assert "$12.50" in receipt
    stripes = browser.open(f"/billing/receipts/{order.pk}/stripe")
    assert stripes.url.startswith(f"{stripe.url}/receipts/")


@pytest.mark.parametrize("amount", ["", "4.99", "1000.01", "1e9", "12.345", "NaN", "-5", "\0"])
def test_amounts_out_of_bounds_are_form_errors(
    server: Server, nabzclan: NabzClanProcess, amount: str
) -> None:
    browser = Browser(server)
    user = new_member(browser, nabzclan)
    browser.open("/billing")
    page = browser.submit("/billing/buy", amount=amount)
    assert page.status_code == 400
    assert 'class="error"' in page.text
    assert not Order.objects.filter(account__user=user).exists()


def test_whoever_comes_back_to_the_address_of_buying_finds_the_form(customer: Customer) -> None:
    answer = visit(customer).get("/billing/buy")
    assert (answer.status_code, answer["Location"]) == (302, "/billing")


def test_a_purchase_belongs_to_who_made_it(
    server: Server, stripe: StripeProcess, nabzclan: NabzClanProcess, customer: Customer
) -> None:
    order = bought(stripe, customer.account)
    browser = Browser(server)
    new_member(browser, nabzclan)
    for path in (
        f"/billing/orders/{order.pk}",
        f"/billing/orders/{order.pk}/live",
        f"/billing/receipts/{order.pk}",
        f"/billing/receipts/{order.pk}/stripe",
        f"/billing/orders/{uuid.uuid4()}",
    ):
        assert browser.open(path).status_code == 404
        assert requests.get(server.url + path, allow_redirects=False, timeout=5).status_code == 302


def test_tampered_return_addresses_credit_nothing(
    server: Server, stripe: StripeProcess, nabzclan: NabzClanProcess
) -> None:
    browser = Browser(server)
    user = new_member(browser, nabzclan)
    browser.open("/billing")
    browser.submit("/billing/buy", amount="20")
    order = Order.objects.get(account__user=user)
    for query in ("session_id=cs_test_x", "paid=1", "redirect_status=succeeded"):
        page = browser.open(f"/billing/orders/{order.pk}?{query}")
        assert "Waiting for Stripe" in page.text
    order.account.refresh_from_db()
    assert order.account.balance == 0


def test_tax_and_invoices_are_settings(
    stripe: StripeProcess, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "STRIPE_TAX", True)
    monkeypatch.setattr(settings, "STRIPE_INVOICES", True)
    before = balance(customer)
    order = bought(stripe, customer.account, cents=1_190)
    assert balance(customer) == before + 11_900_000
    assert (order.amount, order.tax) == (1_190, 190)
    assert receipts.address_at_stripe(order) == f"{stripe.url}/invoices/{order.invoice}"


def test_a_customer_whose_keys_are_paused_sees_why(
    server: Server, stripe: StripeProcess, nabzclan: NabzClanProcess
) -> None:
    browser = Browser(server)
    user = new_member(browser, nabzclan)
    browser.open("/billing")
    order = bought(stripe, user.account)
    assert "Your keys are paused." not in browser.open("/dashboard").text
    stripe.dispute(order)
    settle_events()
    page = browser.open("/dashboard").text
    assert "Your keys are paused." in page
    assert "disputed at your bank" in page


def test_a_customer_whom_stripe_has_lost_is_made_anew(
    stripe: StripeProcess, customer: Customer
) -> None:
    bought(stripe, customer.account)
    lost = StripeCustomer.objects.get(account=customer.account).id
    api().customers.delete(lost)
    assert bought(stripe, customer.account).state == OrderState.PAID
    assert StripeCustomer.objects.get(account=customer.account).id != lost
    assert checkout.portal(customer.account).startswith(stripe.url)


def test_an_order_that_stripe_has_lost_ends(stripe: StripeProcess, customer: Customer) -> None:
    order, _ = checkout.begin(customer.account, cents=500)
    Order.objects.filter(pk=order.pk).update(
        checkout_session=f"cs_test_{uuid.uuid4().hex}",
        next_check_at=timezone.now() - timedelta(hours=1),
    )
    payments.check_waiting()
    order.refresh_from_db()
    assert (order.state, order.failure) == (OrderState.EXPIRED, "missing")
