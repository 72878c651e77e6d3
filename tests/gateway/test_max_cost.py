"""X-Max-Cost: a call that cannot fit is refused, one that reaches it is cut with an error."""

import json
from typing import Any

import pytest
import requests

from tests.customers import Customer
from tests.processes import Server

LONG = "so many words that cost money " * 200


def call(
    server: Server, customer: Customer, most: str, model: str = "echo", **fields: Any
) -> requests.Response:
    body = {"model": model, "messages": [{"role": "user", "content": LONG}], **fields}
    return requests.post(
        f"{server.api}/chat/completions",
        json=body,
        headers={**customer.headers, "X-Max-Cost": most},
        timeout=30,
    )


def test_a_stream_is_cut_at_its_most_cost(server: Server, customer: Customer) -> None:
    text = call(server, customer, "0.004", stream=True).text
    last = text.strip().split("\n\n")[-1]
    assert json.loads(last[6:])["error"]["code"] == "max_cost_reached"
    assert "[DONE]" not in text
    row = customer.wait_for_log(1)[0]
    assert 3_000 <= row.charge <= 4_000
    assert customer.spent() == [row.charge]


def test_a_provider_that_ignores_the_limit_is_cut_all_the_same(
    server: Server, customer: Customer
) -> None:
    text = call(server, customer, "0.004", "echo-long+ignores-max", stream=True).text
    assert "max_cost_reached" in text
    assert customer.wait_for_log(1)[0].charge <= 4_000


def test_an_unstreamed_answer_ends_at_its_most_cost(server: Server, customer: Customer) -> None:
    answer = call(server, customer, "0.004")
    assert answer.json()["choices"][0]["finish_reason"] == "length"
    assert float(answer.headers["X-Lumyx-Charge"]) <= 0.004


def test_a_call_that_fits_is_not_touched(server: Server, customer: Customer) -> None:
    answer = call(server, customer, "1", "echo", stream=True)
    assert answer.text.endswith("data: [DONE]\n\n")


def test_a_call_that_cannot_fit_is_refused_up_front(server: Server, customer: Customer) -> None:
    answer = call(server, customer, "0.000002")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "max_cost_too_low"
    assert customer.wait_for_log(1)[0].charge_basis == "rejected"
    assert customer.spent() == []


@pytest.mark.parametrize("most", ["0", "-1", "nan", "inf", "1e400", "0.0000001", "much", "1,5"])
def test_what_is_no_amount_is_refused(server: Server, customer: Customer, most: str) -> None:
    answer = call(server, customer, most)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "X-Max-Cost"


def test_the_charge_and_the_balance_are_in_the_headers_of_an_unstreamed_answer(
    server: Server, customer: Customer
) -> None:
    answer = customer.chat(server)
    charge = customer.spent()[0]
    assert answer.headers["X-Lumyx-Charge"] == f"{charge / 1e6:.6f}".rstrip("0")
    assert answer.headers["X-Lumyx-Balance"] == f"{customer.balance() / 1e6:.6f}".rstrip("0")
