"""Every movement of one's money, in plain words, on a page and as a file."""

import csv
import io
from datetime import UTC, datetime

import pytest

from billing import adjustments, codes, history, ids, ledger
from billing.models import MICRO, AdjustmentKind
from billing.stripe_api import api
from tests.accounts.people import new_member
from tests.customers import Customer, visit
from tests.people import Browser, NabzClanProcess
from tests.processes import Server
from tests.shop import StripeProcess, bought, settle_events
from tests.staff import make_staff


def test_the_last_movements_on_billing_are_said_to_be_without_calls(customer: Customer) -> None:
    page = visit(customer).get("/billing").content.decode()
    assert ">Last purchases and gifts</h2>" in page


def test_each_kind_is_a_line_in_plain_words(
    server: Server, stripe: StripeProcess, nabzclan: NabzClanProcess
) -> None:
    browser = Browser(server)
    user = new_member(browser, nabzclan)
    browser.open("/billing")
    account = user.account
    order = bought(stripe, account)
    api().refunds.create({"payment_intent": str(order.payment_intent), "amount": 100})
    settle_events()
    _, text = codes.make(value=MICRO, by=None)
    codes.redeem(account, text)
    staff, _ = make_staff("finance")
    for kind, amount in (("grant", MICRO), ("correction", -1)):
        adjustments.request(
            account=account, kind=AdjustmentKind(kind), amount=amount, reason="x", by=staff
        )
    page = browser.open("/billing/history").text
    for words in (
        f"Bought credits, {order.receipt_number}",
        f"Refunded to you, {order.receipt_number}",
        "Redeemed a code",
        "Given by our staff",
        "Corrected by our staff",
    ):
        assert words in page
    assert 'value="20.999999"' in page
    assert "optional" not in page
    only = browser.open("/billing/history?kind=refund").text
    assert "Refunded to you" in only
    assert "Bought credits" not in only
    today = datetime.now(UTC).date()
    assert "Bought credits" in browser.open(f"/billing/history?since={today}&until={today}").text
    assert "Nothing fits" in browser.open("/billing/history?until=2020-01-01").text


@pytest.mark.parametrize(
    "query",
    ["kind=x", "since=yesterday", "until=2026-99-99", "before=x", "before=9" * 3, "kind=%00"],
)
def test_bad_filters_are_no_faults(server: Server, nabzclan: NabzClanProcess, query: str) -> None:
    browser = Browser(server)
    new_member(browser, nabzclan)
    for path in ("/billing/history", "/billing/history.csv"):
        assert browser.open(f"{path}?{query}").status_code in (200, 400)


def test_pages_follow_one_another_without_gaps(server: Server, nabzclan: NabzClanProcess) -> None:
    browser = Browser(server)
    user = new_member(browser, nabzclan)
    browser.open("/billing")
    for n in range(history.PAGE + 5):
        ledger.post(
            account=user.account.pk, kind="grant", amount=n + 1, reference=f"test {ids.new()}"
        )
    first = browser.open("/billing/history").text
    assert first.count("Given by our staff") == history.PAGE
    older = first.split('href="?before=')[1].split('"')[0]
    second = browser.open(f"/billing/history?before={older}").text
    assert second.count("Given by our staff") == 5


def test_the_file_has_every_line_and_no_formula(server: Server, nabzclan: NabzClanProcess) -> None:
    browser = Browser(server)
    user = new_member(browser, nabzclan)
    browser.open("/billing")
    for n in range(2_500):
        ledger.post(
            account=user.account.pk, kind="grant", amount=n + 1, reference=f"=cmd {ids.new()}"
        )
    answer = browser.open("/billing/history.csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows[0] == history.HEAD
    assert len(rows) == 2_501
    assert rows[1][2] == "0.0025"
    assert all(row[4].startswith("'=cmd") for row in rows[1:])
    assert sum(round(float(row[2]) * MICRO) for row in rows[1:]) == 2_500 * 2_501 // 2


def test_nobody_sees_anothers_lines(
    server: Server, stripe: StripeProcess, nabzclan: NabzClanProcess, customer: Customer
) -> None:
    order = bought(stripe, customer.account)
    browser = Browser(server)
    new_member(browser, nabzclan)
    assert order.receipt_number not in browser.open("/billing/history").text
    assert order.receipt_number not in browser.open("/billing/history.csv").text
    anonymous = Browser(server)
    assert "/sign-in" in anonymous.open("/billing/history.csv").url
