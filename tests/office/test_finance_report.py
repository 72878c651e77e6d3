"""The monthly report adds up from the ledger, to the micro-credit."""

import csv
import io
from datetime import UTC, datetime

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from accounts import roles
from billing import books, ledger, statement
from billing.ledger import Closing
from billing.models import MICRO, Account, HoldState, LedgerKind
from billing.months import Month
from billing.statement import Statement
from tests.billing.ledgers import request
from tests.customers import Customer, make_customer
from tests.shop import StripeProcess, bought
from tests.staff import staff_client


def this_month() -> Month:
    """Return the month of this moment."""
    return Month.of(timezone.now())


def charge(customer: Customer, micro: int) -> None:
    """Charge a call of so many micro-credits."""
    [hold] = ledger.authorize_now([request(customer, micro)])
    assert hold is not None
    ledger.close_now([Closing(hold, micro, HoldState.SETTLED, None)])


def lines(found: Statement) -> dict[str, tuple[int, int]]:
    return {line.words: (line.count, line.amount) for group in found.groups for line in group.lines}


def grown(before: Statement, after: Statement) -> dict[str, tuple[int, int]]:
    """Return by how much each line grew."""
    old = lines(before)
    return {
        words: (count - old.get(words, (0, 0))[0], amount - old.get(words, (0, 0))[1])
        for words, (count, amount) in lines(after).items()
        if old.get(words) != (count, amount)
    }


def test_each_movement_is_on_its_line_and_the_month_adds_up(
    stripe: StripeProcess, customer: Customer
) -> None:
    before = statement.of(this_month())
    bought(stripe, customer.account, cents=3_300)
    charge(customer, 1_234_567)
    for amount in (5 * MICRO, -2 * MICRO):
        ledger.post(
            account=customer.account.id,
            kind=LedgerKind.ADJUSTMENT,
            amount=amount,
            reference=f"adjustment {customer.user.pk.hex[:20]} {amount}",
        )
    after = statement.of(this_month())
    assert grown(before, after) == {
        "In the checkout, $33.00 each": (1, 33 * MICRO),
        "Calls charged": (1, -1_234_567),
        "Corrections that gave": (1, 5 * MICRO),
        "Corrections that took": (1, -2 * MICRO),
    }
    assert after.closing - before.closing == 36 * MICRO - 1_234_567
    assert (before.off, after.off) == (0, 0)
    assert after.stripe_cents >= before.stripe_cents


def test_the_closing_of_a_month_is_the_opening_of_the_next(customer: Customer) -> None:
    assert statement.of(this_month().before).closing == statement.of(this_month()).opening
    assert statement.of(this_month().before).off == 0


def test_a_movement_of_an_unknown_kind_is_not_lost(customer: Customer) -> None:
    ledger.post(
        account=customer.account.id,
        kind="made_up",
        amount=7,
        reference=f"test {customer.user.pk.hex}",
    )
    found = statement.of(this_month())
    assert found.groups[-1].title == statement.OTHER
    assert found.off == 0


def test_what_erased_accounts_had_is_told_apart(database: None) -> None:
    before = statement.of(this_month())
    gone = make_customer(credit=3 * MICRO)
    books.close(gone.user, gone.account)
    after = statement.of(this_month())
    assert after.erased - before.erased == 3 * MICRO
    assert after.erased_accounts - before.erased_accounts == 1
    assert after.owed == before.owed
    assert after.off == 0


def test_a_balance_without_its_entry_shows(customer: Customer) -> None:
    found = statement.of(this_month())
    mine = Account.objects.filter(pk=customer.account.pk)
    mine.update(balance=F("balance") + 1)
    try:
        assert statement.of(this_month()).off == found.off - 1
        page = (
            staff_client(["finance"])
            .get(f"/admin/finance/report/{this_month().key}")
            .content.decode()
        )
        assert "Off by" in page
    finally:
        mine.update(balance=F("balance") - 1)


def test_only_finance_reads_the_report(database: None) -> None:
    path = f"/admin/finance/report/{this_month().key}"
    for role in roles.ROLES:
        expected = 200 if role == "finance" else 403
        for page in (path, f"{path}/csv", f"{path}/print"):
            assert staff_client([role]).get(page).status_code == expected, (role, page)
    assert Client().get(path).status_code in (302, 404)


def test_the_file_holds_what_the_page_shows(customer: Customer) -> None:
    client = staff_client(["finance"])
    path = f"/admin/finance/report/{this_month().key}"
    answer = client.get(f"{path}/csv")
    assert f"lumyx-report-{this_month().key}.csv" in answer["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.content.decode())))
    found = statement.of(this_month())
    moved = [int(row[4]) for row in rows[1:] if row[0] not in ("Opening", "Closing", "Check")]
    moved = moved[: len(moved) - len(found.at_stripe)]
    closing = next(int(row[4]) for row in rows if row[0] == "Closing")
    assert int(rows[1][4]) + sum(moved) == closing == found.closing
    page = client.get(path).content.decode()
    assert f"{found.closing:,} micro-credits" in page
    assert "is not over" in page


@pytest.mark.parametrize("key", ["2026-13", "2026-1", "26-11", "x", "2999-01"])
def test_a_month_that_is_none_is_not_found(database: None, key: str) -> None:
    assert staff_client(["finance"]).get(f"/admin/finance/report/{key}").status_code == 404


def test_the_side_bar_leads_to_the_last_month_that_is_over(database: None) -> None:
    page = staff_client(["finance"]).get("/admin/finance/report").content.decode()
    assert f"Report of {this_month().before}" in page
    assert "is not over" not in page
    assert "It adds up" in page


def test_months_are_utc_and_end_where_the_next_begins() -> None:
    december = Month.parse("2026-12")
    assert december.next.key == "2027-01"
    assert december.before.key == "2026-11"
    assert december.begins == datetime(2026, 12, 1, tzinfo=UTC)
    assert december.ends == datetime(2027, 1, 1, tzinfo=UTC)
