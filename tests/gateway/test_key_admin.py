"""Staff change what a key may do, and never see or change what it is."""

from datetime import UTC, datetime

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gateway import keys
from gateway.models import ApiKey
from tests.customers import Customer
from tests.processes import Server, wait_until
from tests.staff import staff_client


@pytest.fixture
def staff(database: None) -> Client:
    return staff_client(superuser=True)


def page(customer: Customer) -> str:
    return reverse("admin:gateway_apikey_change", args=[customer.key_row.pk])


def test_staff_limit_a_key_in_every_way(staff: Client, server: Server, customer: Customer) -> None:
    fields = {
        "scopes": ["usage"],
        "log_days": "3",
        "minute_limit": "5",
        "day_limit": "900",
        "token_limit": "1000",
        "concurrency_limit": "2",
        "day_spend": "1000000",
        "month_spend": "",
        "total_spend": "0",
        "allowed_models": "echo, echo-slow",
        "allowed_networks": "127.0.0.1/8,::1",
        "expires_at_0": "2099-01-01",
        "expires_at_1": "00:00:00",
    }
    answer = staff.post(page(customer), fields)
    assert answer.status_code == 302, answer.content.decode()
    wait_until(lambda: customer.chat(server).status_code == 403, seconds=8)
    row = ApiKey.objects.get(pk=customer.key_row.pk)
    assert (row.scopes, row.log_days) == (["usage"], 3)
    assert (row.minute_limit, row.day_limit) == (5, 900)
    assert (row.token_limit, row.concurrency_limit) == (1_000, 2)
    assert (row.day_spend, row.month_spend, row.total_spend) == (1_000_000, None, 0)
    assert row.allowed_models == ["echo", "echo-slow"]
    assert row.allowed_networks == ["127.0.0.0/8", "::1/128"]
    assert row.expires_at is not None
    assert row.expires_at.year == 2099


@pytest.mark.parametrize(
    "wrong",
    [
        {"scopes": []},
        {"scopes": ["everything"]},
        {"minute_limit": "0"},
        {"allowed_networks": "here"},
        {"day_spend": "-1"},
        {"log_days": "31"},
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(
    staff: Client, customer: Customer, wrong: dict[str, object]
) -> None:
    said = {"scopes": ["usage", "inference"], "log_days": "30", **wrong}
    answer = staff.post(page(customer), said)
    assert answer.status_code == 200
    assert b"errornote" in answer.content or b"error" in answer.content
    customer.key_row.refresh_from_db()
    assert customer.key_row.minute_limit == 1_000


LOOSER = b"Only its owner may"
NOW = {
    "scopes": ["usage"],
    "log_days": 3,
    "minute_limit": 5,
    "day_limit": None,
    "total_spend": 1_000_000,
    "allowed_models": ["echo"],
    "allowed_networks": ["10.0.0.0/8"],
    "expires_at": datetime(2027, 1, 1, tzinfo=UTC),
}
SENT = {
    "scopes": ["usage"],
    "log_days": "3",
    "minute_limit": "5",
    "total_spend": "1000000",
    "allowed_models": "echo",
    "allowed_networks": "10.0.0.0/8",
    "expires_at_0": "2027-01-01",
    "expires_at_1": "00:00:00",
}


@pytest.mark.parametrize(
    "change",
    [
        {"scopes": ["usage", "inference"]},
        {"log_days": "30"},
        {"minute_limit": "6"},
        {"minute_limit": ""},
        {"day_limit": "9999"},
        {"total_spend": "1000001"},
        {"total_spend": ""},
        {"allowed_models": "echo, echo-slow"},
        {"allowed_models": ""},
        {"allowed_networks": "10.0.0.0/7"},
        {"allowed_networks": "10.0.0.0/8, ::1"},
        {"allowed_networks": ""},
        {"expires_at_0": "2027-01-02"},
        {"expires_at_0": "", "expires_at_1": ""},
    ],
    ids=str,
)
def test_staff_let_no_key_do_more_than_its_owner_lets_it(
    staff: Client, customer: Customer, change: dict[str, object]
) -> None:
    keys.configure(customer.key_row, **NOW)  # type: ignore[arg-type]
    answer = staff.post(page(customer), {**SENT, **change})
    assert answer.status_code == 200
    assert LOOSER in answer.content
    found = ApiKey.objects.filter(pk=customer.key_row.pk).values(*NOW).get()
    assert found == NOW


def test_what_staff_tighten_is_logged_with_what_it_was(staff: Client, customer: Customer) -> None:
    keys.configure(customer.key_row, **NOW)  # type: ignore[arg-type]
    change = {"minute_limit": "4", "allowed_networks": "10.1.2.0/24, 10.9.9.9", "log_days": "0"}
    assert staff.post(page(customer), {**SENT, **change}).status_code == 302
    [entry] = LogEntry.objects.filter(object_id=str(customer.key_row.pk))
    said = entry.get_change_message()
    assert "equests a minute: 5 → 4" in said
    assert "etworks: 1 → 2" in said
    assert "ays in the log: 3 → 0" in said
    assert "10.1" not in said


def test_staff_saving_a_key_do_not_undo_what_happened_meanwhile(
    staff: Client, customer: Customer
) -> None:
    now = timezone.now()
    ApiKey.objects.filter(pk=customer.key_row.pk).update(last_used_at=now)
    said = {
        "scopes": ["usage", "inference"],
        "log_days": "30",
        "minute_limit": "9",
        "day_limit": "9",
    }
    staff.post(page(customer), said)
    customer.key_row.refresh_from_db()
    assert customer.key_row.minute_limit == 9
    assert customer.key_row.last_used_at == now
    assert keys.find(customer.key) == customer.key_row


def test_neither_a_key_nor_its_digest_is_on_the_page(staff: Client, customer: Customer) -> None:
    shown = staff.get(page(customer)).content.decode()
    assert customer.key[7:-4] not in shown
    assert bytes(customer.key_row.digest).hex() not in shown
    assert customer.key_row.display in shown
