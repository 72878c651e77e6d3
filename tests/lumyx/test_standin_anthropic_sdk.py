"""The official Anthropic SDK takes the provider stand-in for Anthropic."""

import json

import anthropic
import pytest
from anthropic.types import MessageParam, ToolParam

from tests.lumyx.standin import CANARY, CITY, StandIn

TURN: MessageParam = {"role": "user", "content": CANARY}
TOOL: ToolParam = {"name": "weather", "input_schema": CITY}


@pytest.fixture
def client(standin: StandIn) -> anthropic.Anthropic:
    # Version 2 of the SDK sends the key as a bearer token; the stand-in wants the header that
    # LumyxAI sends, which Anthropic takes as well.
    return anthropic.Anthropic(
        base_url=standin.root, api_key="x", max_retries=0, default_headers={"x-api-key": "x"}
    )


def test_messages_streamed_and_not(client: anthropic.Anthropic) -> None:
    whole = client.messages.create(model="echo", max_tokens=99, messages=[TURN])
    assert whole.content[0].type == "text"
    assert whole.content[0].text == CANARY
    with client.messages.stream(model="echo", max_tokens=99, messages=[TURN]) as stream:
        assert "".join(stream.text_stream) == CANARY
        assert stream.get_final_message().usage.output_tokens == whole.usage.output_tokens == 9
    counted = client.messages.count_tokens(model="echo", messages=[TURN])
    assert counted.input_tokens == whole.usage.input_tokens
    assert "echo" in [model.id for model in client.models.list()]


def test_a_conversation_with_thoughts_and_tools(client: anthropic.Anthropic) -> None:
    asked: MessageParam = {"role": "user", "content": 'call:weather {"city": "Oslo"}'}
    with client.messages.stream(
        model="echo",
        max_tokens=4096,
        messages=[asked],
        tools=[TOOL],
        thinking={"type": "enabled", "budget_tokens": 1024},
    ) as stream:
        made = stream.get_final_message()
    assert [block.type for block in made.content] == ["thinking", "tool_use"]
    use = made.content[1]
    assert use.type == "tool_use"
    assert use.input == {"city": "Oslo"}
    answer = client.messages.create(
        model="echo",
        max_tokens=4096,
        tools=[TOOL],
        thinking={"type": "enabled", "budget_tokens": 1024},
        messages=[
            asked,
            made.to_param(),
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": use.id, "content": "sunny"}],
            },
        ],
    )
    assert answer.content[1].type == "text"
    assert answer.content[1].text == "sunny"


def test_structured_output(client: anthropic.Anthropic) -> None:
    answer = client.messages.create(
        model="echo",
        max_tokens=99,
        messages=[TURN],
        output_config={"format": {"type": "json_schema", "schema": CITY}},
    )
    assert answer.content[0].type == "text"
    assert json.loads(answer.content[0].text) == {"city": CANARY}


def test_errors(client: anthropic.Anthropic) -> None:
    for status, kind in (
        (400, anthropic.BadRequestError),
        (429, anthropic.RateLimitError),
        (529, anthropic.InternalServerError),
    ):
        with pytest.raises(kind):
            client.messages.create(model=f"echo-fail-{status}", max_tokens=9, messages=[TURN])
    with (
        pytest.raises(anthropic.APIStatusError, match="overloaded_error"),
        client.messages.stream(model="echo-error-mid", max_tokens=99, messages=[TURN]) as stream,
    ):
        stream.get_final_message()
