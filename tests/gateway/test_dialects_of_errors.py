"""The shape of an error follows the route: Anthropic's clients get Anthropic's, whatever fails."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.customers import Customer
from tests.processes import Server

ASK: dict[str, Any] = {
    "model": "echo",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "Hi"}],
}
PATHS = ["messages", "v1/messages", "messages/count_tokens", "v1/messages/count_tokens"]


def assert_anthropic(answer: requests.Response, status: int, kind: str) -> None:
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert (body["type"], body["error"]["type"]) == ("error", kind)
    assert body["error"]["message"]
    assert body["request_id"] == answer.headers["request-id"] == answer.headers["x-request-id"]


def post(server: Server, path: str, body: Any, **headers: str) -> requests.Response:
    return requests.post(f"{server.api}/{path}", json=body, headers=headers, timeout=30)


@pytest.mark.parametrize("path", PATHS)
def test_a_wrong_key_and_a_missing_one(server: Server, path: str) -> None:
    wrong = post(server, path, ASK, **{"x-api-key": "lx-wrong"})
    assert_anthropic(wrong, 401, "authentication_error")
    assert_anthropic(post(server, path, ASK), 401, "authentication_error")


@pytest.mark.parametrize("path", PATHS)
def test_a_wrong_method_path_model_and_body(server: Server, customer: Customer, path: str) -> None:
    key = {"x-api-key": customer.key}
    wrong_method = requests.get(f"{server.api}/{path}", headers=key, timeout=10)
    assert_anthropic(wrong_method, 405, "invalid_request_error")
    assert_anthropic(post(server, f"{path}/nowhere", ASK, **key), 404, "not_found_error")
    assert_anthropic(post(server, path, {**ASK, "model": "nope"}, **key), 404, "not_found_error")
    assert_anthropic(post(server, path, {"model": 5}, **key), 400, "invalid_request_error")
    assert_anthropic(post(server, path, [], **key), 400, "invalid_request_error")
    assert customer.spent() == []


def test_no_credits_and_too_many_requests(
    server: Server, new_customer: Callable[..., Customer]
) -> None:
    broke = new_customer(credit=0)
    answer = post(server, "messages", ASK, **{"x-api-key": broke.key})
    assert_anthropic(answer, 402, "billing_error")
    limited = new_customer(minute_limit=1)
    key = {"x-api-key": limited.key}
    assert post(server, "messages", ASK, **key).ok
    refused = post(server, "messages", ASK, **key)
    if refused.ok:  # the clock minute turned
        refused = post(server, "messages", ASK, **key)
    assert_anthropic(refused, 429, "rate_limit_error")
    assert int(refused.headers["Retry-After"]) <= 60


@pytest.mark.parametrize("prefix", ["", "anthropic/"])
@pytest.mark.parametrize(
    ("model", "status", "kind"),
    [
        ("echo-fail-400", 400, "invalid_request_error"),
        ("echo-fail-401", 502, "api_error"),
        ("echo-fail-429", 429, "rate_limit_error"),
        ("echo-fail-500", 502, "api_error"),
        ("echo-fail-529", 529, "overloaded_error"),
        ("echo-200-error", 502, "api_error"),
    ],
)
def test_what_providers_refuse(
    server: Server, customer: Customer, prefix: str, model: str, status: int, kind: str
) -> None:
    for stream in (False, True):
        body = {**ASK, "model": prefix + model, "stream": stream}
        answer = post(server, "messages", body, **{"x-api-key": customer.key})
        assert_anthropic(answer, status, kind)
        assert "Hi" not in answer.json()["error"]["message"].split()
    assert customer.spent() == []


def test_a_body_that_is_too_large(server: Server, customer: Customer) -> None:
    answer = requests.post(
        f"{server.api}/messages",
        data=b"x" * 33_600_000,
        headers={"x-api-key": customer.key},
        timeout=30,
    )
    assert_anthropic(answer, 413, "request_too_large")


def test_models_come_in_the_shape_that_the_client_expects(
    server: Server, customer: Customer
) -> None:
    openai = requests.get(f"{server.api}/models", headers=customer.headers, timeout=10).json()
    assert openai["object"] == "list"
    headers = {"x-api-key": customer.key, "anthropic-version": "2023-06-01"}
    for path in ("models", "v1/models"):
        page = requests.get(f"{server.api}/{path}", headers=headers, timeout=10).json()
        assert page["data"][0]["type"] == "model"
        assert (page["has_more"], page["first_id"]) == (False, page["data"][0]["id"])
    first = requests.get(f"{server.api}/models?limit=2", headers=headers, timeout=10).json()
    assert (len(first["data"]), first["has_more"]) == (2, True)
    after = f"{server.api}/models?limit=2&after_id={first['last_id']}"
    second = requests.get(after, headers=headers, timeout=10).json()
    assert [m["id"] for m in second["data"]] == [m["id"] for m in page["data"][2:4]]
    one = requests.get(f"{server.api}/v1/models/echo", headers=headers, timeout=10).json()
    assert (one["type"], one["id"]) == ("model", "echo")
    missing = requests.get(f"{server.api}/models/nope", headers=headers, timeout=10)
    assert_anthropic(missing, 404, "not_found_error")
