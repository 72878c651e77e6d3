"""Tokens can be counted before a call is made, for nothing."""

from typing import Any

import pytest
import requests

from tests.customers import Customer
from tests.processes import Server

TEXT = "How many tokens are these words, would you say? " * 20


def count(server: Server, customer: Customer, **fields: Any) -> requests.Response:
    body = {"model": "echo", "messages": [{"role": "user", "content": TEXT}], **fields}
    return requests.post(
        f"{server.api}/messages/count_tokens",
        json=body,
        headers={"x-api-key": customer.key},
        timeout=30,
    )


@pytest.mark.parametrize("model", ["echo", "anthropic/echo"])
def test_the_count_is_near_what_the_call_takes_and_costs_nothing(
    server: Server, customer: Customer, model: str
) -> None:
    counted = count(server, customer, model=model).json()["input_tokens"]
    assert customer.spent() == []
    customer.chat(server, model, text=TEXT)
    used = customer.logged()[-1]
    assert abs(counted - used.input_tokens) < 20
    row = customer.logged()[0]
    assert (row.charge_basis, row.charge) == ("free", 0)
    assert row.endpoint == "messages/count_tokens"


def test_tools_system_and_images_count(server: Server, customer: Customer) -> None:
    plain = count(server, customer).json()["input_tokens"]
    tool = {"name": "f", "description": "d " * 50, "input_schema": {"type": "object"}}
    image = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
    for fields in (
        {"system": "Be brief. " * 20},
        {"tools": [tool]},
        {"messages": [{"role": "user", "content": [{"type": "image", "source": image}]}] * 2},
    ):
        assert count(server, customer, **fields).json()["input_tokens"] > plain


def test_a_failing_provider_is_made_up_for(server: Server, customer: Customer) -> None:
    answer = count(server, customer, model="anthropic/echo-fail-500")
    assert answer.status_code == 200
    assert answer.json()["input_tokens"] > 100


def test_counting_uses_up_the_limits_of_the_key(server: Server, new_customer: Any) -> None:
    limited = new_customer(minute_limit=1)
    statuses = [count(server, limited).status_code for _ in range(3)]
    assert 429 in statuses
