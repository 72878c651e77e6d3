"""A frozen account's keys are refused within a second; its owner still sees everything."""

import time
from collections.abc import Callable

import pytest
import requests
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts import states
from accounts.models import State
from tests.accounts.people import new_member
from tests.customers import Customer
from tests.people import Browser, NabzClanProcess
from tests.processes import Server
from tests.staff import staff_client


def refused_within(server: Server, customer: Customer, *, seconds: float, status: int) -> None:
    """Ask over all processes until all refuse, which may take so long at the most."""
    end = time.monotonic() + seconds
    while True:
        answers = [customer.chat(server).status_code for _ in range(6)]
        if set(answers) == {status}:
            return
        assert time.monotonic() < end, answers


def test_a_frozen_account_is_refused_within_a_second_and_works_again_once_thawed(
    server: Server, customer: Customer
) -> None:
    assert customer.chat(server).status_code == 200
    states.freeze(customer.user)
    time.sleep(1)
    answers = [customer.chat(server) for _ in range(8)]
    assert {answer.status_code for answer in answers} == {403}
    assert answers[0].json()["error"]["code"] == "account_frozen"
    assert customer.get(server, "models").status_code == 403
    states.thaw(customer.user)
    time.sleep(1)
    assert {customer.chat(server).status_code for _ in range(8)} == {200}


def test_anthropics_dialect_says_it_in_its_own_shape(server: Server, customer: Customer) -> None:
    states.freeze(customer.user)
    time.sleep(1)
    answer = requests.post(
        f"{server.api}/messages",
        json={
            "model": "echo",
            "max_tokens": 10,
            "messages": [{"role": "user", "content": "Hello"}],
        },
        headers={"x-api-key": customer.key, "anthropic-version": "2023-06-01"},
        timeout=10,
    )
    assert answer.status_code == 403
    said = answer.json()
    assert said["type"] == "error"
    assert said["error"]["type"] == "permission_error"
    assert "frozen" in said["error"]["message"]


def test_a_closing_account_is_refused_like_an_unknown_key(
    server: Server, customer: Customer
) -> None:
    assert customer.chat(server).status_code == 200
    states.begin_closing(customer.user)
    refused_within(server, customer, seconds=2, status=401)


def act(client: Client, action: str, customer: Customer) -> None:
    page = reverse(f"office:customer_{action}", args=[customer.user.pk])
    client.post(page, {"reason": "ticket 9"})
    customer.user.refresh_from_db()


@pytest.mark.parametrize("role", ["support", "operator"])
def test_staff_freeze_and_thaw_an_account_without_power_over_the_person(
    server: Server, customer: Customer, role: str
) -> None:
    client = staff_client([role])
    act(client, "freeze", customer)
    assert customer.user.state == State.FROZEN
    time.sleep(1)
    assert {customer.chat(server).status_code for _ in range(6)} == {403}
    act(client, "thaw", customer)
    assert customer.user.state == State.ACTIVE
    messages = LogEntry.objects.filter(object_id=str(customer.user.pk)).order_by("pk")
    assert [entry.change_message for entry in messages] == [
        "Frozen: ticket 9",
        "Thawed: ticket 9",
    ]


def test_an_account_that_is_being_closed_is_neither_frozen_nor_thawed(customer: Customer) -> None:
    states.begin_closing(customer.user)
    for action in ("freeze", "thaw"):
        act(staff_client(["support"]), action, customer)
        assert customer.user.state == State.CLOSING


@pytest.mark.parametrize("role", ["finance", "privacy officer"])
def test_other_roles_freeze_nobody(customer: Customer, role: str) -> None:
    act(staff_client([role]), "freeze", customer)
    assert customer.user.state == State.ACTIVE


def test_freezing_costs_nothing(server: Server, customer: Customer) -> None:
    before = customer.balance()
    states.freeze(customer.user)
    time.sleep(1)
    assert customer.chat(server).status_code == 403
    assert customer.balance() == before
    assert customer.holds_open() == 0


def test_the_owner_of_a_frozen_account_can_sign_in_and_is_told(
    server: Server, nabzclan: NabzClanProcess, new_customer: Callable[..., Customer]
) -> None:
    browser = Browser(server)
    user = new_member(browser, nabzclan)
    states.freeze(user)
    again = Browser(server)
    again.sign_in(int(user.nabzclan_id or 0))
    page = again.open("/dashboard")
    assert page.status_code == 200
    assert "This account is frozen." in page.text
