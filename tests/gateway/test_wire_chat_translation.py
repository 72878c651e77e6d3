"""Chat Completions without its dialect, and back: nothing of a conversation is lost."""

import json
from typing import Any

import pytest
from msgspec import Raw

from gateway.errors import ApiError
from gateway.pricing import Tokens
from gateway.wire import conversation as c
from gateway.wire.call import About, Target
from gateway.wire.chat import conversation, provider_body, request
from gateway.wire.chat.provider import OpenAIProvider, OpenAIReader
from gateway.wire.chat.writer import ChatWriter, whole
from gateway.wire.events import (
    BrokenStream,
    Event,
    Finish,
    TextDelta,
    ThinkingDelta,
    ToolArguments,
    ToolStart,
    Usage,
)
from gateway.wire.sse import Events

PIXEL = "iVBORw0KGgo="
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
ASK: dict[str, Any] = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
                {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
                {
                    "type": "file",
                    "file": {
                        "filename": "a.pdf",
                        "file_data": f"data:application/pdf;base64,{PIXEL}",
                    },
                },
            ],
        },
        {
            "role": "assistant",
            "content": "Let me look.",
            "tool_calls": [
                {
                    "id": f"call_{city}",
                    "type": "function",
                    "function": {"name": "weather", "arguments": json.dumps({"city": city})},
                }
                for city in ("Oslo", "Rome")
            ],
        },
        {"role": "tool", "tool_call_id": "call_Oslo", "content": "cold"},
        {"role": "tool", "tool_call_id": "call_Rome", "content": "warm"},
        {"role": "user", "content": "Thanks"},
    ],
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "weather",
                "description": "The weather.",
                "parameters": SCHEMA,
                "strict": True,
            },
        }
    ],
    "tool_choice": "required",
    "parallel_tool_calls": False,
    "temperature": 0.5,
    "top_p": 0.9,
    "stop": ["END", "STOP"],
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True},
    },
}


def read(**fields: Any) -> c.Conversation:
    return conversation.read(request.read(json.dumps({**ASK, **fields}).encode()))


def written(conversation_: c.Conversation, *capabilities: str) -> dict[str, Any]:
    target = Target("up", 100, frozenset(capabilities))
    found: dict[str, Any] = json.loads(provider_body.write(conversation_, target))
    return found


def test_a_conversation_keeps_all_that_was_said() -> None:
    found = read()
    assert [part.text for part in found.system] == ["Be brief.", "Be kind."]
    asked, answered, *results, thanked = found.turns
    assert asked.blocks == [
        c.Text("What is this?"),
        c.Image("image/png", PIXEL),
        c.Image(url="https://example.com/a.png"),
        c.Document("application/pdf", PIXEL, name="a.pdf"),
    ]
    assert [type(block) for block in answered.blocks] == [c.Text, c.ToolUse, c.ToolUse]
    assert [block for turn in results for block in turn.blocks] == [
        c.ToolResult("call_Oslo", [c.Text("cold")]),
        c.ToolResult("call_Rome", [c.Text("warm")]),
    ]
    assert thanked == c.Turn("user", [c.Text("Thanks")])
    assert found.tools == [c.Tool("weather", found.tools[0].schema, "The weather.", True)]
    assert found.tool_choice == c.ToolChoice("required")
    assert (found.parallel, found.temperature, found.top_p) == (False, 0.5, 0.9)
    assert found.stop == ["END", "STOP"]
    assert found.format is not None
    assert (found.format.name, found.format.strict) == ("answer", True)


def test_a_conversation_that_is_written_again_is_the_same() -> None:
    sent = written(read())
    expected = {
        **ASK,
        "model": "up",
        "max_completion_tokens": 100,
        "messages": [{"role": "system", "content": "Be brief.\n\nBe kind."}, *ASK["messages"][2:]],
    }
    assert sent == expected


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("auto", c.ToolChoice("auto")),
        ("none", c.ToolChoice("none")),
        (
            {"type": "function", "function": {"name": "weather"}},
            c.ToolChoice("named", "weather"),
        ),
    ],
)
def test_a_tool_choice_goes_both_ways(choice: Any, expected: c.ToolChoice) -> None:
    found = read(tool_choice=choice)
    assert found.tool_choice == expected
    assert written(found)["tool_choice"] == choice


@pytest.mark.parametrize(
    ("fields", "effort"),
    [
        ({"reasoning_effort": "high"}, "high"),
        ({"reasoning": {"effort": "xhigh"}, "reasoning_effort": "low"}, "xhigh"),
        ({"reasoning": {"max_tokens": 90}}, "high"),
        ({"reasoning": {"max_tokens": 50}}, "medium"),
        ({"reasoning": {"max_tokens": 20}}, "low"),
        ({"reasoning": {"max_tokens": 1}}, "minimal"),
        ({"reasoning": {"enabled": False}}, "none"),
        ({"reasoning": {"enabled": True}}, None),
        ({"reasoning": {"exclude": True}}, None),
    ],
)
def test_the_wish_for_reasoning_is_told_as_an_effort(
    fields: dict[str, Any], effort: str | None
) -> None:
    assert written(read(**fields), "reasoning").get("reasoning_effort") == effort
    assert "reasoning_effort" not in written(read(**fields))
    body = OpenAIProvider.forwards["chat/completions"].body(
        request.read(json.dumps({**ASK, **fields}).encode()),
        Target("up", 100, frozenset({"reasoning"})),
    )
    assert json.loads(body).get("reasoning_effort") == effort
    assert "reasoning" not in json.loads(body)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"audio": {"voice": "a"}}, "audio"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"tools": [{"type": "web_search"}]}, "tools[0]"),
        ({"tool_choice": "maybe"}, "tool_choice"),
        ({"response_format": {"type": "grammar"}}, "response_format"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0]"),
        (
            {"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]},
            "messages[0].content[0]",
        ),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [{"type": "image_url", "image_url": {"url": "data:x"}}],
                    }
                ]
            },
            "messages[0].content[0]",
        ),
        (
            {
                "messages": [
                    {
                        "role": "assistant",
                        "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "["}}],
                    }
                ]
            },
            "messages[0].tool_calls",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_has_no_translation_is_refused_clearly(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(ApiError) as caught:
        read(**fields)
    assert (caught.value.status, caught.value.param) == (400, param)


EVENTS: list[Event] = [
    ThinkingDelta("hm, "),
    ThinkingDelta("so"),
    TextDelta("Hello "),
    TextDelta("there"),
    ToolStart("call_1", "weather"),
    ToolArguments('{"city":'),
    ToolArguments('"Oslo"}'),
    ToolStart("call_2", "now"),
    Finish("tool_calls"),
]
TOKENS = Tokens(input=7, cache_read=2, cache_write=1, output=9, reasoning=3)


def about(**fields: Any) -> About:
    call = request.read(json.dumps({**ASK, "stream": True, **fields}).encode())
    return About(call, "named", "abc", 1_700_000_000)


def test_a_stream_says_the_same_as_the_whole_answer() -> None:
    writer = ChatWriter(about(stream_options={"include_usage": True}))
    stream = b"".join(writer.write([event]) for event in EVENTS) + writer.end(TOKENS)
    *payloads, last = Events().feed(stream)
    assert last == b"[DONE]"
    chunks = [json.loads(payload) for payload in payloads]
    complete = json.loads(whole(EVENTS, TOKENS, about()))
    message = complete["choices"][0]["message"]
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]
    assert deltas[0] == {"role": "assistant", "content": ""}
    for name in ("content", "reasoning_content"):
        assert "".join(delta.get(name) or "" for delta in deltas) == message[name]
    calls: dict[int, dict[str, str]] = {}
    for delta in deltas:
        for call in delta.get("tool_calls", ()):
            known = calls.setdefault(call["index"], {"id": "", "name": "", "arguments": ""})
            known["id"] += call.get("id", "")
            known["name"] += call["function"].get("name", "")
            known["arguments"] += call["function"]["arguments"]
    assert list(calls.values()) == [
        {"id": call["id"], **call["function"]} for call in message["tool_calls"]
    ]
    assert calls[1]["arguments"] == "{}"
    reasons = [c["choices"][0]["finish_reason"] for c in chunks if c["choices"]]
    assert [reason for reason in reasons if reason] == ["tool_calls"]
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"] == complete["usage"]
    assert complete["usage"]["prompt_tokens"] == 10
    assert complete["usage"]["prompt_tokens_details"]["cached_tokens"] == 2
    assert {chunk["id"] for chunk in chunks} == {complete["id"]}
    assert {chunk["model"] for chunk in chunks} == {"named"}


def test_a_client_that_did_not_ask_sees_no_usage() -> None:
    writer = ChatWriter(about())
    stream = writer.write([TextDelta("x"), Finish("stop")]) + writer.end(TOKENS)
    assert b"usage" not in stream


def chunk(delta: dict[str, Any], reason: str | None = None) -> bytes:
    return json.dumps({"choices": [{"delta": delta, "finish_reason": reason}]}).encode()


def piece(index: int, arguments: str, **begun: Any) -> dict[str, Any]:
    function = {"arguments": arguments, **({"name": begun.pop("name")} if begun else {})}
    return {"tool_calls": [{"index": index, **begun, "function": function}]}


def events_of(*payloads: bytes) -> list[Event]:
    reader = OpenAIReader()
    return [event for payload in payloads for event in reader.read(payload)]


def test_tool_calls_whose_pieces_alternate_come_one_after_the_other() -> None:
    found = events_of(
        chunk(piece(0, "", id="a", name="f")),
        chunk(piece(1, '{"y', id="b", name="g")),
        chunk(piece(0, '{"x":')),
        chunk(piece(1, '":2}')),
        chunk(piece(0, "1}")),
        chunk({}, "tool_calls"),
    )
    assert found == [
        ToolStart("a", "f"),
        ToolArguments('{"x":'),
        ToolArguments("1}"),
        ToolStart("b", "g"),
        ToolArguments('{"y'),
        ToolArguments('":2}'),
        Finish("tool_calls"),
    ]


def test_a_tool_call_that_ends_as_a_plain_stop_is_a_tool_call_all_the_same() -> None:
    found = events_of(chunk(piece(0, "{}", id="a", name="f")), chunk({}, "stop"))
    assert found[-1] == Finish("tool_calls")
    body = {
        "choices": [
            {
                "message": {"tool_calls": [{"id": "a", "function": {"name": "f"}}]},
                "finish_reason": "stop",
            }
        ]
    }
    assert OpenAIProvider().read_whole(json.dumps(body).encode())[-1] == Finish("tool_calls")


def test_a_whole_answer_is_read_with_its_usage() -> None:
    complete = json.loads(whole(EVENTS, TOKENS, about()))
    found = OpenAIProvider().read_whole(json.dumps(complete).encode())
    assert found == [
        ThinkingDelta("hm, so"),
        TextDelta("Hello there"),
        ToolStart("call_1", "weather"),
        ToolArguments('{"city":"Oslo"}'),
        ToolStart("call_2", "now"),
        ToolArguments("{}"),
        Finish("tool_calls"),
        Usage(TOKENS),
    ]


@pytest.mark.parametrize(
    "broken", [b"x", b"[]", b'{"error":{"message":"no"}}', b'{"choices":[{"delta":5}]}']
)
def test_a_chunk_that_is_none_breaks_the_stream(broken: bytes) -> None:
    with pytest.raises(BrokenStream):
        OpenAIReader().read(broken)
    with pytest.raises(ApiError) as caught:
        OpenAIProvider().read_whole(broken)
    assert caught.value.status == 502


def test_thinking_and_tool_results_with_images_fit_openais_shape() -> None:
    found = c.Conversation(
        system=[],
        turns=[
            c.Turn("user", [c.Text("Go")]),
            c.Turn("assistant", [c.Thinking("hm", "sig"), c.ToolUse("t", "f", "{}")]),
            c.Turn("user", [c.ToolResult("t", [c.Text("ok"), c.Image("image/png", PIXEL)])]),
            c.Turn("assistant", [c.Thinking("only thought", "sig")]),
        ],
        tools=[c.Tool("f", Raw(b"{}"))],
        stream=True,
    )
    sent = written(found)
    assert [message["role"] for message in sent["messages"]] == [
        "user",
        "assistant",
        "tool",
        "user",
    ]
    assert sent["messages"][3]["content"][0]["type"] == "image_url"
    assert sent["stream_options"] == {"include_usage": True}
    assert "hm" not in json.dumps(sent)
