"""OpenAI's official SDK, sync and async, over every endpoint, at both dialects of providers."""

import json
from typing import Any

import openai
import pydantic
import pytest

from tests.customers import Customer
from tests.processes import Server
from tests.sdks import CITIES, CITY, HELLO, PIXEL, Call, Sdk, openai_sdk

TOOL: dict[str, Any] = {"type": "function", "function": {"name": "weather", "parameters": CITY}}
RESPONSES_TOOL: dict[str, Any] = {
    "type": "function",
    "name": "weather",
    "parameters": CITY,
    "strict": False,
}
FINAL = "get_final_completion"


class City(pydantic.BaseModel):
    """Where somebody is."""

    city: str


@pytest.fixture(params=["sync", "async"])
def sdk(request: pytest.FixtureRequest, server: Server, customer: Customer) -> Sdk:
    return openai_sdk(server, customer.key, is_async=request.param == "async")


@pytest.fixture(params=["", "anthropic/"], ids=["from openai", "from anthropic"])
def at(request: pytest.FixtureRequest) -> str:
    prefix: str = request.param
    return prefix


def asks(content: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": content}]


def cities(calls: list[Any]) -> list[str]:
    return [json.loads(call.function.arguments)["city"] for call in calls]


def test_chat(sdk: Sdk, at: str, customer: Customer) -> None:
    model = f"{at}echo"
    made = sdk.get(lambda c: c.chat.completions.create(model=model, messages=asks(HELLO)))
    assert made.choices[0].message.content == HELLO
    assert made.choices[0].finish_reason == "stop"
    assert (made.object, made.model) == ("chat.completion", model)
    usage = made.usage
    assert usage.prompt_tokens + usage.completion_tokens == usage.total_tokens
    assert customer.spent() == [usage.prompt_tokens * 2 + usage.completion_tokens * 8]


def test_streamed_chat(sdk: Sdk, at: str, customer: Customer) -> None:
    chunks = sdk.chunks(
        lambda c: c.chat.completions.create(
            model=f"{at}echo",
            messages=asks(HELLO),
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    assert chunks[0].choices[0].delta.role == "assistant"
    assert len({(chunk.id, chunk.created, chunk.model) for chunk in chunks}) == 1
    pieces = [choice for chunk in chunks for choice in chunk.choices]
    assert "".join(piece.delta.content or "" for piece in pieces) == HELLO
    assert [p.finish_reason for p in pieces if p.finish_reason] == ["stop"]
    assert chunks[-1].choices == []
    usage = chunks[-1].usage
    assert customer.spent() == [usage.prompt_tokens * 2 + usage.completion_tokens * 8]


def test_a_stream_shows_no_usage_that_was_not_asked_for(sdk: Sdk, at: str) -> None:
    chunks = sdk.chunks(
        lambda c: c.chat.completions.create(model=f"{at}echo", messages=asks(HELLO), stream=True)
    )
    assert all(chunk.choices and chunk.usage is None for chunk in chunks)


@pytest.mark.parametrize("stream", [False, True])
def test_chat_with_parallel_tools_and_their_results(sdk: Sdk, at: str, stream: bool) -> None:
    body: dict[str, Any] = {"model": f"{at}echo", "messages": asks(CITIES), "tools": [TOOL]}
    made = (
        sdk.final(lambda c: c.chat.completions.stream(**body), FINAL)
        if stream
        else sdk.get(lambda c: c.chat.completions.create(**body))
    ).choices[0]
    calls = made.message.tool_calls
    assert cities(calls) == ["Oslo", "Rome"]
    assert len({call.id for call in calls}) == 2
    assert made.finish_reason == "tool_calls"
    told = [
        *body["messages"],
        made.message.model_dump(include={"role", "content", "tool_calls"}),
        *({"role": "tool", "tool_call_id": call.id, "content": "sunny"} for call in calls),
    ]
    answer = sdk.get(lambda c: c.chat.completions.create(**{**body, "messages": told}))
    assert answer.choices[0].finish_reason == "stop"
    assert "sunny" in answer.choices[0].message.content


def test_chat_with_a_system_prompt_stop_sequence_and_cap(sdk: Sdk, at: str) -> None:
    told = sdk.get(
        lambda c: c.chat.completions.create(
            model=f"{at}echo-says-system",
            messages=[{"role": "system", "content": "Be kind."}, *asks("Hi")],
        )
    )
    assert told.choices[0].message.content == "Be kind."
    stopped = sdk.get(
        lambda c: c.chat.completions.create(
            model=f"{at}echo", messages=asks("one two three"), stop=["two"]
        )
    )
    assert stopped.choices[0].message.content.strip() == "one"
    assert stopped.choices[0].finish_reason == "stop"
    cut = sdk.get(
        lambda c: c.chat.completions.create(
            model=f"{at}echo", messages=asks(HELLO), max_completion_tokens=2
        )
    )
    assert cut.choices[0].finish_reason == "length"
    assert cut.usage.completion_tokens == 2


def test_chat_sees_images(sdk: Sdk, at: str) -> None:
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    made = sdk.get(
        lambda c: c.chat.completions.create(
            model=f"{at}echo", messages=asks([{"type": "text", "text": "See:"}, image])
        )
    )
    assert "image/png 70 bytes" in made.choices[0].message.content


def test_chat_parses_structured_output(sdk: Sdk, at: str) -> None:
    made = sdk.get(
        lambda c: c.chat.completions.parse(
            model=f"{at}echo", messages=asks("Where?"), response_format=City
        )
    )
    assert isinstance(made.choices[0].message.parsed, City)
    streamed = sdk.final(
        lambda c: c.chat.completions.stream(
            model=f"{at}echo", messages=asks("Where?"), response_format=City
        ),
        FINAL,
    )
    assert isinstance(streamed.choices[0].message.parsed, City)
    assert streamed.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("stream", [False, True])
def test_chat_shows_thoughts_and_their_tokens(sdk: Sdk, at: str, stream: bool) -> None:
    body: dict[str, Any] = {
        "model": f"{at}thinker",
        "messages": asks(HELLO),
        "reasoning_effort": "low",
    }
    if stream:
        chunks = sdk.chunks(
            lambda c: c.chat.completions.create(
                **body, stream=True, stream_options={"include_usage": True}
            )
        )
        deltas = [choice.delta for chunk in chunks for choice in chunk.choices]
        thoughts = "".join(getattr(d, "reasoning_content", None) or "" for d in deltas)
        usage = chunks[-1].usage
    else:
        made = sdk.get(lambda c: c.chat.completions.create(**body))
        thoughts, usage = made.choices[0].message.reasoning_content, made.usage
    assert thoughts
    assert 0 < usage.completion_tokens_details.reasoning_tokens < usage.completion_tokens


def test_thoughts_can_be_left_out_or_forbidden(sdk: Sdk, at: str) -> None:
    def asked(**reasoning: Any) -> Any:
        return sdk.get(
            lambda c: c.chat.completions.create(
                model=f"{at}thinker", messages=asks(HELLO), extra_body={"reasoning": reasoning}
            )
        )

    hidden = asked(effort="low", exclude=True)
    assert getattr(hidden.choices[0].message, "reasoning_content", None) is None
    assert hidden.usage.completion_tokens_details.reasoning_tokens > 0
    none = asked(effort="none")
    assert getattr(none.choices[0].message, "reasoning_content", None) is None
    details = none.usage.completion_tokens_details
    assert details is None or not details.reasoning_tokens


@pytest.mark.parametrize("wish", [{"effort": "xhigh"}, {"max_tokens": 300}, {"effort": "none"}])
def test_claude_that_thinks_as_it_likes_is_told_an_effort(sdk: Sdk, wish: dict[str, Any]) -> None:
    made = sdk.get(
        lambda c: c.chat.completions.create(
            model="adaptive",
            messages=asks(HELLO),
            temperature=0.3,
            extra_body={"reasoning": wish},
        )
    )
    thoughts = getattr(made.choices[0].message, "reasoning_content", None)
    assert bool(thoughts) is (wish != {"effort": "none"})


def test_cached_tokens_are_shown_and_cost_less(sdk: Sdk, at: str, customer: Customer) -> None:
    made = sdk.get(
        lambda c: c.chat.completions.create(model=f"{at}echo-cached", messages=asks(HELLO))
    )
    cached = made.usage.prompt_tokens_details.cached_tokens
    assert 0 < cached < made.usage.prompt_tokens
    fresh = made.usage.prompt_tokens - cached
    assert customer.spent() == [-(-(fresh * 4 + cached + made.usage.completion_tokens * 16) // 2)]


def test_responses(sdk: Sdk, at: str, customer: Customer) -> None:
    body: dict[str, Any] = {"model": f"{at}echo", "input": HELLO, "store": True}
    made = sdk.get(lambda c: c.responses.create(**body))
    assert (made.output_text, made.status, made.model) == (HELLO, "completed", f"{at}echo")
    assert made.store is False
    final = sdk.final(lambda c: c.responses.stream(**body), "get_final_response")
    assert (final.output_text, final.status) == (HELLO, "completed")
    kinds = [event.type for event in sdk.chunks(lambda c: c.responses.create(**body, stream=True))]
    assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")
    charge = made.usage.input_tokens * 2 + made.usage.output_tokens * 8
    assert customer.spent() == [charge] * 3


@pytest.mark.parametrize("stream", [False, True])
def test_responses_with_parallel_tools_and_their_results(sdk: Sdk, at: str, stream: bool) -> None:
    body: dict[str, Any] = {"model": f"{at}echo", "tools": [RESPONSES_TOOL]}

    def asked(items: list[Any]) -> Any:
        if stream:
            return sdk.final(
                lambda c: c.responses.stream(**body, input=items), "get_final_response"
            )
        return sdk.get(lambda c: c.responses.create(**body, input=items))

    made = asked(asks(CITIES))
    calls = [item for item in made.output if item.type == "function_call"]
    assert [json.loads(call.arguments)["city"] for call in calls] == ["Oslo", "Rome"]
    kept = [{k: getattr(c, k) for k in ("type", "call_id", "name", "arguments")} for c in calls]
    results = [
        {"type": "function_call_output", "call_id": c.call_id, "output": "sunny"} for c in calls
    ]
    assert "sunny" in asked([*asks(CITIES), *kept, *results]).output_text


def test_responses_with_images_structure_and_reasoning(sdk: Sdk, at: str) -> None:
    image = {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}"}
    seen = sdk.get(lambda c: c.responses.create(model=f"{at}echo", input=asks([image])))
    assert "image/png 70 bytes" in seen.output_text
    parsed = sdk.get(lambda c: c.responses.parse(model=f"{at}echo", input="?", text_format=City))
    assert isinstance(parsed.output_parsed, City)
    thought = sdk.get(
        lambda c: c.responses.create(
            model=f"{at}thinker", input=HELLO, reasoning={"effort": "low", "summary": "auto"}
        )
    )
    assert [item.type for item in thought.output] == ["reasoning", "message"]
    assert thought.usage.output_tokens_details.reasoning_tokens > 0


def test_responses_keep_nothing_to_go_on_from(sdk: Sdk, at: str, customer: Customer) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        sdk.get(
            lambda c: c.responses.create(
                model=f"{at}echo", input="Hi", previous_response_id="resp_1"
            )
        )
    assert caught.value.param == "previous_response_id"
    assert customer.spent() == []


def test_completions(sdk: Sdk, at: str) -> None:
    body: dict[str, Any] = {"model": f"{at}echo", "prompt": HELLO, "max_tokens": 50}
    made = sdk.get(lambda c: c.completions.create(**body))
    assert (made.choices[0].text, made.choices[0].finish_reason) == (HELLO, "stop")
    chunks = sdk.chunks(lambda c: c.completions.create(**body, stream=True))
    assert "".join(x.text for chunk in chunks for x in chunk.choices) == HELLO


def test_embeddings_as_numbers_and_as_base64(sdk: Sdk, customer: Customer) -> None:
    # The SDK asks for base64 by itself and gives numbers.
    made = sdk.get(lambda c: c.embeddings.create(model="echo-embed", input=["a", "b c"]))
    assert [item.index for item in made.data] == [0, 1]
    assert all(isinstance(number, float) for item in made.data for number in item.embedding)
    plain = sdk.get(
        lambda c: c.embeddings.create(
            model="echo-embed", input=["a", "b c"], encoding_format="float"
        )
    )
    assert plain.data[0].embedding == pytest.approx(made.data[0].embedding, abs=1e-6)
    assert customer.spent() == [made.usage.prompt_tokens * 2] * 2


def test_models(sdk: Sdk) -> None:
    names = [model.id for model in sdk.chunks(lambda c: c.models.list())]
    assert {"echo", "anthropic/echo"} <= set(names)
    assert sdk.get(lambda c: c.models.retrieve("echo")).id == "echo"
    with pytest.raises(openai.NotFoundError):
        sdk.get(lambda c: c.models.retrieve("nope"))


@pytest.mark.parametrize(
    ("behaviour", "raised"),
    [
        ("fail-400", openai.BadRequestError),
        ("fail-401", openai.InternalServerError),
        ("fail-429", openai.RateLimitError),
        ("fail-529", openai.InternalServerError),
        ("200-error", openai.InternalServerError),
        ("garbage", openai.InternalServerError),
        ("reset", openai.InternalServerError),
    ],
)
@pytest.mark.parametrize("endpoint", ["chat", "responses"])
def test_errors_of_providers(
    sdk: Sdk,
    at: str,
    customer: Customer,
    behaviour: str,
    raised: type[openai.APIStatusError],
    endpoint: str,
) -> None:
    model = f"{at}echo-{behaviour}"
    calls: dict[str, Call] = {
        "chat": lambda c: c.chat.completions.create(model=model, messages=asks("canary")),
        "responses": lambda c: c.responses.create(model=model, input="canary"),
    }
    with pytest.raises(raised) as caught:
        sdk.get(calls[endpoint])
    assert "canary" not in caught.value.response.text
    assert caught.value.request_id is not None
    assert caught.value.request_id.startswith("req_")
    assert (customer.spent(), customer.holds_open()) == ([], 0)


@pytest.mark.parametrize("endpoint", ["chat", "responses", "completions"])
def test_a_stream_that_breaks_is_an_error(
    sdk: Sdk, at: str, customer: Customer, endpoint: str
) -> None:
    model, words = f"{at}echo-cut", "one two three four five six seven eight"
    calls: dict[str, Call] = {
        "chat": lambda c: c.chat.completions.create(model=model, messages=asks(words), stream=True),
        "responses": lambda c: c.responses.create(model=model, input=words, stream=True),
        "completions": lambda c: c.completions.create(model=model, prompt=words, stream=True),
    }
    with pytest.raises(openai.APIError):
        sdk.chunks(calls[endpoint])
    assert customer.wait_for_log(1)[0].charge_basis == "estimated"
    assert customer.holds_open() == 0


def test_a_wrong_key_is_an_authentication_error(sdk: Sdk) -> None:
    with pytest.raises(openai.AuthenticationError):
        sdk.with_key("lx-wrong").get(lambda c: c.models.list())
