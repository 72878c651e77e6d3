"""A call that is made again with its Idempotency-Key is charged once, and nothing is stored."""

import concurrent.futures
import uuid
from typing import Any

import openai
import pytest
import requests

from billing.models import Hold
from tests.customers import Customer
from tests.processes import Server, wait_until


def call(
    server: Server, customer: Customer, key: str, model: str = "echo", **fields: Any
) -> requests.Response:
    body = {"model": model, "messages": [{"role": "user", "content": "Hello there"}], **fields}
    return requests.post(
        f"{server.api}/chat/completions",
        json=body,
        headers={**customer.headers, "Idempotency-Key": key},
        timeout=30,
    )


def test_the_second_call_is_told_of_the_first_and_charged_nothing(
    server: Server, customer: Customer
) -> None:
    key = str(uuid.uuid4())
    first, second = call(server, customer, key), call(server, customer, key)
    assert first.status_code == 200
    assert second.status_code == 409
    assert second.headers["x-should-retry"] == "false"
    error = second.json()["error"]
    assert error["code"] == "idempotency_key_used"
    assert first.headers["x-request-id"] in error["message"]
    assert len(customer.spent()) == 1


def test_another_body_under_the_same_key_is_refused(server: Server, customer: Customer) -> None:
    key = str(uuid.uuid4())
    assert call(server, customer, key).ok
    other = call(server, customer, key, temperature=0.5)
    assert (other.status_code, other.headers["x-should-retry"]) == (422, "false")
    assert other.json()["error"]["code"] == "idempotency_key_mismatch"
    assert len(customer.spent()) == 1


def test_fifty_calls_at_once_make_one_charge(server: Server, customer: Customer) -> None:
    key = str(uuid.uuid4())
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: call(server, customer, key, "echo-slow"), range(50)))
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(200) == 1
    assert statuses.count(409) == 49
    assert len(customer.spent()) == 1
    assert customer.holds_open() == 0


def test_a_call_under_way_is_a_409_that_no_sdk_retries(server: Server, customer: Customer) -> None:
    key = str(uuid.uuid4())
    sdk = openai.OpenAI(base_url=server.api, api_key=customer.key)

    def ask() -> openai.types.chat.ChatCompletion:
        return sdk.chat.completions.create(
            model="echo-slow",
            messages=[{"role": "user", "content": "Hello there"}],
            extra_headers={"Idempotency-Key": key},
        )

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        first = pool.submit(ask)
        wait_until(lambda: customer.holds_open() == 1, seconds=5)
        with pytest.raises(openai.ConflictError) as caught:
            ask()
        assert first.result().choices
    assert caught.value.code == "idempotency_in_flight"
    assert [row.status for row in customer.wait_for_log(2)].count(409) == 1


def test_a_call_that_failed_can_be_made_again(server: Server, customer: Customer) -> None:
    key = str(uuid.uuid4())
    assert call(server, customer, key, "echo-fail-400").status_code == 400
    assert call(server, customer, key).ok
    assert len(customer.spent()) == 1


def test_keys_of_two_customers_do_not_meet(
    server: Server, customer: Customer, new_customer: Any
) -> None:
    key, other = str(uuid.uuid4()), new_customer()
    assert call(server, customer, key).ok
    assert call(server, other, key).ok


def test_neither_the_key_nor_the_body_is_stored(server: Server, customer: Customer) -> None:
    key = f"canary-{uuid.uuid4()}"
    assert call(server, customer, key).ok
    hold = Hold.objects.get(account=customer.account)
    assert key not in str(hold.__dict__)
    assert hold.request_id.startswith("idem-")


@pytest.mark.parametrize("key", ["x" * 256, "k\xe9y"])
def test_a_key_that_is_none_is_refused(server: Server, customer: Customer, key: str) -> None:
    answer = call(server, customer, key.encode("latin-1").decode("latin-1"))
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "Idempotency-Key"
