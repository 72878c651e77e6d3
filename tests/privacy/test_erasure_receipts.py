"""Whoever was deleted holds a receipt that says all, names nobody, and can be checked."""

import json
from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.test import Client

from accounts import mail
from accounts.models import User
from billing.models import Account
from privacy import (
    erasure,
    identifiers,
    receipts,
)
from privacy.models import ErasureState
from tests.customers import Customer
from tests.people import Browser, NabzClanProcess
from tests.privacy.leavers import (
    after_grace,
    erased,
    person_of_everything,
    traces,
)
from tests.processes import Server, forget_queue
from tests.shop import StripeProcess


@pytest.fixture(autouse=True)
def in_their_directories(exports_directory: None) -> None:
    """Exports and tombstones of tests lie in directories of their own."""


@pytest.fixture
def leaver(server: Server, nabzclan: NabzClanProcess, stripe: StripeProcess) -> Customer:
    return person_of_everything(server, nabzclan, stripe)


def test_the_receipt_is_genuine_says_all_and_names_nobody(leaver: Customer) -> None:
    named = identifiers.of(leaver.user)
    found = erased(leaver)
    said = receipts.verify(found.receipt)
    text = json.dumps(found.receipt).lower()
    for one in named:
        assert one.value.isdecimal() or one.value.lower() not in text, one.kind
    assert said["data_sets"]["profile"] == {"rows": 1, "became": "deleted"}
    assert said["asked_of_others"] == [
        *("nabzclan token", "nabzclan token", "stripe checkout", "stripe customer"),
    ]
    changed = {**found.receipt, "done_at": "2020-01-01T00:00:00+00:00"}
    with pytest.raises(receipts.NotGenuine):
        receipts.verify(changed)


def test_the_receipt_can_be_checked_by_anybody(customer: Customer) -> None:
    found = erased(customer)
    client = Client()
    page = client.post("/privacy/receipts", {"receipt": json.dumps(found.receipt)})
    assert "Genuine." in page.content.decode()
    assert str(found.pk) in page.content.decode()
    wrong = json.dumps({**found.receipt, "asked_at": "never"})
    for said in (wrong, "{}", "[" * 5_000, "no json", '{"format": "LumyxAI receipt of erasure"}'):
        answer = client.post("/privacy/receipts", {"receipt": said})
        assert answer.status_code == 400
        assert "Genuine." not in answer.content.decode()


def test_who_was_deleted_is_mailed_the_receipt_and_registers_anew(
    server: Server, nabzclan: NabzClanProcess, mailoutbox: list[EmailMessage]
) -> None:
    browser = Browser(server)
    person = nabzclan.new_person()
    browser.sign_in(person["id"])
    user = User.objects.get(nabzclan_id=str(person["id"]))
    address, account = user.email, Account.objects.get(user=user)
    forget_queue()
    found = erasure.ask(user)
    assert erasure.carry_out(str(found.pk), now=after_grace(found)), traces(found)
    found.refresh_from_db()
    asked, done = mailoutbox
    assert asked.to == done.to == [address]
    assert f"{found.grace_until:%-d %B %Y, %H:%M}" in asked.body
    body = done.body
    assert receipts.verify(json.loads(body[body.index("{") : body.rindex("}") + 1]))
    assert not Account.objects.filter(pk=account.pk).exists(), "nothing ever moved in it"
    browser.sign_in(person["id"])
    again = User.objects.get(nabzclan_id=str(person["id"]))
    assert again.pk != user.pk


def test_a_receipt_that_cannot_be_mailed_is_tried_again_and_then_given_up(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = erasure.ask(customer.user)
    now = after_grace(found)
    monkeypatch.setattr(mail, "send_to", lambda *_, **__: False)
    assert not erasure.carry_out(str(found.pk), now=now)
    found.refresh_from_db()
    assert found.state == ErasureState.RUNNING
    assert not erasure.carry_out(str(found.pk), now=now + timedelta(hours=1))
    assert erasure.carry_out(str(found.pk), now=now + timedelta(hours=20))
    found.refresh_from_db()
    assert found.state == ErasureState.DONE
    assert bytes(found.sealed) == b""
