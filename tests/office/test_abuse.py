"""Staff find keys that run into limits and spending that leaps, and freeze an account."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import redis
import requests
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gateway import abuse, refused_addresses
from privacy import reasons
from privacy.models import Look, StaffAccess
from tests.calls import add_call
from tests.customers import Customer
from tests.processes import Server, wait_until
from tests.staff import staff_client

PAGE = "/admin/operations/abuse"
REFUSED = {"status": 429, "error_code": "rate_limit_exceeded"}


def refusals(customer: Customer) -> list[tuple[int, int]]:
    return [(one.hour, one.day) for one in abuse.refused() if one.key.user == customer.user]


def leaps(customer: Customer) -> list[tuple[int, int]]:
    return [(one.charge, one.usual) for one in abuse.spikes() if one.account == customer.account]


def test_keys_are_counted_by_what_was_refused_for_their_limits(customer: Customer) -> None:
    for minutes in (1, 50, 70, 23 * 60, 25 * 60):
        add_call(customer, at=timezone.now() - timedelta(minutes=minutes), **REFUSED)
    add_call(customer, at=timezone.now(), status=429, error_code="provider_busy")
    add_call(customer, at=timezone.now(), status=200)
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
    add_call(customer, at=timezone.now() - timedelta(minutes=5), charge=lately)
    add_call(customer, at=timezone.now() - timedelta(days=2), charge=before)
    add_call(customer, at=timezone.now() - timedelta(days=9), charge=10**12)
    assert leaps(customer) == found


def test_who_is_listed_is_noted_and_one_click_from_being_frozen(customer: Customer) -> None:
    add_call(customer, at=timezone.now(), **REFUSED)
    add_call(customer, at=timezone.now(), charge=3_000_000)
    operator = staff_client(["operator"])
    page = operator.get(PAGE).content.decode()
    assert page.count(f">{customer.user.username}<") == 2
    assert reverse("office:customer_freeze", args=[customer.user.pk]) in page
    noted = StaffAccess.objects.filter(user=customer.user).values_list("how", flat=True)
    assert list(noted) == [Look.LIST]


def test_addresses_that_call_with_unknown_keys_are_counted_by_the_hour(
    server: Server, customer: Customer
) -> None:
    def counted() -> int:
        found = {one.ip: one.this_hour + one.hour_before for one in refused_addresses.most()}
        return found.get("127.0.0.1", 0)

    before, models = counted(), f"{server.url}/api/v1/models"
    for key in ("lx-nothing", f"{customer.key[:-1]}x", "sk-else"):
        answer = requests.get(models, headers={"Authorization": f"Bearer {key}"}, timeout=10)
        assert answer.status_code == 401
    assert requests.get(models, timeout=10).status_code == 401
    assert customer.get(server, "models").status_code == 200
    wait_until(lambda: counted() == before + 3, seconds=20)
    page = staff_client(["operator"]).get(PAGE).content.decode()
    assert ">127.0.0.1<" in page
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        for name in client.scan_iter("refused-addresses:*"):
            assert 0 < client.ttl(name) <= 2 * 3_600


def test_it_asks_for_a_reason_first(customer: Customer) -> None:
    operator = staff_client(["operator"])
    session = operator.session
    del session[reasons.IN_SESSION]
    session.save()
    assert operator.get(PAGE).headers["Location"].startswith("/admin/reason")


@pytest.mark.parametrize(
    ("role", "may"),
    [("operator", True), ("support", True), ("finance", False), ("privacy officer", False)],
)
def test_who_may_freeze_sees_it(customer: Customer, role: str, may: bool) -> None:
    client = staff_client([role])
    assert (client.get(PAGE).status_code == 200) is may


def test_customers_find_nothing_there(customer: Customer) -> None:
    client = Client()
    assert client.get(PAGE).status_code == 302
    client.force_login(customer.user)
    assert client.get(PAGE).status_code == 404


def test_the_page_takes_few_queries_however_many_it_lists(
    new_customer: Callable[..., Customer], django_assert_max_num_queries: object
) -> None:
    for _ in range(6):
        add_call(new_customer(), at=timezone.now(), charge=5_000_000, **REFUSED)
    operator = staff_client(["operator"])
    with django_assert_max_num_queries(20):  # type: ignore[operator]
        assert operator.get(PAGE).status_code == 200
