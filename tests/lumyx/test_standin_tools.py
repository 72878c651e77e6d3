"""The provider stand-in calls tools when it is told to, alike in both dialects."""

import json
from typing import Any

import pytest

from tests.lumyx.standin import (
    CHAT,
    CITY,
    MESSAGES,
    StandIn,
    chat_events,
    messages_events,
    rebuild,
    text_of,
)

TOLD = 'Please.\ncall:weather {"city": "Oslo"}\ncall:time {"zone": "Ö"}\ncall:nothing {"a": 1}'
ANY_OBJECT: dict[str, Any] = {"type": "object", "properties": {}}
CHOICES = {
    "auto": ("auto", {"type": "auto"}),
    "none": ("none", {"type": "none"}),
    "required": ("required", {"type": "any"}),
    "named": (
        {"type": "function", "function": {"name": "time"}},
        {"type": "tool", "name": "time"},
    ),
}
Called = list[tuple[str, Any]]


def offer(dialect: str, schemas: dict[str, Any]) -> list[dict[str, Any]]:
    if dialect == MESSAGES:
        return [{"name": name, "input_schema": schema} for name, schema in schemas.items()]
    return [
        {"type": "function", "function": {"name": name, "parameters": schema}}
        for name, schema in schemas.items()
    ]


def ask(
    standin: StandIn, dialect: str, text: str, choice: str, *, parallel: bool = True, **more: Any
) -> tuple[Called, str]:
    """Return the called tools and how the answer ended; streamed and not must agree."""
    chat_choice, messages_choice = CHOICES[choice]
    fields = more | {
        "messages": [{"role": "user", "content": text}],
        "tools": offer(dialect, {"weather": CITY, "time": ANY_OBJECT}),
        "tool_choice": chat_choice if dialect == CHAT else dict(messages_choice),
    }
    if not parallel and dialect == CHAT:
        fields["parallel_tool_calls"] = False
    elif not parallel:
        fields["tool_choice"]["disable_parallel_tool_use"] = True
    found = [
        (read_chat if dialect == CHAT else read_messages)(standin, fields | {"stream": stream})
        for stream in (False, True)
    ]
    assert found[0] == found[1]
    return found[0]


def read_messages(standin: StandIn, fields: dict[str, Any]) -> tuple[Called, str]:
    answer = standin.messages(**fields)
    message = rebuild(messages_events(answer)) if fields["stream"] else answer.json()
    uses = [block for block in message["content"] if block["type"] == "tool_use"]
    assert all(use["id"].startswith("toolu_01") for use in uses)
    return [(use["name"], use["input"]) for use in uses], message["stop_reason"]


def read_chat(standin: StandIn, fields: dict[str, Any]) -> tuple[Called, str]:
    answer = standin.chat(**fields)
    if not fields["stream"]:
        choice = answer.json()["choices"][0]
        calls = [call["function"] for call in choice["message"].get("tool_calls", [])]
        called = [(call["name"], json.loads(call["arguments"])) for call in calls]
        return called, choice["finish_reason"]
    events = chat_events(answer)
    calls = []
    for event in events:
        for delta in event["choices"][0]["delta"].get("tool_calls", []):
            if "id" in delta:
                assert delta["index"] == len(calls)
                assert delta["function"]["arguments"] == ""
                calls.append([delta["function"]["name"], ""])
            else:
                calls[delta["index"]][1] += delta["function"]["arguments"]
    return [(n, json.loads(a)) for n, a in calls], events[-1]["choices"][0]["finish_reason"]


@pytest.mark.parametrize("dialect", [CHAT, MESSAGES])
def test_lines_call_the_offered_tools_that_they_name(standin: StandIn, dialect: str) -> None:
    ended = {CHAT: ("tool_calls", "stop"), MESSAGES: ("tool_use", "end_turn")}[dialect]
    both = [("weather", {"city": "Oslo"}), ("time", {"zone": "Ö"})]
    assert ask(standin, dialect, TOLD, "auto") == (both, ended[0])
    assert ask(standin, dialect, TOLD, "required") == (both, ended[0])
    assert ask(standin, dialect, TOLD, "named") == (both[1:], ended[0])
    assert ask(standin, dialect, TOLD, "none") == ([], ended[1])
    assert ask(standin, dialect, TOLD, "auto", parallel=False) == (both[:1], ended[0])
    assert ask(standin, dialect, "call:weather {not json}", "auto") == ([], ended[1])


@pytest.mark.parametrize("dialect", [CHAT, MESSAGES])
def test_a_forced_tool_gets_arguments_that_satisfy_its_schema(
    standin: StandIn, dialect: str
) -> None:
    ended = {CHAT: "tool_calls", MESSAGES: "tool_use"}[dialect]
    assert ask(standin, dialect, "Hi", "required") == ([("weather", {"city": "Hi"})], ended)
    assert ask(standin, dialect, "Hi", "named") == ([("time", {})], ended)


def test_arguments_are_streamed_in_several_pieces(standin: StandIn) -> None:
    turns = [{"role": "user", "content": TOLD}]
    tools = offer(CHAT, {"weather": CITY})
    events = chat_events(standin.chat(messages=turns, tools=tools, stream=True))
    pieces = [event["choices"][0]["delta"].get("tool_calls") for event in events]
    assert len([piece for piece in pieces if piece and "id" not in piece[0]]) > 2
    tools = offer(MESSAGES, {"weather": CITY})
    found = messages_events(standin.messages(messages=turns, tools=tools, stream=True))
    deltas = [
        event["delta"]["partial_json"] for event in found if "index" in event and "delta" in event
    ]
    assert deltas[0] == ""
    assert len(deltas) > 3


@pytest.mark.parametrize("dialect", [CHAT, MESSAGES])
def test_a_result_is_answered_with_its_text(standin: StandIn, dialect: str) -> None:
    said = {"role": "user", "content": TOLD}
    tools = offer(dialect, {"weather": CITY, "time": ANY_OBJECT})
    turns: list[dict[str, Any]]
    if dialect == CHAT:
        made = standin.chat(messages=[said], tools=tools).json()["choices"][0]["message"]
        ids = [call["id"] for call in made["tool_calls"]]
        turns = [
            {"role": "tool", "tool_call_id": number, "content": text}
            for number, text in zip(ids, ("sunny", "noon"), strict=True)
        ]
    else:
        made = {"role": "assistant"}
        made["content"] = standin.messages(messages=[said], tools=tools).json()["content"]
        ids = [block["id"] for block in made["content"]]
        content = [
            {"type": "tool_result", "tool_use_id": number, "content": text}
            for number, text in zip(ids, ("sunny", "noon"), strict=True)
        ]
        turns = [{"role": "user", "content": content}]
    answer = standin.ask(dialect, messages=[said, made, *turns], tools=tools)
    assert text_of(dialect, answer) == "noon"
    turns.append({"role": "user", "content": "Thanks"})
    answer = standin.ask(dialect, messages=[said, made, *turns], tools=tools)
    assert text_of(dialect, answer) == "Thanks"


def test_chat_wants_a_result_for_each_call(standin: StandIn) -> None:
    function = {"name": "weather", "arguments": "{}"}
    call = {"id": "call_1", "type": "function", "function": function}
    asked = [{"role": "user", "content": "Hi"}, {"role": "assistant", "tool_calls": [call]}]
    result = {"role": "tool", "tool_call_id": "call_1", "content": "sunny"}
    assert standin.chat(messages=asked).status_code == 400
    assert standin.chat(messages=[*asked, result | {"tool_call_id": "x"}]).status_code == 400
    assert standin.chat(messages=[*asked, result]).status_code == 200


def test_arguments_of_parallel_calls_may_take_turns(standin: StandIn) -> None:
    tools = offer(CHAT, {"weather": CITY, "time": CITY})
    events = chat_events(standin.chat("echo-interleaved", tools=tools, stream=True))
    deltas = [event["choices"][0]["delta"].get("tool_calls") for event in events]
    indexes = [delta[0]["index"] for delta in deltas if delta]
    assert indexes[:6] == [0, 1, 0, 1, 0, 1]
    calls = standin.chat("echo-interleaved", tools=tools).json()["choices"][0]["message"]
    assert [call["function"]["name"] for call in calls["tool_calls"]] == ["weather", "time"]
