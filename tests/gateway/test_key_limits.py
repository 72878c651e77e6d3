"""What a key may do, as its calls meet it: models, calls at once, tokens, spend and prices."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import requests
from django.utils import timezone

from tests.customers import Customer
from tests.dialects import CHAT, MESSAGES, STREAMING, Endpoint
from tests.processes import Server, wait_until

WORDS = "one two three"

in_both_shapes = pytest.mark.parametrize("endpoint", [CHAT, MESSAGES], ids=lambda e: e.path)


def refusal(answer: requests.Response, endpoint: Endpoint) -> tuple[int, str]:
    """The status and code of a refusal, in the endpoint's shape."""
    body = answer.json()
    assert (body.get("type") == "error") is (endpoint is MESSAGES)
    return answer.status_code, body["error"]["code"]


@pytest.mark.parametrize("endpoint", STREAMING, ids=lambda e: e.path)
def test_a_key_calls_only_the_models_on_its_list(
    server: Server, new_customer: Callable[..., Customer], endpoint: Endpoint
) -> None:
    customer = new_customer(allowed_models=["echo"])
    assert endpoint.post(server, customer, "echo", WORDS, stream=False).ok
    refused = endpoint.post(server, customer, "echo-cached", WORDS, stream=False)
    assert refusal(refused, endpoint) == (403, "model_not_allowed")
    assert len(customer.spent()) == 1
    listed = customer.get(server, "models").json()["data"]
    assert [model["id"] for model in listed] == ["echo"]


@in_both_shapes
def test_a_key_has_no_more_calls_under_way_than_it_may(
    server: Server, new_customer: Callable[..., Customer], endpoint: Endpoint
) -> None:
    customer = new_customer(concurrency_limit=2)
    begun = [endpoint.post(server, customer, "echo-slow", WORDS * 20) for _ in range(2)]
    assert [answer.status_code for answer in begun] == [200, 200]
    refused = endpoint.post(server, customer, "echo", WORDS, stream=False)
    assert refusal(refused, endpoint) == (429, "concurrency_limit_exceeded")
    assert refused.headers["Retry-After"] == "1"
    for answer in begun:
        answer.close()
    wait_until(
        lambda: endpoint.post(server, customer, "echo", WORDS, stream=False).ok,
        seconds=5,
        what="a free place",
    )


@in_both_shapes
def test_a_key_uses_no_more_tokens_a_minute_than_it_may(
    server: Server, new_customer: Callable[..., Customer], endpoint: Endpoint
) -> None:
    customer = new_customer(token_limit=1_200)
    statuses = [endpoint.post(server, customer, "echo", WORDS, stream=False) for _ in range(3)]
    assert statuses[0].status_code == 200
    too_large = endpoint.post(server, customer, "echo", "word " * 4_000, stream=False)
    assert refusal(too_large, endpoint) == (429, "token_limit_exceeded")
    assert too_large.headers["x-should-retry"] == "false"


@in_both_shapes
@pytest.mark.parametrize("window", ["day_spend", "month_spend", "total_spend"])
def test_a_key_spends_no_more_than_it_may(
    server: Server, new_customer: Callable[..., Customer], endpoint: Endpoint, window: str
) -> None:
    customer = new_customer(**{window: 500})
    answers = [endpoint.post(server, customer, "echo", WORDS, stream=False) for _ in range(12)]
    assert answers[0].status_code == 200
    assert refusal(answers[-1], endpoint) == (402, "spend_limit_reached")
    assert 0 < sum(customer.spent()) <= 500
    assert customer.holds_open() == 0
    shown = customer.get(server, "key").json()
    assert shown["spend"][window.removesuffix("_spend")]["spent_micro"] == sum(customer.spent())


def test_keys_of_one_account_at_once_stay_within_the_limit_of_each(
    server: Server, new_customer: Callable[..., Customer]
) -> None:
    customer = new_customer(total_spend=300)
    threads = [
        threading.Thread(target=lambda: customer.chat(server, text=WORDS, max_tokens=20))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0 < sum(customer.spent()) <= 300
    assert customer.holds_open() == 0


def test_a_vip_level_lowers_the_charge_and_shows_it_on_the_row(
    server: Server, new_customer: Callable[..., Customer]
) -> None:
    plain = new_customer()
    vip = new_customer(vip_level=4, vip_expires_at=timezone.now() + timedelta(hours=1))
    for customer in (plain, vip):
        assert customer.chat(server, text=WORDS).ok
    usual, lowered = plain.wait_for_log(1)[0], vip.wait_for_log(1)[0]
    assert (usual.input_price, usual.output_price) == (2_000_000, 8_000_000)
    assert (lowered.input_price, lowered.output_price) == (1_800_000, 7_200_000)
    exact = lowered.input_tokens * 1.8 + lowered.output_tokens * 7.2
    assert vip.spent() == [lowered.charge]
    assert exact <= lowered.charge < exact + 1
    assert lowered.charge < usual.charge
