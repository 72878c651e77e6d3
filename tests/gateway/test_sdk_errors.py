"""Every error class that the official OpenAI SDK knows is met with the right status."""

from collections.abc import Callable

import openai
import pytest

from tests.customers import Customer
from tests.processes import Server

ASK: list[openai.types.chat.ChatCompletionMessageParam] = [{"role": "user", "content": "Hi"}]


def sdk(server: Server, key: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=server.api, api_key=key, max_retries=0)


def test_a_wrong_key_is_an_authentication_error(server: Server) -> None:
    with pytest.raises(openai.AuthenticationError) as caught:
        sdk(server, "lx-wrong").chat.completions.create(model="echo", messages=ASK)
    assert caught.value.code == "invalid_api_key"
    assert caught.value.request_id is not None
    assert caught.value.request_id.startswith("req_")


def test_no_credits_is_a_402_that_is_not_retried(
    server: Server, new_customer: Callable[..., Customer]
) -> None:
    broke = new_customer(credit=0)
    with pytest.raises(openai.APIStatusError) as caught:
        openai.OpenAI(base_url=server.api, api_key=broke.key).chat.completions.create(
            model="echo", messages=ASK
        )
    assert caught.value.status_code == 402
    assert caught.value.code == "insufficient_credits"
    assert len(broke.wait_for_log(1)) == 1


def test_an_unknown_model_is_not_found(server: Server, customer: Customer) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        sdk(server, customer.key).chat.completions.create(model="nope", messages=ASK)
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")


def test_too_many_requests_is_a_rate_limit_error(
    server: Server, new_customer: Callable[..., Customer]
) -> None:
    client = sdk(server, new_customer(minute_limit=1).key)
    client.chat.completions.create(model="echo", messages=ASK)
    with pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(model="echo", messages=ASK)
    assert 1 <= int(caught.value.response.headers["retry-after"]) <= 60


def test_a_bad_request_is_a_bad_request_error(server: Server, customer: Customer) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        sdk(server, customer.key).chat.completions.create(
            model="echo",
            messages=ASK,
            max_tokens="many",  # type: ignore[call-overload]
        )
    assert caught.value.param == "max_tokens"


@pytest.mark.parametrize(
    ("model", "raised"),
    [
        ("echo-fail-400", openai.BadRequestError),
        ("echo-fail-401", openai.InternalServerError),
        ("echo-fail-429", openai.RateLimitError),
        ("echo-fail-500", openai.InternalServerError),
        ("echo-fail-529", openai.InternalServerError),
        ("echo-200-error", openai.InternalServerError),
        ("echo-garbage", openai.InternalServerError),
        ("echo-cut", openai.InternalServerError),
        ("echo-reset", openai.InternalServerError),
    ],
)
def test_a_failing_provider_costs_nothing_and_is_not_quoted(
    server: Server, customer: Customer, model: str, raised: type[openai.APIStatusError]
) -> None:
    with pytest.raises(raised) as caught:
        sdk(server, customer.key).chat.completions.create(
            model=model, messages=[{"role": "user", "content": "canary-in-the-prompt"}]
        )
    assert "canary-in-the-prompt" not in caught.value.response.text
    assert customer.spent() == []
    assert customer.holds_open() == 0
    assert customer.wait_for_log(1)[0].status == caught.value.status_code


def test_an_error_inside_a_stream_is_raised_by_the_sdk(server: Server, customer: Customer) -> None:
    stream = sdk(server, customer.key).chat.completions.create(
        model="echo-cut",
        messages=[{"role": "user", "content": "one two three four five six seven eight"}],
        stream=True,
    )
    with pytest.raises(openai.APIError):
        list(stream)
