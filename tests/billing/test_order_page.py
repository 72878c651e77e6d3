"""The page of a purchase says where it stands, and disturbs nobody while nothing changes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from billing.models import Order, OrderState
from billing.stripe_api import api
from tests.accounts.people import new_member
from tests.people import Browser, NabzClanProcess
from tests.processes import Server
from tests.shop import StripeProcess, bought, settle_events

NOW = 'aria-current="step">'


def begun(browser: Browser, user: User) -> Order:
    browser.open("/billing")
    browser.submit("/billing/buy", amount="20")
    return Order.objects.get(account__user=user)


@pytest.mark.parametrize("end", ["cancelled", OrderState.FAILED, OrderState.EXPIRED])
def test_what_was_not_paid_is_not_shown_as_paid(
    server: Server, stripe: StripeProcess, nabzclan: NabzClanProcess, end: str
) -> None:
    browser = Browser(server)
    order = begun(browser, new_member(browser, nabzclan))
    query = ""
    if end == "cancelled":
        query = "?cancelled=1"
    else:
        Order.objects.filter(pk=order.pk).update(state=end)
    page = browser.open(f"/billing/orders/{order.pk}{query}").text
    assert f"{NOW}Pay at Stripe" in page
    assert "every 1s" not in page


def test_waiting_changes_only_what_has_changed(
    server: Server, stripe: StripeProcess, nabzclan: NabzClanProcess
) -> None:
    browser = Browser(server)
    order = begun(browser, new_member(browser, nabzclan))
    page = browser.open(f"/billing/orders/{order.pk}").text
    assert f"{NOW}Credits are yours" in page
    live = f"/billing/orders/{order.pk}/live?shown=fresh"
    assert live in page
    assert browser.open(live).status_code == 204
    late = timezone.now() - timedelta(seconds=30)
    Order.objects.filter(pk=order.pk).update(created_at=late)
    slow = browser.open(live)
    assert (slow.status_code, "longer than usual" in slow.text) == (200, True)
    stripe.pay(str(order.checkout_session))
    settle_events()
    assert "20</data> credits are yours" in browser.open(live).text


def test_a_purchase_that_went_back_says_so(
    server: Server, stripe: StripeProcess, nabzclan: NabzClanProcess
) -> None:
    browser = Browser(server)
    user = new_member(browser, nabzclan)
    browser.open("/billing")
    order = bought(stripe, user.account)
    assert "has changed since" not in browser.open(f"/billing/orders/{order.pk}").text
    api().refunds.create({"payment_intent": str(order.payment_intent), "amount": 500})
    settle_events()
    page = browser.open(f"/billing/orders/{order.pk}").text
    assert "has changed since" in page
    assert "$5.00 refunded" in page


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("", "Type an amount such as"),
        ("x", "Type an amount such as"),
        ("4.99", "The least is $5."),
        ("1000.01", "The most is $1,000."),
        ("12.345", "two decimals"),
    ],
)
def test_a_wrong_amount_says_what_to_type(
    server: Server, nabzclan: NabzClanProcess, amount: str, words: str
) -> None:
    browser = Browser(server)
    new_member(browser, nabzclan)
    browser.open("/billing")
    assert words in browser.submit("/billing/buy", amount=amount).text


def test_a_threshold_that_is_never_crossed_is_refused(
    server: Server, nabzclan: NabzClanProcess
) -> None:
    browser = Browser(server)
    new_member(browser, nabzclan)
    browser.open("/billing/automatic")
    page = browser.submit("/billing/automatic/save", threshold="0", amount="20", ceiling="100")
    assert "choose more than 0" in page.text
    page = browser.submit("/billing/automatic/alert", mail="on", below="0")
    assert "choose more than 0" in page.text
