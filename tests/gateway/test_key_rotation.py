"""A rotated key has a new text, and its old one works for as long as its owner wants."""

import time
from datetime import timedelta

import pytest
import requests
from django.utils import timezone

from gateway import keys
from tests.customers import Customer
from tests.processes import Server

HOUR = timedelta(hours=1)


def statuses(server: Server, text: str) -> set[int]:
    headers = {"Authorization": f"Bearer {text}", "Connection": "close"}
    return {
        requests.get(f"{server.api}/key", headers=headers, timeout=10).status_code for _ in range(8)
    }


def test_both_texts_work_until_the_overlap_ends(server: Server, customer: Customer) -> None:
    new = keys.rotate(customer.key_row, overlap=timedelta(seconds=2))
    assert new != customer.key
    assert statuses(server, new) == statuses(server, customer.key) == {200}
    shown = customer.get(server, "key").json()
    assert shown["last4"] == new[-4:]
    assert customer.key_row.previous_until is not None
    assert shown["previous_text_until"] == int(customer.key_row.previous_until.timestamp())
    time.sleep(2)
    assert statuses(server, customer.key) == {401}
    assert statuses(server, new) == {200}


def test_without_an_overlap_the_old_text_stops_within_a_second(
    server: Server, customer: Customer
) -> None:
    assert statuses(server, customer.key) == {200}
    new = keys.rotate(customer.key_row, overlap=timedelta(0))
    time.sleep(1)
    assert statuses(server, customer.key) == {401}
    assert statuses(server, new) == {200}


def test_rotating_again_drops_the_oldest_text(server: Server, customer: Customer) -> None:
    second = keys.rotate(customer.key_row, overlap=HOUR)
    third = keys.rotate(customer.key_row, overlap=HOUR)
    time.sleep(1)
    assert statuses(server, customer.key) == {401}
    assert statuses(server, second) == statuses(server, third) == {200}
    assert keys.find(second) == keys.find(third) == customer.key_row
    assert keys.find(customer.key) is None


def test_revoking_stops_both_texts(server: Server, customer: Customer) -> None:
    new = keys.rotate(customer.key_row, overlap=HOUR)
    assert statuses(server, new) == statuses(server, customer.key) == {200}
    keys.revoke(customer.key_row)
    time.sleep(1)
    assert statuses(server, new) == statuses(server, customer.key) == {401}


def test_an_old_text_does_not_outlive_its_key(server: Server, customer: Customer) -> None:
    keys.rotate(customer.key_row, overlap=HOUR)
    keys.configure(customer.key_row, expires_at=timezone.now())
    time.sleep(1)
    assert statuses(server, customer.key) == {401}


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=7, seconds=1)])
def test_an_overlap_is_at_most_seven_days(customer: Customer, overlap: timedelta) -> None:
    with pytest.raises(ValueError):
        keys.rotate(customer.key_row, overlap=overlap)
    assert keys.find(customer.key) is not None


def test_a_revoked_key_cannot_come_back_by_rotation(customer: Customer) -> None:
    keys.revoke(customer.key_row)
    with pytest.raises(keys.NotInForce):
        keys.rotate(customer.key_row, overlap=HOUR)
