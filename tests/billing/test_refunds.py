"""Staff pay unspent credits back to the original payment, within what is unspent."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.db import connections
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from billing import adjustments, codes, ids, ledger, payments, refunds
from billing.holds import Closing, HoldRequest
from billing.models import (
    MICRO,
    AdjustmentKind,
    Hold,
    HoldState,
    LedgerEntry,
    Order,
    Refund,
    RefundState,
)
from billing.stripe_api import StripeRefused, api
from tests.billing.ledgers import assert_sound
from tests.customers import Customer
from tests.shop import StripeProcess, bought, settle_events
from tests.staff import make_staff, staff_client

CENT = 10_000


@pytest.fixture
def person(database: None) -> User:
    return make_staff("finance")[0]


@pytest.fixture
def poor(customer: Customer) -> Customer:
    """A customer with nothing but what they buy."""
    ledger.post(
        account=customer.account.pk,
        kind="adjustment",
        amount=-customer.balance(),
        reference=f"test {ids.new()}",
    )
    return customer


def spend(customer: Customer, micro: int) -> None:
    [hold] = ledger.authorize_now(
        [HoldRequest(customer.account.pk, ids.new(), micro, micro, ids.new())]
    )
    assert hold is not None
    ledger.close_now([Closing(hold, micro, HoldState.SETTLED, None)])


def test_unspent_credits_go_back_once(stripe: StripeProcess, poor: Customer, person: User) -> None:
    order = bought(stripe, poor.account, cents=2_000)
    spend(poor, 5 * MICRO)
    assert refunds.most(order) == 1_500
    made = refunds.request(order, cents=1_500, reason="Asked for.", by=person)
    assert made.state == RefundState.DONE
    assert poor.balance() == 0
    settle_events()
    assert poor.balance() == 0
    assert api().refunds.retrieve(made.stripe_id).amount == 1_500
    assert poor.holds_open() == 0
    assert_sound(poor)


def test_given_credits_are_not_paid_back(
    stripe: StripeProcess, poor: Customer, person: User
) -> None:
    order = bought(stripe, poor.account, cents=2_000)
    _, text = codes.make(value=7 * MICRO, by=None)
    codes.redeem(poor.account, text)
    spend(poor, 5 * MICRO)
    assert refunds.most(order) == 1_500
    with pytest.raises(refunds.CannotRefund):
        refunds.request(order, cents=1_501, reason="Too much.", by=person)


def test_above_the_limit_somebody_else_approves(
    stripe: StripeProcess, poor: Customer, person: User
) -> None:
    limit = settings.APPROVAL_CREDITS * 100
    order = bought(stripe, poor.account, cents=limit + 1_000)
    made = refunds.request(order, cents=limit + 1, reason="All.", by=person)
    assert made.state == RefundState.WAITING
    assert refunds.most(order) == 999
    with pytest.raises(refunds.SamePerson):
        refunds.approve(made, by=person)
    done = refunds.approve(made, by=make_staff("finance")[0])
    assert done.state == RefundState.DONE
    assert poor.balance() == 999 * CENT


def test_a_refund_waits_while_stripe_is_down_and_is_made_once(
    stripe: StripeProcess, poor: Customer, person: User
) -> None:
    order = bought(stripe, poor.account, cents=2_000)
    stripe.control("faults", path="/v1/refunds", fault="reset", after=True, times=9)
    try:
        made = refunds.request(order, cents=2_000, reason="All.", by=person)
    finally:
        stripe.control("faults", path="/v1/refunds", fault=None)
    assert made.state == RefundState.APPROVED
    Refund.objects.filter(pk=made.pk).update(created_at=timezone.now() - timedelta(hours=30))
    refunds.carry_on()
    made.refresh_from_db()
    assert made.state == RefundState.DONE
    assert poor.balance() == 0
    entries = LedgerEntry.objects.filter(account=poor.account, kind="refund")
    assert [entry.amount for entry in entries] == [-2_000 * CENT]
    assert_sound(poor)


def test_credits_cannot_be_spent_while_they_go_back(
    stripe: StripeProcess, poor: Customer, person: User
) -> None:
    order = bought(stripe, poor.account, cents=2_000)
    made = Refund.objects.create(
        order=order, amount=2_000, reason="", state=RefundState.APPROVED, requested_by=person
    )
    hold = refunds._hold(made)
    assert hold is not None
    assert ledger.authorize_now(
        [HoldRequest(poor.account.pk, ids.new(), MICRO, MICRO, ids.new())]
    ) == [None]
    # Whoever was killed now left a hold, which keeps others away until it expires.
    refunds.carry_out(made.pk)
    made.refresh_from_db()
    assert made.state == RefundState.APPROVED
    Hold.objects.filter(pk=hold.id).update(expires_at=timezone.now() - timedelta(minutes=1))
    ledger.release_expired()
    refunds.carry_out(made.pk)
    made.refresh_from_db()
    assert made.state == RefundState.DONE
    assert poor.balance() == 0


def test_many_at_once_pay_back_once(stripe: StripeProcess, poor: Customer, person: User) -> None:
    order = bought(stripe, poor.account, cents=2_000)
    made = Refund.objects.create(
        order=order, amount=1_000, reason="", state=RefundState.APPROVED, requested_by=person
    )

    def carry_out(_: int) -> None:
        refunds.carry_out(made.pk)
        connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(carry_out, range(12)))
    made.refresh_from_db()
    assert made.state == RefundState.DONE
    assert poor.balance() == 1_000 * CENT
    listed = api().refunds.list({"payment_intent": str(order.payment_intent)})
    assert [refund.amount for refund in listed.data] == [1_000]


def test_credits_that_were_spent_meanwhile_are_not_paid_back(
    stripe: StripeProcess, poor: Customer, person: User
) -> None:
    order = bought(stripe, poor.account, cents=10_000)
    made = refunds.request(order, cents=10_000, reason="All.", by=person)
    spend(poor, 60 * MICRO)
    done = refunds.approve(made, by=make_staff("finance")[0])
    assert done.state == RefundState.REFUSED
    assert poor.balance() == 40 * MICRO
    assert poor.holds_open() == 0


def test_what_stripe_refuses_moves_nothing(
    stripe: StripeProcess, poor: Customer, person: User
) -> None:
    order = bought(stripe, poor.account, cents=2_000)
    api().refunds.create({"payment_intent": str(order.payment_intent), "amount": 1_500})
    made = refunds.request(order, cents=2_000, reason="Twice.", by=person)
    assert made.state == RefundState.REFUSED
    settle_events()
    assert poor.balance() == 500 * CENT
    assert poor.holds_open() == 0


def test_what_stripe_has_lost_is_refused_and_keeps_no_other_waiting(
    stripe: StripeProcess, poor: Customer, person: User
) -> None:
    lost, order = (bought(stripe, poor.account, cents=1_000) for _ in range(2))
    known = lost.payment_intent
    Order.objects.filter(pk=lost.pk).update(payment_intent=f"pi_{uuid.uuid4().hex}")
    lost.refresh_from_db()
    first, second = (
        Refund.objects.create(
            order=one,
            amount=1_000,
            reason="",
            state=RefundState.APPROVED,
            requested_by=person,
            created_at=timezone.now() - timedelta(minutes=minutes),
        )
        for one, minutes in ((lost, 2), (order, 1))
    )
    refunds.carry_on()
    for made in (first, second):
        made.refresh_from_db()
    assert (first.state, first.problem) == (RefundState.REFUSED, "resource_missing")
    assert second.state == RefundState.DONE
    Order.objects.filter(pk=lost.pk).update(payment_intent=known)
    assert poor.holds_open() == 0


def test_a_refund_that_was_made_is_never_called_refused(
    stripe: StripeProcess, poor: Customer, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = bought(stripe, poor.account, cents=1_000)

    def refuse(_: object) -> None:
        raise StripeRefused("resource_missing")

    with monkeypatch.context() as patched:
        patched.setattr(payments, "apply", refuse)
        made = refunds.request(order, cents=1_000, reason="All.", by=person)
    assert made.state == RefundState.APPROVED
    assert made.stripe_id
    refunds.carry_out(made.pk)
    made.refresh_from_db()
    assert made.state == RefundState.DONE
    assert poor.balance() == 0


def test_a_refund_that_the_bank_sends_back_is_seen_by_staff(
    stripe: StripeProcess, poor: Customer, person: User
) -> None:
    order = bought(stripe, poor.account, cents=1_000)
    made = refunds.request(order, cents=1_000, reason="All.", by=person)
    stripe.control(f"refunds/{made.stripe_id}/fail")
    settle_events()
    made.refresh_from_db()
    assert (made.state, made.problem) == (RefundState.REFUSED, "it came back from the bank")
    assert poor.balance() == 1_000 * CENT
    assert refunds.most(order) == 1_000


def test_splitting_a_refund_does_not_get_around_the_limit(
    stripe: StripeProcess, poor: Customer, person: User
) -> None:
    half = settings.APPROVAL_CREDITS * 50
    order = bought(stripe, poor.account, cents=4 * half)
    states = [
        refunds.request(order, cents=cents, reason="Part.", by=person).state
        for cents in (half, half, 1)
    ]
    assert states == [RefundState.DONE, RefundState.DONE, RefundState.WAITING]


def test_nobody_pays_themselves_back_alone(stripe: StripeProcess, poor: Customer) -> None:
    order = bought(stripe, poor.account, cents=1_000)
    made = refunds.request(order, cents=1_000, reason="Mine.", by=poor.user)
    assert made.state == RefundState.WAITING
    with pytest.raises(refunds.SamePerson):
        refunds.approve(made, by=poor.user)
    assert refunds.approve(made, by=make_staff("finance")[0]).state == RefundState.DONE


def test_staff_refund_in_the_admin(stripe: StripeProcess, poor: Customer) -> None:
    order = bought(stripe, poor.account, cents=2_000)
    finance = staff_client(["finance"])
    fields = {
        "order": str(order.pk),
        "dollars": "20.01",
        "reason": "Asked for.",
        "id": str(uuid.uuid4()),
    }
    page = finance.post("/admin/billing/refund/add/", fields)
    assert "At most $20.00" in page.content.decode()
    answer = finance.post("/admin/billing/refund/add/", fields | {"dollars": "20"})
    assert answer.status_code == 302, answer.content.decode()[-2_000:]
    finance.post("/admin/billing/refund/add/", fields | {"dollars": "20"})
    other = finance.post("/admin/billing/refund/add/", fields | {"dollars": "19"}, follow=True)
    assert "Nothing was paid back this time" in other.content.decode()
    [made] = Refund.objects.filter(order=order)
    logged = LogEntry.objects.filter(content_type__model="refund", object_id=str(made.pk))
    assert [entry.get_change_message() for entry in logged] == ["Added."]
    assert poor.balance() == 0
    order.refresh_from_db()
    assert order.refunded == 2_000
    assert staff_client(["support"]).get("/admin/billing/refund/add/").status_code == 403


def test_a_colleague_sees_whose_money_goes_back_and_why_before_it_does(
    stripe: StripeProcess, poor: Customer, person: User
) -> None:
    order = bought(stripe, poor.account, cents=6_000)
    made = refunds.request(order, cents=6_000, reason="Asked for.", by=person)
    colleague = staff_client(["finance"])
    path = reverse("admin:billing_refund_changelist")
    page = reverse("admin:billing_refund_change", args=[made.pk])
    whose = f'href="{reverse("office:customer", args=[poor.user.pk])}">{poor.user.username}<'
    for shown in (colleague.get(page), colleague.get(path, {"q": str(made.pk)})):
        assert whose in shown.content.decode()
        assert order.receipt_number in shown.content.decode()
    assert 'name="action" value="decline"' in colleague.get(page).content.decode()
    chosen = {"action": "approve", "_selected_action": [str(made.pk)]}
    asked = colleague.post(path, chosen).content.decode()
    whole = f"Pay back $60.00 of {order.receipt_number} to {poor.user.username}, asked for by"
    assert f"{whole} {person.username}: Asked for." in asked
    made.refresh_from_db()
    assert made.state == RefundState.WAITING
    colleague.post(path, {**chosen, "confirmed": "yes", "reason": "ticket 77"})
    made.refresh_from_db()
    assert made.state == RefundState.DONE
    assert 'value="decline"' not in colleague.get(page).content.decode()


def test_another_refund_under_the_same_id_is_refused(
    stripe: StripeProcess, poor: Customer, person: User
) -> None:
    order = bought(stripe, poor.account, cents=2_000)
    made = refunds.request(order, cents=500, reason="Part.", by=person)
    assert refunds.request(order, cents=500, reason="Part.", by=person, id=made.pk) == made
    for cents, reason in ((600, "Part."), (500, "Other.")):
        with pytest.raises(refunds.RequestDiffers):
            refunds.request(order, cents=cents, reason=reason, by=person, id=made.pk)
    assert poor.balance() == 1_500 * CENT


def test_what_was_given_and_what_was_paid_back_share_one_daily_sum(
    stripe: StripeProcess, poor: Customer, person: User
) -> None:
    half = settings.APPROVAL_CREDITS * 50
    order = bought(stripe, poor.account, cents=4 * half)
    refunds.request(order, cents=half, reason="Part.", by=person)
    states = [
        adjustments.request(
            account=poor.account,
            kind=AdjustmentKind.GRANT,
            amount=cents * CENT,
            reason="an outage",
            by=person,
        ).state
        for cents in (half, 1)
    ]
    assert states == ["done", "waiting"]
    assert refunds.request(order, cents=1, reason="Part.", by=person).state == RefundState.WAITING
