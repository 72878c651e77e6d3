"""Lists of the back office give units, say UTC, and lead to the customer."""

import html
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from gateway.models import RequestLog
from tests.customers import Customer
from tests.processes import Server
from tests.staff import staff_client


@pytest.fixture(scope="module")
def support(database: None) -> Client:
    return staff_client(["support"])


def rows(client: Client, table: str, **asked: Any) -> str:
    answer = client.get(reverse(f"admin:{table}_changelist"), asked)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode()).split("<table")[1]


def test_accounts_are_in_credits_and_say_how_they_stand(
    support: Client, customer: Customer
) -> None:
    account = customer.account
    account.refresh_from_db()
    text = rows(support, "billing_account", q=account.public_id)
    assert "balance, credits" in text.lower()
    assert str(account.balance) not in text
    assert "As usual" in text
    assert " UTC" in text
    type(account).objects.filter(pk=account.pk).update(frozen=True)
    assert "Frozen: a dispute" in rows(support, "billing_account", q=account.public_id)
    type(account).objects.filter(pk=account.pk).update(frozen=False)


def test_calls_are_in_credits_and_lead_to_who_made_them(
    support: Client, server: Server, customer: Customer
) -> None:
    customer.chat(server)
    call = RequestLog.objects.filter(account_id=customer.account.pk).first()
    assert call is not None
    text = rows(support, "gateway_requestlog", q=call.pk)
    assert "charge, credits" in text.lower()
    assert reverse("office:customer", args=[customer.user.pk]) in text
    assert " UTC" in text
