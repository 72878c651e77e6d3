"""The dashboard's figures are those of the ledger and the log, and change by themselves."""

import re
from urllib.parse import urlsplit

import pytest
import requests
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from billing import accounts, ledger
from billing.amounts import in_credits
from billing.models import Account
from gateway import activity
from gateway.pages import dashboard
from tests.accounts.people import new_member
from tests.customers import Customer
from tests.gateway.test_keys_page import make
from tests.people import Browser, NabzClanProcess
from tests.processes import Server


@pytest.fixture
def browser(server: Server) -> Browser:
    return Browser(server)


@pytest.fixture
def customer(browser: Browser, nabzclan: NabzClanProcess) -> Customer:
    """A member with credits, and a key that was made on the page."""
    user = new_member(browser, nabzclan)
    account = accounts.open_for(user)
    ledger.post(account=account.id, kind="grant", amount=10_000_000, reference=f"dash {user.pk}")
    text = make(browser)
    return Customer(user, account, user.api_keys.get(), text)


LABEL = r'<span class="label">([^<]+)</span>'
VALUE = r'<span class="value">(?:<data class="money" value="([^"]+)"[^>]*>|)([^<]*)'


def stats(page: str) -> dict[str, str]:
    """Return each tile's value by its label."""
    found = re.findall(LABEL + VALUE, page)
    return {label: money or plain.strip() for label, money, plain in found}


def test_the_figures_equal_the_ledger_and_the_log(
    server: Server, browser: Browser, customer: Customer
) -> None:
    customer.chat(server)
    customer.stream(server, "echo-cached")
    customer.chat(server, "nope")
    customer.wait_for_log(3)
    spent = sum(customer.spent())
    page = browser.open("/dashboard").text
    found = stats(page)
    assert found["Balance"] == in_credits(10_000_000 - spent)
    assert found["Spent today"] == found["Spent this month"] == in_credits(spent)
    assert (found["Requests today"], found["Errors today"]) == ("3", "1")
    assert page.count("Laptop") >= 3
    days = activity.days(Account.objects.get(pk=customer.account.pk))
    assert (days[-1].requests, days[-1].errors, days[-1].charge) == (3, 1, spent)
    assert [day.requests for day in days[:-1]] == [0] * 13


def test_a_call_appears_in_the_live_part(
    server: Server, browser: Browser, customer: Customer
) -> None:
    before = browser.open("/dashboard/live").text
    assert "Recent calls" not in before
    customer.chat(server)
    customer.wait_for_log(1)
    after = browser.open("/dashboard/live").text
    assert "Recent calls" in after
    assert "<html" not in after


def test_a_newcomer_is_shown_the_way(browser: Browser, nabzclan: NabzClanProcess) -> None:
    new_member(browser, nabzclan)
    page = browser.open("/dashboard").text
    assert "Make your first key" in page
    assert "You have no credits yet." in page
    make(browser)
    page = browser.open("/dashboard").text
    assert "Paste this where your code runs" in page
    assert f"{browser.server.url.split('//')[1].split(':')[0]}" in page


def test_nobody_sees_anothers_calls(
    server: Server, browser: Browser, customer: Customer, nabzclan: NabzClanProcess
) -> None:
    customer.chat(server, "echo-cached")
    customer.wait_for_log(1)
    stranger = Browser(server)
    new_member(stranger, nabzclan)
    for path in ("/dashboard", "/dashboard/live", "/keys"):
        text = stranger.open(path).text
        assert "Laptop" not in text
        assert "<strong>echo-cached</strong>" not in text


@pytest.mark.parametrize(
    "path", ["/dashboard", "/dashboard/live", "/keys", "/keys/new", "/account"]
)
def test_strangers_are_asked_to_sign_in(server: Server, path: str) -> None:
    answer = requests.get(server.url + path, timeout=10)
    assert urlsplit(answer.url).path == "/sign-in"


def test_the_dashboard_takes_few_queries(customer: Customer, server: Server) -> None:
    for _ in range(3):
        customer.chat(server)
    customer.wait_for_log(3)
    request = RequestFactory().get("/dashboard")
    request.user = User.objects.get(pk=customer.user.pk)
    with CaptureQueriesContext(connection) as queries:
        dashboard._context(request)
    assert len(queries) <= 9
