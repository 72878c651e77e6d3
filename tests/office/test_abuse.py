"""Staff find keys that run into limits and spending that leaps, and freeze an account."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from accounts import states
from accounts.models import State
from gateway import abuse
from privacy import reasons
from privacy.models import Look, StaffAccess
from tests.calls import add_call
from tests.customers import Customer
from tests.staff import staff_client

PAGE = "/admin/operations/abuse"
NOW = timezone.now()
REFUSED = {"status": 429, "error_code": "rate_limit_exceeded"}


def refusals(customer: Customer) -> list[tuple[int, int]]:
    return [(one.hour, one.day) for one in abuse.refused() if one.key.user == customer.user]


def leaps(customer: Customer) -> list[tuple[int, int]]:
    return [(one.charge, one.usual) for one in abuse.spikes() if one.account == customer.account]


def test_keys_are_counted_by_what_was_refused_for_their_limits(customer: Customer) -> None:
    for minutes in (1, 50, 70, 23 * 60, 25 * 60):
        add_call(customer, at=NOW - timedelta(minutes=minutes), **REFUSED)
    add_call(customer, at=NOW, status=429, error_code="provider_busy")
    add_call(customer, at=NOW, status=200)
    assert refusals(customer) == [(2, 4)]


@pytest.mark.parametrize(
    ("lately", "before", "found"),
    [
        (2_000_000, 0, [(2_000_000, 0)]),
        (2_000_000, 168 * 400_000, [(2_000_000, 400_000)]),
        (2_000_000, 168 * 400_001, []),
        (999_999, 0, []),
    ],
)
def test_spending_leaps_from_five_times_the_usual_and_one_credit(
    customer: Customer, lately: int, before: int, found: list[tuple[int, int]]
) -> None:
    add_call(customer, at=NOW - timedelta(minutes=5), charge=lately)
    add_call(customer, at=NOW - timedelta(days=2), charge=before)
    add_call(customer, at=NOW - timedelta(days=9), charge=10**12)
    assert leaps(customer) == found


def test_who_is_listed_is_noted_and_can_be_frozen_once(customer: Customer) -> None:
    add_call(customer, at=NOW, **REFUSED)
    add_call(customer, at=NOW, charge=3_000_000)
    operator = staff_client(["operator"])
    assert operator.get(PAGE).content.decode().count(f">{customer.user.username}<") == 2
    page = f"{PAGE}/{customer.user.pk}/freeze"
    text = operator.get(page).content.decode()
    assert f"Freeze {customer.user.username}?" in text
    assert "can be undone" in text
    customer.user.refresh_from_db()
    assert customer.user.state == State.ACTIVE, "asking changes nothing"
    for _ in range(2):
        assert operator.post(page).status_code == 302
    customer.user.refresh_from_db()
    assert customer.user.state == State.FROZEN
    logged = LogEntry.objects.filter(object_id=str(customer.user.pk), change_message="Frozen.")
    assert logged.count() == 1
    noted = StaffAccess.objects.filter(user=customer.user).values_list("how", flat=True)
    assert list(noted.order_by("pk")) == [Look.LIST, Look.OPENED, Look.ACTED, Look.ACTED]
    states.thaw(customer.user)


def test_it_asks_for_a_reason_first(customer: Customer) -> None:
    operator = staff_client(["operator"])
    session = operator.session
    del session[reasons.IN_SESSION]
    session.save()
    assert operator.get(PAGE).headers["Location"].startswith("/admin/reason")
    assert operator.post(f"{PAGE}/{customer.user.pk}/freeze").status_code == 403
    customer.user.refresh_from_db()
    assert customer.user.state == State.ACTIVE


@pytest.mark.parametrize(
    ("role", "may"),
    [("operator", True), ("support", True), ("finance", False), ("privacy officer", False)],
)
def test_who_may_freeze_sees_it(customer: Customer, role: str, may: bool) -> None:
    client = staff_client([role])
    assert (client.get(PAGE).status_code == 200) is may
    if not may:
        assert client.post(f"{PAGE}/{customer.user.pk}/freeze").status_code == 403


def test_customers_find_nothing_there(customer: Customer) -> None:
    client = Client()
    assert client.get(PAGE).status_code == 302
    client.force_login(customer.user)
    assert client.get(PAGE).status_code == 404


def test_the_page_takes_few_queries_however_many_it_lists(
    new_customer: Callable[..., Customer], django_assert_max_num_queries: object
) -> None:
    for _ in range(6):
        add_call(new_customer(), at=NOW, charge=5_000_000, **REFUSED)
    operator = staff_client(["operator"])
    with django_assert_max_num_queries(20):  # type: ignore[operator]
        assert operator.get(PAGE).status_code == 200
