"""Anthropic's official SDK, sync and async, over every endpoint, at both dialects of providers."""

from typing import Any

import anthropic
import pydantic
import pytest

from tests.customers import Customer
from tests.processes import Server
from tests.sdks import CITIES, CITY, HELLO, PIXEL, Sdk, anthropic_sdk

TOOL: dict[str, Any] = {"name": "weather", "input_schema": CITY}
FINAL = "get_final_message"


class City(pydantic.BaseModel):
    """Where somebody is."""

    city: str


@pytest.fixture(params=["sync", "async"])
def sdk(request: pytest.FixtureRequest, server: Server, customer: Customer) -> Sdk:
    return anthropic_sdk(server, customer.key, is_async=request.param == "async")


@pytest.fixture(params=["", "anthropic/"], ids=["from openai", "from anthropic"])
def at(request: pytest.FixtureRequest) -> str:
    prefix: str = request.param
    return prefix


def ask(model: str, content: Any = HELLO, **fields: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": content}]
    return {"model": model, "max_tokens": 500, "messages": messages, **fields}


def answered(sdk: Sdk, body: dict[str, Any], *, stream: bool) -> Any:
    if stream:
        return sdk.final(lambda c: c.messages.stream(**body), FINAL)
    return sdk.get(lambda c: c.messages.create(**body))


@pytest.mark.parametrize("base", ["/api", "/api/v1"])
@pytest.mark.parametrize("stream", [False, True])
def test_messages(server: Server, customer: Customer, at: str, base: str, stream: bool) -> None:
    for is_async in (False, True):
        sdk = anthropic_sdk(server, customer.key, is_async=is_async, base=base)
        made = answered(sdk, ask(f"{at}echo"), stream=stream)
        assert [(block.type, block.text) for block in made.content] == [("text", HELLO)]
        assert (made.stop_reason, made.model) == ("end_turn", f"{at}echo")
        charge = made.usage.input_tokens * 2 + made.usage.output_tokens * 8
        assert customer.spent()[-1] == charge


def test_the_events_of_a_stream_come_in_order(sdk: Sdk, at: str) -> None:
    events = sdk.chunks(lambda c: c.messages.create(**ask(f"{at}echo"), stream=True))
    kinds = [event.type for event in events]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert set(kinds[2:-3]) == {"content_block_delta"}
    assert events[0].message.usage.input_tokens > 0
    assert events[-2].usage.output_tokens > 0


@pytest.mark.parametrize("stream", [False, True])
def test_parallel_tools_and_their_results(sdk: Sdk, at: str, stream: bool) -> None:
    body = ask(f"{at}echo", CITIES, tools=[TOOL])
    made = answered(sdk, body, stream=stream)
    used = [block for block in made.content if block.type == "tool_use"]
    assert [block.input for block in used] == [{"city": "Oslo"}, {"city": "Rome"}]
    assert made.stop_reason == "tool_use"
    results = [{"type": "tool_result", "tool_use_id": b.id, "content": "sunny"} for b in used]
    body["messages"] += [
        {"role": "assistant", "content": [block.model_dump() for block in used]},
        {"role": "user", "content": results},
    ]
    answer = answered(sdk, body, stream=stream)
    assert answer.stop_reason == "end_turn"
    assert "sunny" in answer.content[0].text


@pytest.mark.parametrize("stream", [False, True])
def test_a_forced_tool_is_a_tool_use_and_not_an_end_of_turn(
    sdk: Sdk, at: str, stream: bool
) -> None:
    body = ask(f"{at}echo", tools=[TOOL], tool_choice={"type": "tool", "name": "weather"})
    made = answered(sdk, body, stream=stream)
    assert made.stop_reason == "tool_use"
    assert [block.type for block in made.content] == ["tool_use"]


def test_a_system_prompt_a_stop_sequence_and_a_cap(sdk: Sdk, at: str) -> None:
    for system in ("Be kind.", [{"type": "text", "text": "Be kind."}]):
        told = answered(sdk, ask(f"{at}echo-says-system", "Hi", system=system), stream=False)
        assert told.content[0].text == "Be kind."
    stopped = answered(sdk, ask(f"{at}echo", "one two three", stop_sequences=["two"]), stream=False)
    assert stopped.content[0].text.strip() == "one"
    # An OpenAI-compatible provider does not say which stop sequence it met.
    assert stopped.stop_reason == ("stop_sequence" if at else "end_turn")
    cut = answered(sdk, {**ask(f"{at}echo"), "max_tokens": 2}, stream=True)
    assert (cut.stop_reason, cut.usage.output_tokens) == ("max_tokens", 2)


def test_images(sdk: Sdk, at: str) -> None:
    source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    body = ask(f"{at}echo", [{"type": "image", "source": source}, {"type": "text", "text": "?"}])
    assert "image/png 70 bytes" in answered(sdk, body, stream=False).content[0].text


def test_structured_output(sdk: Sdk, at: str) -> None:
    made = sdk.get(lambda c: c.messages.parse(**ask(f"{at}echo", "?"), output_format=City))
    assert isinstance(made.parsed_output, City)
    assert made.stop_reason == "end_turn"


@pytest.mark.parametrize("stream", [False, True])
def test_thinking_and_the_answer_to_it(sdk: Sdk, at: str, stream: bool) -> None:
    thinking = {"type": "enabled", "budget_tokens": 1_024}
    body = ask(f"{at}thinker", max_tokens=4_000, thinking=thinking)
    made = answered(sdk, body, stream=stream)
    assert [block.type for block in made.content] == ["thinking", "text"]
    assert made.content[0].thinking
    body["messages"] += [
        {"role": "assistant", "content": [block.model_dump() for block in made.content]},
        {"role": "user", "content": "And then?"},
    ]
    assert answered(sdk, body, stream=stream).content[-1].text == "And then?"


def test_cached_tokens_are_apart_from_the_input(sdk: Sdk, at: str, customer: Customer) -> None:
    made = answered(sdk, ask(f"{at}echo-cached"), stream=False)
    usage = made.usage
    assert usage.cache_read_input_tokens > 0
    halves = usage.input_tokens * 4 + usage.cache_read_input_tokens + usage.output_tokens * 16
    assert customer.spent() == [-(-halves // 2)]


def test_tokens_are_counted_free_of_charge(sdk: Sdk, at: str, customer: Customer) -> None:
    body = {key: value for key, value in ask(f"{at}echo").items() if key != "max_tokens"}
    assert sdk.get(lambda c: c.messages.count_tokens(**body)).input_tokens > 3
    assert customer.spent() == []


def test_models(sdk: Sdk) -> None:
    found = {model.id: model for model in sdk.chunks(lambda c: c.models.list())}
    assert found["echo"].type == "model"
    assert sdk.get(lambda c: c.models.retrieve("echo")).display_name == "echo"


def test_beta_calls_are_served_without_the_betas(sdk: Sdk, at: str) -> None:
    made = sdk.get(
        lambda c: c.beta.messages.create(**ask(f"{at}echo"), betas=["made-up-2030-01-01"])
    )
    assert made.content[0].text == HELLO


@pytest.mark.parametrize(
    ("behaviour", "status", "kind"),
    [
        ("fail-400", 400, "invalid_request_error"),
        ("fail-401", 502, "api_error"),
        ("fail-429", 429, "rate_limit_error"),
        ("fail-529", 529, "overloaded_error"),
        ("200-error", 502, "api_error"),
        ("garbage", 502, "api_error"),
        ("reset", 502, "api_error"),
    ],
)
def test_errors_of_providers(
    sdk: Sdk, at: str, customer: Customer, behaviour: str, status: int, kind: str
) -> None:
    with pytest.raises(anthropic.APIStatusError) as caught:
        answered(sdk, ask(f"{at}echo-{behaviour}", "canary"), stream=False)
    body = caught.value.response.json()
    assert (caught.value.status_code, body["error"]["type"]) == (status, kind)
    assert body["request_id"] == caught.value.request_id
    assert "canary" not in caught.value.response.text
    assert (customer.spent(), customer.holds_open()) == ([], 0)


def test_a_stream_that_breaks_is_an_error(sdk: Sdk, at: str, customer: Customer) -> None:
    words = "one two three four five six seven eight"
    with pytest.raises(anthropic.APIStatusError):
        answered(sdk, ask(f"{at}echo-cut", words), stream=True)
    assert customer.wait_for_log(1)[0].charge_basis == "estimated"
    assert customer.holds_open() == 0


def test_a_wrong_key_is_an_authentication_error(sdk: Sdk) -> None:
    with pytest.raises(anthropic.AuthenticationError):
        answered(sdk.with_key("lx-wrong"), ask("echo"), stream=False)
