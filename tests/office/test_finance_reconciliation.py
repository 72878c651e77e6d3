"""Finance sees where Stripe and the ledger differ, why, and what to do; and compares again."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts import roles
from billing import differences, tasks
from billing.models import Order, Reconciliation
from lumyx.office.finance import differences as page
from privacy.models import StaffAccess
from tests.customers import Customer
from tests.shop import StripeProcess, bought
from tests.staff import staff_client

PAGE = "/admin/finance/reconciliation"


@pytest.fixture(autouse=True)
def nobody_asked(database: None) -> None:
    cache.delete(page.ASKED)
    Reconciliation.objects.filter(ended_at=None).delete()


def differing(*payments: tuple[str, int, int]) -> Reconciliation:
    """Make a comparison that has ended, with these payments, at Stripe and in the ledger."""
    run = Reconciliation.objects.create(ended_at=timezone.now(), payments=9, movements=11)
    for payment, at_stripe, in_ledger in payments:
        run.differences.create(payment=payment, at_stripe=at_stripe, in_ledger=in_ledger)
    return run


def test_each_difference_is_explained_from_both_sides(
    stripe: StripeProcess, customer: Customer
) -> None:
    order = bought(stripe, customer.account, cents=2_000)
    unknown = f"pi_{uuid.uuid4().hex}"
    run = differing((str(order.payment_intent), 1_500, 2_000), (unknown, 700, 0))
    known, stray = sorted(differences.explain(run), key=lambda one: one.order is None)
    assert known.order == order
    assert [differences.in_cents(entry) for entry in known.entries] == [2_000]
    assert known.off == -500
    assert stray.order is None
    assert "no order of ours" in stray.why

    answer = staff_client(["finance"]).get(PAGE)
    text = answer.content.decode()
    assert "the ledger has $5.00 more" in text
    assert "Stripe has $7.00 more" in text
    assert f"/admin/billing/order/{order.pk}/change/" in text
    seen = StaffAccess.objects.filter(user=customer.user).values_list("kind", "object_id")
    assert ("billing.Order", str(order.pk)) in set(seen)
    assert {kind for kind, _ in seen} == {"billing.Order", "billing.LedgerEntry"}


@pytest.mark.parametrize(
    ("failure", "why"), [("mismatch", "not the one that was asked for"), ("", "nothing of it")]
)
def test_a_payment_without_credits_says_why(customer: Customer, failure: str, why: str) -> None:
    payment = f"pi_{uuid.uuid4().hex}"
    Order.objects.create(
        account=customer.account,
        kind="checkout",
        amount=500,
        livemode=False,
        payment_intent=payment,
        failure=failure,
    )
    [found] = differences.explain(differing((payment, 500, 0)))
    assert why in found.why
    assert found.what_to_do


def test_a_comparison_that_agrees_and_one_that_died_say_so(database: None) -> None:
    client = staff_client(["finance"])
    run = differing()
    assert "It agrees" in client.get(f"{PAGE}?run={run.pk}").content.decode()
    dead = Reconciliation.objects.create(began_at=timezone.now() - timedelta(hours=3))
    assert "It did not end" in client.get(f"{PAGE}?run={dead.pk}").content.decode()
    for name in ("x", "99999999", "1" * 30):
        assert client.get(f"{PAGE}?run={name}").status_code == 404


def test_it_is_run_again_once_and_that_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    monkeypatch.setattr(page, "soon", sent.append)
    client = staff_client(["finance"])
    assert client.get(f"{PAGE}/run").status_code == 405
    for _ in range(2):
        assert client.post(f"{PAGE}/run").status_code == 302
    assert sent == [tasks.reconcile.name]
    acts = LogEntry.objects.filter(user_id=client.session["_auth_user_id"])
    assert [act.change_message for act in acts] == ["Asked for a comparison with Stripe."]


def test_while_one_is_under_way_no_other_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    monkeypatch.setattr(page, "soon", sent.append)
    Reconciliation.objects.create()
    answer = staff_client(["finance"]).post(f"{PAGE}/run", follow=True)
    assert "under way" in answer.content.decode()
    assert sent == []


def test_only_finance_compares(database: None) -> None:
    for role in roles.ROLES:
        client, expected = staff_client([role]), role == "finance"
        assert client.get(PAGE).status_code == (200 if expected else 403), role
        if not expected:
            assert client.post(f"{PAGE}/run").status_code == 403, role
    assert Client().get(PAGE).status_code == 302
