"""The dashboard's figures are those of the ledger and the log, and change by themselves."""

import json
import re
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

import pytest
import requests
from django.conf import settings
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from billing import accounts, ledger
from billing.amounts import in_credits
from billing.models import Account
from gateway import activity, keys
from gateway.models import RequestLog
from gateway.pages import dashboard
from gateway.tallies import Book
from privacy import absence_elsewhere, identifiers
from tests.accounts.people import new_member
from tests.calls import add_call
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
    assert stats(page)["Latency, median"].isdecimal()
    assert "33.3 % of today" in page


def test_the_first_token_is_timed_by_streamed_calls_alone(
    browser: Browser, customer: Customer
) -> None:
    now = timezone.now()
    add_call(customer, at=now, latency_ms=900, first_token_ms=890)
    assert "First token, median" not in stats(browser.open("/dashboard").text)
    for ms in (100, 300, 500):
        add_call(customer, at=now, latency_ms=900, first_token_ms=ms, streamed=True)
    assert stats(browser.open("/dashboard").text)["First token, median"] == "300"


def test_the_dashboard_says_how_often_it_looks(browser: Browser, customer: Customer) -> None:
    page = browser.open("/dashboard").text
    assert "every 5 seconds" in page
    assert 'hx-trigger="every 5s, seen' in page


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


def test_the_chart_says_what_the_log_says_by_day_model_and_key(
    server: Server, browser: Browser, customer: Customer
) -> None:
    now = timezone.now()
    other, _ = keys.issue(customer.user, name="Server")
    for days, model, key, charge in ((0, "echo", None, 7), (3, "a", None, 5), (3, "b", other, 40)):
        columns = {"key_id": key.pk} if key else {}
        add_call(customer, at=now - timedelta(days=days), model=model, charge=charge, **columns)
    gone = now - timedelta(days=activity.CHART_DAYS)
    add_call(customer, at=gone, model="older", charge=1_000)

    def drawn(**query: str) -> dict[str, list[float]]:
        path = f"/dashboard/live?{urlencode({'chart': 'requests'} | query)}"
        while "Adding up" in (text := browser.open(path).text):
            pass
        found = re.search(r'<script id="days"[^>]*>(.*?)</script>', text)
        assert found is not None
        series = json.loads(found[1])["series"]
        return {one["name"]: [one["values"][-4], one["values"][-1]] for one in series}

    assert drawn() == {"Requests": [2, 1]}
    assert drawn(chart="spend") == {"Credits spent": [0.000045, 0.000007]}
    assert drawn(chart="spend", by="model") == {
        "b": [0.00004, 0],
        "echo": [0, 0.000007],
        "a": [0.000005, 0],
    }
    assert drawn(by="key") == {"Laptop": [1, 1], "Server": [1, 0]}
    assert drawn(chart="nonsense", by="everything") == {"Requests": [2, 1]}


def test_what_was_added_up_is_forgotten_with_a_deletion_and_when_a_key_keeps_less(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "REDIS_URL", settings.CACHES["default"]["LOCATION"])
    now = timezone.now()
    gone = [add_call(customer, at=now - timedelta(days=4))]
    add_call(customer, at=now - timedelta(days=9))
    account = Account.objects.get(pk=customer.account.pk)

    def calls() -> int:
        book = Book(account, list(customer.user.api_keys.all()))
        return sum(day.tally.calls for day in activity.days(book, seconds=5))

    assert calls() == 2
    RequestLog.objects.filter(id__in=gone).delete()
    assert calls() == 2  # kept for an hour at the most
    keys.configure(customer.key_row, log_days=3)
    assert calls() == 1
    keys.configure(customer.key_row, log_days=30)
    assert calls() == 2
    absence_elsewhere.forget(identifiers.of(customer.user))
    assert calls() == 1
