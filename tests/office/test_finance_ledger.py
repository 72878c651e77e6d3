"""Finance searches the ledger; whose rows they see is written down."""

import uuid
from datetime import timedelta
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import roles
from billing import adjustments, ledger, ledger_search, refunds
from billing.ledger_search import Search
from billing.models import MICRO, AdjustmentKind, LedgerEntry, LedgerKind
from privacy.models import Look, StaffAccess
from tests.customers import Customer, make_customer
from tests.shop import StripeProcess, bought, settle_events
from tests.staff import REASON, make_staff, staff_client

PAGE = "/admin/finance/ledger"


def shown(client: Client, **asked: Any) -> list[LedgerEntry]:
    answer = client.get(PAGE, asked)
    assert answer.status_code == 200
    return [row.entry for row in answer.context["rows"]]


def post(customer: Customer, *amounts: int) -> None:
    for n, amount in enumerate(amounts):
        ledger.post(
            account=customer.account.id,
            kind=LedgerKind.ADJUSTMENT,
            amount=amount,
            reference=f"test {uuid.uuid4().hex[:20]} {n}",
        )


def test_finance_and_support_search_it_and_others_do_not(database: None) -> None:
    for role in roles.ROLES:
        expected = 200 if role in ("finance", "support") else 403
        assert staff_client([role]).get(PAGE).status_code == expected, role
    assert Client().get(PAGE).status_code == 302


def test_a_reason_is_asked_for_first(customer: Customer) -> None:
    client = staff_client(["finance"])
    session = client.session
    del session["reason_for_looking"]
    session.save()
    answer = client.get(PAGE, {"account": customer.user.username})
    assert answer["Location"].startswith("/admin/reason?next=")
    assert not StaffAccess.objects.filter(user=customer.user).exists()


def test_whose_rows_are_seen_is_written_down(customer: Customer) -> None:
    client = staff_client(["finance"])
    [entry] = shown(client, account=customer.user.username)
    rows = StaffAccess.objects.filter(user=customer.user)
    assert {(row.kind, row.object_id, row.how, row.reason) for row in rows} == {
        ("billing.LedgerEntry", str(entry.pk), Look.LIST, REASON),
        ("billing.Account", str(customer.account.pk), Look.LIST, REASON),
    }


def test_it_is_found_by_account_kind_amount_and_day(customer: Customer) -> None:
    post(customer, 1_500_000, -2_250_000)
    client = staff_client(["finance"])
    mine: dict[str, Any] = {"account": str(customer.account.public_id)}
    assert [e.amount for e in shown(client, **mine)] == [-2_250_000, 1_500_000, 10 * MICRO]
    assert [e.amount for e in shown(client, **mine, kind="grant")] == [10 * MICRO]
    assert [e.amount for e in shown(client, **mine, least="2", most="3")] == [-2_250_000]
    today = timezone.now().date()
    assert len(shown(client, **mine, since=today - timedelta(days=1), until=today)) == 3
    assert shown(client, **mine, until=today - timedelta(days=2)) == []
    assert shown(client, **mine, since=today + timedelta(days=2)) == []


def test_the_days_alone_find_what_moved_on_them(customer: Customer) -> None:
    post(customer, 7)
    now = timezone.now()
    found, _ = ledger_search.page(Search(since=now - timedelta(minutes=5)))
    assert found[0].created_at >= now - timedelta(minutes=5)
    nothing, more = ledger_search.page(Search(until=now - timedelta(days=400)))
    assert (nothing, more) == ([], False)


def test_pages_follow_one_another_without_gaps(customer: Customer) -> None:
    post(customer, *range(1, 121))
    client = staff_client(["finance"])
    address, amounts = f"{PAGE}?account={customer.account.public_id}", []
    while address:
        answer = client.get(address)
        amounts += [row.entry.amount for row in answer.context["rows"]]
        address = answer.context["next"]
    assert amounts == [*range(120, 0, -1), 10 * MICRO]


def test_a_page_takes_few_queries_however_long_it_is(customer: Customer) -> None:
    client = staff_client(["finance"])
    with CaptureQueriesContext(connection) as few:
        shown(client, account=customer.user.username)
    post(customer, *range(1, 40))
    with CaptureQueriesContext(connection) as many:
        shown(client, account=customer.user.username)
    assert len(many) <= len(few) + 3
    assert not any("OFFSET" in query["sql"] for query in many)


def test_all_of_an_order_is_found_by_whatever_names_it(
    stripe: StripeProcess, customer: Customer
) -> None:
    order = bought(stripe, customer.account, cents=2_000)
    finance, _ = make_staff("finance")
    refunds.request(order, cents=500, reason="asked for", by=finance)
    settle_events()
    client = staff_client(["finance"])
    order.refresh_from_db()
    for name in (order.pk, order.pk.hex, order.payment_intent, order.receipt_number):
        found = shown(client, reference=name)
        assert [e.amount for e in found] == [-5 * MICRO, 20 * MICRO], name
    page = client.get(PAGE, {"reference": str(order.payment_intent)}).content.decode()
    assert f"/admin/billing/order/{order.pk}/change/" in page


def test_an_adjustment_is_linked_to_its_page(customer: Customer) -> None:
    by, _ = make_staff("finance")
    made = adjustments.request(
        id=uuid.uuid4(),
        account=customer.account,
        kind=AdjustmentKind.GRANT,
        amount=MICRO,
        bonus=False,
        reason="for a test",
        by=by,
    )
    page = staff_client(["finance"]).get(PAGE, {"reference": str(made.pk)}).content.decode()
    assert f"/admin/billing/adjustment/{made.pk}/change/" in page


def test_what_is_found_is_added_up_where_it_is_bounded(customer: Customer) -> None:
    post(customer, 3, -1)
    client = staff_client(["finance"])
    sums = client.get(PAGE, {"account": customer.user.username}).context["sums"]
    assert sums == {"count": 3, "given": 10 * MICRO + 3, "taken": -1, "amount": 10 * MICRO + 2}
    assert client.get(PAGE, {"kind": "usage"}).context["sums"] is None


def test_only_who_sees_the_books_is_told_what_a_day_comes_to(customer: Customer) -> None:
    support, finance = staff_client(["support"]), staff_client(["finance"])
    today = {"since": timezone.now().date().isoformat()}
    assert finance.get(PAGE, today).context["sums"] is not None
    page = support.get(PAGE, today)
    assert page.context["rows"] != []
    assert page.context["sums"] is None
    assert support.get(PAGE, {**today, "account": "nobody-x"}).context["sums"] is None
    one = support.get(PAGE, {**today, "account": customer.user.username})
    assert one.context["sums"]["amount"] == 10 * MICRO


def test_what_cannot_be_looked_for_is_said(database: None) -> None:
    client = staff_client(["finance"])
    someone = make_customer()
    assert b"There is no account of this" in client.get(PAGE, {"account": "nobody-x"}).content
    for asked in ({"since": "x"}, {"since": "2026-02-02", "until": "2026-02-01"}, {"before": "x"}):
        answer = client.get(PAGE, {"account": someone.user.username, **asked})
        assert answer.status_code == 200
        assert answer.context["rows"] == []
