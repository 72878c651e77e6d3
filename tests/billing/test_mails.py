"""Mail about money: receipts for who wants them, and one warning when credits run low."""

import pytest
from django.core import mail

from accounts import mail as post
from billing import checkout, ids, ledger, mails
from billing.models import MICRO, AutoTopUp, LowBalanceAlert, Order
from tests.accounts.people import new_member
from tests.customers import Customer
from tests.people import Browser, NabzClanProcess
from tests.processes import Server, Worker, wait_until
from tests.shop import StripeProcess, bought, settle_events


@pytest.fixture
def reader(customer: Customer) -> Customer:
    """A customer with an address of their own."""
    mails.send_all()
    customer.user.email = f"{customer.user.username}@example.com"
    customer.user.save(update_fields=["email"])
    return customer


def told(customer: Customer) -> list[str]:
    return [str(one.subject) for one in mail.outbox if one.to == [customer.user.email]]


def put(customer: Customer, micro: int) -> None:
    ledger.post(
        account=customer.account.pk,
        kind="adjustment",
        amount=micro - customer.balance(),
        reference=f"test {ids.new()}",
    )


def test_a_receipt_is_mailed_once(stripe: StripeProcess, reader: Customer) -> None:
    order = bought(stripe, reader.account)
    for _ in range(3):
        mails.send_all()
    assert told(reader) == [f"Receipt {order.receipt_number}"]
    body = str(next(one.body for one in mail.outbox if one.to == [reader.user.email]))
    assert "$20.00" in body
    assert f"/billing/receipts/{order.pk}" in body


def test_who_wants_no_receipts_gets_none(stripe: StripeProcess, reader: Customer) -> None:
    reader.user.mail_receipts = False
    reader.user.save(update_fields=["mail_receipts"])
    order = bought(stripe, reader.account)
    mails.send_all()
    assert told(reader) == []
    assert Order.objects.get(pk=order.pk).receipt_mailed_at is not None


def test_a_low_balance_is_told_once_until_there_was_enough(reader: Customer) -> None:
    LowBalanceAlert.objects.create(account=reader.account, threshold=2 * MICRO)
    put(reader, 2 * MICRO)
    mails.send_all()
    assert told(reader) == []
    for balance in (2 * MICRO - 1, MICRO, 3 * MICRO, MICRO):
        put(reader, balance)
        mails.send_all()
        mails.send_all()
    assert told(reader) == ["Your LumyxAI credits run low"] * 2


def test_who_wants_no_warnings_gets_none(reader: Customer) -> None:
    LowBalanceAlert.objects.create(account=reader.account, threshold=2 * MICRO)
    reader.user.mail_low_balance = False
    reader.user.save(update_fields=["mail_low_balance"])
    put(reader, 0)
    mails.send_all()
    assert told(reader) == []


def test_a_mail_that_cannot_be_sent_is_tried_again(
    stripe: StripeProcess, reader: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ConnectionRefusedError

    bought(stripe, reader.account)
    with monkeypatch.context() as patched:
        patched.setattr(post, "send_mail", refuse)
        mails.send_all()
    assert told(reader) == []
    mails.send_all()
    assert len(told(reader)) == 1


def test_a_call_that_crosses_the_threshold_has_the_account_looked_after(
    environment: dict[str, str], server: Server, stripe: StripeProcess, customer: Customer
) -> None:
    address = checkout.begin_saving_card(customer.account)
    stripe.pay(address.rsplit("/", 1)[1])
    settle_events()
    AutoTopUp.objects.create(
        account=customer.account,
        enabled=True,
        threshold=customer.balance(),
        amount=1_000,
        monthly_ceiling=1_000,
    )
    worker = Worker(environment=environment)
    try:
        before = customer.balance()
        assert customer.chat(server).status_code == 200
        wait_until(lambda: customer.balance() > before + 9 * MICRO, seconds=40, what="the top-up")
    finally:
        worker.stop()


def test_people_choose_when_they_are_told(server: Server, nabzclan: NabzClanProcess) -> None:
    browser = Browser(server)
    user = new_member(browser, nabzclan)
    browser.open("/billing/automatic")
    page = browser.submit("/billing/automatic/alert", mail="on", below="2.5")
    assert "Your choice is saved." in page.text
    assert 'value="2.5"' in page.text
    assert LowBalanceAlert.objects.get(account__user=user).threshold == 2_500_000
    browser.submit("/billing/automatic/alert", below="2.5")
    user.refresh_from_db()
    assert not user.mail_low_balance
    page = browser.submit("/billing/automatic/alert", mail="on", below="-1")
    assert page.status_code == 400
