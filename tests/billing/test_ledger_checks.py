"""Each night's look at the ledger's invariants leaves a row, and so does money by day."""

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from billing import inbox, invariants, ledger, revenue
from billing.models import MICRO, LedgerCheck, LedgerKind, StripeEvent
from billing.tasks import check_invariants
from tests.customers import Customer
from tests.shop import StripeProcess, bought, settle_events
from tests.staff import staff_client

BREAK = "update billing_account set balance = balance + %s where id = %s"


def bend(customer: Customer, *, by: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(BREAK, [by, customer.account.pk])


def test_a_check_leaves_a_row_that_says_what_was_false(customer: Customer) -> None:
    begun = timezone.now()
    bend(customer, by=1)
    try:
        assert check_invariants() >= 1
    finally:
        bend(customer, by=-1)
    row = LedgerCheck.objects.filter(began_at__gte=begun).get()
    assert row.ended_at is not None
    assert "the ledger adds up to the balance" in row.broken
    assert not row.holds
    assert invariants.last() == row


def test_a_check_that_was_cut_off_is_not_the_last(database: None) -> None:
    done = LedgerCheck.objects.create(
        began_at=timezone.now() + timedelta(minutes=1), ended_at=timezone.now()
    )
    cut = LedgerCheck.objects.create(began_at=timezone.now() + timedelta(minutes=2))
    try:
        assert invariants.last() == done
        assert done.holds
        assert not cut.holds
    finally:
        done.delete()
        cut.delete()


def test_finance_reads_the_checks_and_nobody_changes_them(database: None) -> None:
    row = LedgerCheck.objects.create(began_at=timezone.now(), ended_at=timezone.now())
    page = f"/admin/billing/ledgercheck/{row.pk}/change/"
    assert staff_client(["finance"]).get(page).status_code == 200
    assert staff_client(["support"]).get(page).status_code == 403
    assert staff_client(superuser=True).post(page, {"broken": "[]"}).status_code == 403
    row.delete()


def test_revenue_is_what_was_paid_less_what_went_back(
    stripe: StripeProcess, customer: Customer
) -> None:
    since = timezone.now() - timedelta(days=1)
    before = revenue.total(revenue.by_day(since=since).values())
    orders = [bought(stripe, customer.account, cents=2_000) for _ in range(2)]
    dispute = stripe.dispute(orders[0])
    stripe.control(f"disputes/{dispute['id']}", status="lost")
    settle_events()
    ledger.post(
        account=customer.account.pk,
        kind=LedgerKind.GRANT,
        amount=5 * MICRO,
        reference=f"no revenue {customer.account.pk}",
    )
    after = revenue.total(revenue.by_day(since=since).values())
    assert (after.paid - before.paid, after.back - before.back) == (4_000, 2_000)
    assert after.kept - before.kept == 2_000


def test_what_customers_may_use_up_is_owed_to_them(customer: Customer) -> None:
    before = revenue.outstanding()
    ledger.post(
        account=customer.account.pk,
        kind=LedgerKind.GRANT,
        amount=3 * MICRO,
        reference=f"bonus of {customer.account.pk}",
        bonus=True,
    )
    after = revenue.outstanding()
    assert (after.balance - before.balance, after.bonus - before.bonus) == (3 * MICRO, 3 * MICRO)
    assert after.owed == before.owed


def test_events_that_wait_and_those_that_fail_are_counted_apart(database: None) -> None:
    before = inbox.backlog()
    now = timezone.now()
    rows = [
        StripeEvent(id=f"evt_backlog_{tries}", type="x", created_at=now, tries=tries)
        for tries in (0, 3, inbox.MOST_TRIES)
    ]
    later = {"next_try_at": now + timedelta(days=9), "received_at": now - timedelta(days=400)}
    for row in rows:
        row.next_try_at, row.received_at = later["next_try_at"], later["received_at"]
    StripeEvent.objects.bulk_create(rows)
    try:
        after = inbox.backlog(now=now)
        assert (after.waiting - before.waiting, after.failing - before.failing) == (1, 1)
        assert after.given_up - before.given_up == 1
        assert after.oldest == timedelta(days=400)
    finally:
        StripeEvent.objects.filter(id__startswith="evt_backlog_").delete()
