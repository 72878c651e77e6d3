"""Keys are strong, shown once, kept as digests, and stop within a second."""

import re
import time
from collections.abc import Callable

import pytest
import requests
from django.conf import settings
from django.db import connection
from django.test import override_settings

from gateway import keys
from tests.customers import Customer
from tests.processes import Server


def status(server: Server, key: str) -> int:
    # A new connection each time, so that both processes get their turn.
    answer = requests.get(
        f"{server.api}/key",
        headers={"Authorization": f"Bearer {key}", "Connection": "close"},
        timeout=10,
    )
    return answer.status_code


def test_a_key_has_190_random_bits_and_a_checksum() -> None:
    made = {keys.generate() for _ in range(1_000)}
    assert len(made) == 1_000
    assert all(re.fullmatch(r"lx-[0-9A-Za-z]{39}", key) for key in made)
    assert 62**keys.RANDOM_LENGTH >= 2**190
    assert all(keys.well_formed(key) for key in made)


def test_a_mistyped_key_is_recognised_without_a_look_up() -> None:
    key = keys.generate()
    for place in range(3, len(key)):
        wrong = "a" if key[place] != "a" else "b"
        assert not keys.well_formed(key[:place] + wrong + key[place + 1 :])


def test_only_a_keyed_digest_of_a_key_is_stored(customer: Customer) -> None:
    row = customer.key_row
    assert bytes(row.digest) == keys.digest(customer.key, pepper=settings.KEY_PEPPERS[1])
    assert customer.key.startswith(row.prefix)
    assert customer.key.endswith(row.last4)
    with connection.cursor() as cursor:
        cursor.execute("select gateway_apikey::text from gateway_apikey where id=%s", [row.id])
        stored = cursor.fetchone()[0]
    assert customer.key not in stored
    assert customer.key[7:-4] not in stored


def test_a_revoked_key_is_refused_within_a_second_on_every_process(
    server: Server, customer: Customer
) -> None:
    assert {status(server, customer.key) for _ in range(10)} == {200}
    keys.revoke(customer.key_row)
    time.sleep(1)
    assert {status(server, customer.key) for _ in range(20)} == {401}


def test_a_key_works_at_once_although_it_was_tried_before_it_was_known(
    server: Server, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = keys.generate()
    assert {status(server, text) for _ in range(6)} == {401}
    monkeypatch.setattr(keys, "generate", lambda: text)
    keys.issue(customer.user, name="Late")
    time.sleep(1)
    assert {status(server, text) for _ in range(10)} == {200}


def test_a_person_who_was_deactivated_cannot_call(server: Server, customer: Customer) -> None:
    assert status(server, customer.key) == 200
    customer.user.is_active = False
    customer.user.save()
    time.sleep(1)
    assert status(server, customer.key) == 401


def test_a_key_under_an_older_pepper_still_works(
    customer: Customer,
) -> None:
    with override_settings(KEY_PEPPERS={**settings.KEY_PEPPERS, 2: "n" * 40}):
        assert keys.find(customer.key) == customer.key_row
        row, text = keys.issue(customer.user, name="New")
        assert row.pepper_version == 2
        assert keys.find(text) == row


def test_credits_and_the_key_are_shown_to_their_owner_alone(
    server: Server, new_customer: Callable[..., Customer]
) -> None:
    one, other = new_customer(credit=1_500_000), new_customer(credit=7)
    shown = requests.get(f"{server.api}/credits", headers=one.headers, timeout=10).json()
    assert (shown["balance"], shown["balance_micro"], shown["held_micro"]) == ("1.5", 1_500_000, 0)
    shown = requests.get(f"{server.api}/credits", headers=other.headers, timeout=10).json()
    assert shown["balance"] == "0.000007"
    key = requests.get(f"{server.api}/key", headers=other.headers, timeout=10).json()
    assert key["id"] == str(other.key_row.id) or key["id"] == other.key_row.id.hex
    assert other.key not in str(key)
