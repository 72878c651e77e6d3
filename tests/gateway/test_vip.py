"""VIP levels raise the limits and lower the prices of those who have them."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gateway.models import VipLevel
from tests.customers import Customer
from tests.processes import Server, wait_until
from tests.staff import staff_client

UNLIMITED = {"minute_limit": None, "day_limit": None}


def standing(server: Server, customer: Customer) -> tuple[int, int, int, int]:
    shown: dict[str, Any] = customer.get(server, "key").json()
    limits, vip = shown["limits"], shown["vip"]
    return (
        vip["level"],
        limits["minute"]["limit"],
        limits["day"]["limit"],
        vip["price_percent"],
    )


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (0, (0, 60, 1_000, 100)),
        (1, (1, 120, 2_000, 97)),
        (2, (2, 240, 4_000, 95)),
        (3, (3, 480, 6_000, 92)),
        (4, (4, 1_000, 10_000, 90)),
        (9, (9, 1_000, 10_000, 90)),
    ],
)
def test_a_level_gives_what_the_table_says(
    server: Server,
    new_customer: Callable[..., Customer],
    level: int,
    expected: tuple[int, int, int, int],
) -> None:
    customer = new_customer(vip_level=level, **UNLIMITED)
    assert standing(server, customer) == expected


def test_a_level_counts_until_it_expires(
    server: Server, new_customer: Callable[..., Customer]
) -> None:
    now = timezone.now()
    lasting = new_customer(vip_level=2, vip_expires_at=now + timedelta(hours=1), **UNLIMITED)
    gone = new_customer(vip_level=2, vip_expires_at=now, **UNLIMITED)
    assert standing(server, lasting) == (2, 240, 4_000, 95)
    assert standing(server, gone) == (0, 60, 1_000, 100)


def test_a_keys_own_limits_come_before_its_owners_level(
    server: Server, new_customer: Callable[..., Customer]
) -> None:
    customer = new_customer(vip_level=4, minute_limit=5, day_limit=None)
    assert standing(server, customer) == (4, 5, 10_000, 90)


def test_a_persons_new_level_counts_soon(
    server: Server, new_customer: Callable[..., Customer]
) -> None:
    customer = new_customer(**UNLIMITED)
    assert standing(server, customer)[0] == 0
    customer.user.vip_level = 3
    customer.user.save()
    wait_until(lambda: standing(server, customer) == (3, 480, 6_000, 92), seconds=8)


@pytest.fixture
def staff(database: None) -> Iterator[Client]:
    yield staff_client(superuser=True)
    VipLevel.objects.filter(level__gt=4).delete()


def test_staff_change_the_table_and_it_counts_soon(
    staff: Client, server: Server, new_customer: Callable[..., Customer]
) -> None:
    customer = new_customer(vip_level=50, **UNLIMITED)
    assert standing(server, customer) == (50, 1_000, 10_000, 90)
    fields = {"level": 50, "minute_limit": 999, "day_limit": 9_999, "price_percent": 80}
    assert staff.post(reverse("admin:gateway_viplevel_add"), fields).status_code == 302
    wait_until(lambda: standing(server, customer) == (50, 999, 9_999, 80), seconds=8)
    row = VipLevel.objects.get(level=50)
    page = reverse("admin:gateway_viplevel_change", args=[row.pk])
    assert staff.post(page, fields | {"price_percent": 70}).status_code == 302
    wait_until(lambda: standing(server, customer)[3] == 70, seconds=8)
    delete = reverse("admin:gateway_viplevel_delete", args=[row.pk])
    assert staff.post(delete, {"post": "yes"}).status_code == 302
    wait_until(lambda: standing(server, customer)[3] == 90, seconds=8)


@pytest.mark.parametrize(
    "wrong",
    [{"level": 0}, {"level": 101}, {"minute_limit": 0}, {"day_limit": 0}, {"price_percent": 0},
     {"price_percent": 101}],
)  # fmt: skip
def test_a_level_out_of_bounds_is_refused(database: None, wrong: dict[str, int]) -> None:
    right = {"level": 7, "minute_limit": 1, "day_limit": 1, "price_percent": 1}
    with pytest.raises(ValidationError):
        VipLevel(**(right | wrong)).full_clean()
