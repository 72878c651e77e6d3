"""The same conversation in every pair of dialects, at two provider servers written by others.

Whoever asks in whatever dialect gets the same text, tool calls, reason to stop and tokens as
the provider gave in its own, streamed or not, and pays for exactly these tokens.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import anthropic
import openai
import pytest

from gateway.models import Dialect
from tests import peers
from tests.customers import Customer
from tests.models import add_model, add_provider, offer
from tests.peers import Peer
from tests.processes import Server

SYSTEM = "Be brief."
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}}
CALLS = [("weather", {"city": "Oslo"}), ("weather", {"city": "Rome"})]


class Said(NamedTuple):
    """What an answer comes to, without its dialect."""

    text: str
    calls: list[tuple[str, Any]]
    reason: str
    input_tokens: int
    output_tokens: int


@pytest.fixture(scope="module")
def aimock(database: None) -> Iterator[Peer]:
    peer = peers.aimock()
    yield peer
    peer.stop()


@pytest.fixture(scope="module")
def mock_ai_api(database: None) -> Iterator[Peer]:
    peer = peers.mock_ai_api()
    yield peer
    peer.stop()


def offered(
    server: Server, customer: Customer, peer: Peer, dialect: Dialect, upstream_name: str
) -> str:
    """Offer a model of a peer and return its name."""
    url = peer.openai if dialect == Dialect.OPENAI else peer.anthropic
    provider = add_provider(url, dialect=dialect)
    name = f"{provider.name}-model"
    return offer(server, customer, add_model(name, provider, upstream_name=upstream_name))


def by_chat(
    server: Server, key: str, model: str, turns: list[dict[str, Any]], *, stream: bool
) -> Said:
    client = openai.OpenAI(base_url=server.api, api_key=key, max_retries=0)
    messages: list[Any] = [{"role": "system", "content": SYSTEM}]
    for turn in turns:
        if "calls" in turn:
            messages.append(
                {
                    "role": "assistant",
                    "tool_calls": [
                        {
                            "id": f"call_{n}",
                            "type": "function",
                            "function": {"name": name, "arguments": json.dumps(arguments)},
                        }
                        for n, (name, arguments) in enumerate(turn["calls"])
                    ],
                }
            )
        elif "results" in turn:
            messages += [
                {"role": "tool", "tool_call_id": f"call_{n}", "content": result}
                for n, result in enumerate(turn["results"])
            ]
        else:
            messages.append({"role": "user", "content": turn["user"]})
    function = {"name": "weather", "parameters": SCHEMA}
    body: dict[str, Any] = {
        "model": model,
        "messages": messages,
        "tools": [{"type": "function", "function": function}],
        "max_tokens": 500,
    }
    if stream:
        body["stream_options"] = {"include_usage": True}
        with client.chat.completions.stream(**body) as events:
            answer: Any = events.get_final_completion()
    else:
        answer = client.chat.completions.create(**body)
    choice = answer.choices[0]
    return Said(
        choice.message.content or "",
        [
            (call.function.name, json.loads(call.function.arguments))
            for call in choice.message.tool_calls or ()
        ],
        choice.finish_reason,
        answer.usage.prompt_tokens,
        answer.usage.completion_tokens,
    )


REASONS = {"end_turn": "stop", "tool_use": "tool_calls", "max_tokens": "length"}


def by_messages(
    server: Server, key: str, model: str, turns: list[dict[str, Any]], *, stream: bool
) -> Said:
    client = anthropic.Anthropic(base_url=f"{server.url}/api", api_key=key, max_retries=0)
    messages: list[Any] = []
    for turn in turns:
        if "calls" in turn:
            used = [
                {"type": "tool_use", "id": f"call_{n}", "name": name, "input": arguments}
                for n, (name, arguments) in enumerate(turn["calls"])
            ]
            messages.append({"role": "assistant", "content": used})
        elif "results" in turn:
            results = [
                {"type": "tool_result", "tool_use_id": f"call_{n}", "content": result}
                for n, result in enumerate(turn["results"])
            ]
            messages.append({"role": "user", "content": results})
        else:
            messages.append({"role": "user", "content": turn["user"]})
    body: dict[str, Any] = {
        "model": model,
        "messages": messages,
        "system": SYSTEM,
        "tools": [{"name": "weather", "input_schema": SCHEMA}],
        "max_tokens": 500,
    }
    if stream:
        with client.messages.stream(**body) as events:
            answer: Any = events.get_final_message()
    else:
        answer = client.messages.create(**body)
    usage = answer.usage
    cached = (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
    return Said(
        "".join(block.text for block in answer.content if block.type == "text"),
        [(block.name, block.input) for block in answer.content if block.type == "tool_use"],
        REASONS[answer.stop_reason],
        usage.input_tokens + cached,
        usage.output_tokens,
    )


def by_responses(
    server: Server, key: str, model: str, turns: list[dict[str, Any]], *, stream: bool
) -> Said:
    client = openai.OpenAI(base_url=server.api, api_key=key, max_retries=0)
    items: list[Any] = []
    for turn in turns:
        if "calls" in turn:
            items += [
                {
                    "type": "function_call",
                    "call_id": f"call_{n}",
                    "name": name,
                    "arguments": json.dumps(arguments),
                }
                for n, (name, arguments) in enumerate(turn["calls"])
            ]
        elif "results" in turn:
            items += [
                {"type": "function_call_output", "call_id": f"call_{n}", "output": result}
                for n, result in enumerate(turn["results"])
            ]
        else:
            items.append({"role": "user", "content": turn["user"]})
    body: dict[str, Any] = {
        "model": model,
        "input": items,
        "instructions": SYSTEM,
        "tools": [{"type": "function", "name": "weather", "parameters": SCHEMA}],
        "max_output_tokens": 500,
    }
    if stream:
        with client.responses.stream(**body) as events:
            answer: Any = events.get_final_response()
    else:
        answer = client.responses.create(**body)
    calls = [
        (item.name, json.loads(item.arguments))
        for item in answer.output
        if item.type == "function_call"
    ]
    assert answer.status == "completed"
    return Said(
        answer.output_text,
        calls,
        "tool_calls" if calls else "stop",
        answer.usage.input_tokens,
        answer.usage.output_tokens,
    )


CLIENTS = {"chat": by_chat, "messages": by_messages, "responses": by_responses}
HELLO = [{"user": "Hello"}]
ASKED = [{"user": "How is the weather in Oslo and Rome?"}]
TOLD = [*ASKED, {"calls": CALLS}, {"results": ["cold", "warm"]}]


def assert_paid(customer: Customer, answers: list[Said]) -> None:
    expected = sorted(said.input_tokens * 2 + said.output_tokens * 8 for said in answers)
    assert sorted(customer.spent()) == expected
    assert customer.holds_open() == 0


@pytest.mark.parametrize("dialect", [Dialect.OPENAI, Dialect.ANTHROPIC])
@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (HELLO, Said("Hello there, how are you today?", [], "stop", 40, 12)),
        (ASKED, Said("", CALLS, "tool_calls", 40, 12)),
        (TOLD, Said("Oslo is cold and Rome is warm.", [], "stop", 40, 12)),
    ],
    ids=["text", "parallel tools", "tool results"],
)
def test_aimock_says_the_same_in_every_dialect(
    server: Server,
    customer: Customer,
    aimock: Peer,
    dialect: Dialect,
    turns: list[dict[str, Any]],
    expected: Said,
) -> None:
    model = offered(server, customer, aimock, dialect, "any-model")
    answers = []
    for ask in CLIENTS.values():
        for stream in (False, True):
            answers.append(ask(server, customer.key, model, turns, stream=stream))
            assert answers[-1] == expected, (ask.__name__, stream)
    assert_paid(customer, answers)


@pytest.mark.parametrize(
    ("dialect", "names"),
    [
        (Dialect.OPENAI, ("gpt:mock-text", "gpt:mock-tool-call", "gpt:mock-tool-stream")),
        (
            Dialect.ANTHROPIC,
            ("claude:mock-text", "claude:mock-tool-use", "claude:mock-tool-stream"),
        ),
    ],
)
def test_mock_ai_api_says_the_same_in_every_dialect(
    server: Server,
    customer: Customer,
    mock_ai_api: Peer,
    dialect: Dialect,
    names: tuple[str, str, str],
) -> None:
    text, tool, tool_stream = (
        offered(server, customer, mock_ai_api, dialect, name) for name in names
    )
    answers: list[Said] = []

    def answers_of(model: str, *, stream: bool) -> Said:
        found = [ask(server, customer.key, model, HELLO, stream=stream) for ask in CLIENTS.values()]
        answers.extend(found)
        first = found[0]
        assert found == [first] * len(found)
        return first

    whole, streamed = answers_of(text, stream=False), answers_of(text, stream=True)
    assert whole == streamed
    assert (whole.text, whole.reason) == ("Hello. It's nice to meet you.", "stop")
    called = answers_of(tool, stream=False)
    assert (called.calls[0][0], called.reason) == ("Write", "tool_calls")
    # It counts the tokens of a streamed tool call in its own way, so that is not compared.
    assert answers_of(tool_stream, stream=True)[1:3] == called[1:3]
    assert_paid(customer, answers)
