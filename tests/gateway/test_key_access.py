"""A key can be kept to some uses, some models, some networks and some time."""

import time
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from gateway import keys, networks
from gateway.models import ApiKey
from tests.customers import Customer
from tests.processes import Server, wait_until

HERE, ELSEWHERE = "127.0.0.0/8", "203.0.113.0/24"


def code(answer: object) -> str:
    return str(answer.json()["error"]["code"])  # type: ignore[attr-defined]


def test_a_key_is_refused_outside_its_networks_which_it_does_not_name(
    server: Server, new_customer: Callable[..., Customer]
) -> None:
    customer = new_customer(allowed_networks=[ELSEWHERE, "2001:db8::/32"])
    for answer in (customer.chat(server), customer.get(server, "key")):
        assert (answer.status_code, code(answer)) == (403, "ip_not_allowed")
        assert answer.json()["error"]["type"] == "permission_error"
        assert "203.0.113" not in answer.text
        assert "X-RateLimit-Limit-Minute" in answer.headers
    assert customer.spent() == []


def test_a_key_works_inside_one_of_its_networks(
    server: Server, new_customer: Callable[..., Customer]
) -> None:
    assert new_customer(allowed_networks=[ELSEWHERE, HERE]).chat(server).ok


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("203.0.113.7", "203.0.113.7/32"),
        (" 203.0.113.7/24 ", "203.0.113.0/24"),
        ("2001:DB8:0::1/32", "2001:db8::/32"),
        ("::ffff:10.1.2.3/104", "10.0.0.0/8"),
    ],
)
def test_networks_are_kept_in_their_usual_form(customer: Customer, written: str, kept: str) -> None:
    keys.configure(customer.key_row, allowed_networks=[written, kept])
    customer.key_row.refresh_from_db()
    assert customer.key_row.allowed_networks == [kept]


@pytest.mark.parametrize("text", ["", "here", "10.0.0.0/33", "fe80::1%eth0/64", "10.0.0.1-9", "*"])
def test_what_is_no_network_is_refused(customer: Customer, text: str) -> None:
    with pytest.raises(ValidationError):
        keys.configure(customer.key_row, allowed_networks=[text])


def test_an_address_is_found_in_networks_of_both_versions() -> None:
    both = (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))
    assert networks.within("10.255.0.1", both)
    assert networks.within("2001:db8::5", both)
    assert not networks.within("11.0.0.1", both)
    assert not networks.within("::1", both)


def test_an_unknown_address_is_in_no_network() -> None:
    assert not networks.within("0.0.0.0", (ip_network("0.0.0.0/0"),))


def test_a_network_that_somebody_broke_in_the_database_opens_the_key_to_nobody(
    server: Server, customer: Customer
) -> None:
    ApiKey.objects.filter(pk=customer.key_row.pk).update(allowed_networks=["nonsense"])
    assert customer.chat(server).status_code == 401


def test_each_scope_opens_its_own_endpoints(
    server: Server, new_customer: Callable[..., Customer]
) -> None:
    caller, reader = new_customer(scopes=["inference"]), new_customer(scopes=["usage"])
    assert caller.chat(server).ok
    assert reader.get(server, "credits").ok
    for refused in (caller.get(server, "credits"), reader.chat(server)):
        assert (refused.status_code, code(refused)) == (403, "scope_missing")
    for either in (caller, reader):
        for path in ("models", "models/echo", "key"):
            assert either.get(server, path).ok
        assert either.get(server, "nowhere").status_code == 404


@pytest.mark.parametrize("scopes", [[], ["admin"], ["usage", "admin"]])
def test_scopes_that_do_not_exist_are_refused_twice(customer: Customer, scopes: list[str]) -> None:
    with pytest.raises(ValidationError):
        keys.configure(customer.key_row, scopes=scopes)
    with pytest.raises(IntegrityError), transaction.atomic():
        ApiKey.objects.filter(pk=customer.key_row.pk).update(scopes=scopes)


def test_an_expired_key_is_refused_like_one_that_never_was(
    server: Server, new_customer: Callable[..., Customer]
) -> None:
    expired = new_customer(expires_at=timezone.now() - timedelta(seconds=1))
    answer = expired.chat(server)
    unknown = Customer(expired.user, expired.account, expired.key_row, keys.generate()).chat(server)
    assert answer.status_code == unknown.status_code == 401
    assert answer.json() == unknown.json()
    assert answer.headers.keys() == unknown.headers.keys()
    assert keys.find(expired.key) is None


def test_a_key_that_expires_while_it_is_remembered_is_refused_at_once(
    server: Server, new_customer: Callable[..., Customer]
) -> None:
    end = timezone.now() + timedelta(seconds=2)
    customer = new_customer(expires_at=end)
    while (left := (end - timezone.now()).total_seconds()) > 0.3:
        assert customer.get(server, "key").ok
        time.sleep(0.1)
    time.sleep(left + 0.1)
    assert {customer.get(server, "key").status_code for _ in range(10)} == {401}


def test_a_change_reaches_every_process_within_a_second(server: Server, customer: Customer) -> None:
    assert {customer.get(server, "credits").status_code for _ in range(10)} == {200}
    keys.configure(customer.key_row, scopes=["inference"])
    time.sleep(1)
    assert {customer.get(server, "credits").status_code for _ in range(10)} == {403}


@pytest.mark.parametrize(
    "limits",
    [
        {"minute_limit": 0},
        {"minute_limit": 1_001},
        {"day_limit": 0},
        {"day_limit": 10_001},
        {"token_limit": 0},
        {"concurrency_limit": 0},
        {"day_spend": -1},
        {"allowed_models": [""]},
        {"allowed_models": ["echo"] * 101},
    ],
)
def test_limits_out_of_bounds_are_refused(
    new_customer: Callable[..., Customer], limits: dict[str, object]
) -> None:
    with pytest.raises(ValidationError):
        new_customer(**limits)


def test_only_what_a_key_has_can_be_changed(customer: Customer) -> None:
    with pytest.raises(TypeError):
        keys.configure(customer.key_row, revoked_at=None)  # type: ignore[call-arg]


def test_the_key_shows_all_that_it_may_do(
    server: Server, new_customer: Callable[..., Customer]
) -> None:
    end = timezone.now() + timedelta(hours=1)
    customer = new_customer(
        minute_limit=7,
        day_limit=70,
        token_limit=5_000,
        concurrency_limit=3,
        day_spend=1_500_000,
        month_spend=0,
        scopes=["usage", "inference"],
        allowed_models=["echo", "echo-slow"],
        allowed_networks=[HERE],
        expires_at=end,
    )
    shown = customer.get(server, "key").json()
    assert shown["id"] == customer.key_row.id.hex
    assert shown["prefix"] == customer.key[:7]
    assert shown["last4"] == customer.key[-4:]
    assert shown["expires"] == int(end.timestamp())
    assert shown["previous_text_until"] is None
    assert shown["scopes"] == ["inference", "usage"]
    assert shown["allowed_models"] == ["echo", "echo-slow"]
    assert shown["allowed_networks"] == [HERE]
    assert shown["limits"]["minute"]["limit"] == 7
    assert shown["limits"]["day"]["limit"] == 70
    assert shown["limits"]["tokens"]["limit"] == 5_000
    assert shown["limits"]["concurrency"] == {"limit": 3}
    assert shown["spend"]["day"]["limit"] == "1.5"
    assert shown["spend"]["month"]["limit_micro"] == 0
    assert shown["spend"]["total"] == {
        "limit": None,
        "limit_micro": None,
        "spent": "0",
        "spent_micro": 0,
    }
    assert shown["vip"] == {"level": 0, "price_percent": 100}


def test_a_key_without_own_limits_has_what_everybody_has(
    server: Server, new_customer: Callable[..., Customer]
) -> None:
    customer = new_customer(minute_limit=None, day_limit=None)
    limits = customer.get(server, "key").json()["limits"]
    assert (limits["minute"]["limit"], limits["day"]["limit"]) == (60, 1_000)
    assert limits["tokens"] is limits["concurrency"] is None


def test_the_last_use_of_a_key_is_written(server: Server, customer: Customer) -> None:
    began = timezone.now()
    assert customer.chat(server).ok

    def written() -> bool:
        customer.key_row.refresh_from_db()
        return customer.key_row.last_used_at is not None

    wait_until(written, seconds=25, what="the time of the last use")
    assert customer.key_row.last_used_at is not None
    assert began <= customer.key_row.last_used_at <= timezone.now()
