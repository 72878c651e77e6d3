"""Anthropic's answers, whole and streamed, read and written: golden transcripts both ways."""

import json
from typing import Any

import pytest

from gateway.errors import ApiError, upstream_failed
from gateway.meter import Meter
from gateway.pricing import Tokens
from gateway.wire.call import About
from gateway.wire.chat.writer import ChatWriter
from gateway.wire.events import (
    BrokenStream,
    Event,
    Finish,
    RedactedThinking,
    TextDelta,
    ThinkingDelta,
    ThinkingSignature,
    ToolArguments,
    ToolStart,
    Usage,
)
from gateway.wire.messages import request
from gateway.wire.messages.forward import MessagesForward
from gateway.wire.messages.provider import AnthropicProvider, AnthropicReader
from gateway.wire.messages.provider_body import JSON_TOOL
from gateway.wire.messages.writer import MessagesWriter, whole
from gateway.wire.sse import Events

STREAM = b"""\
event: message_start
data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant",\
"content":[],"model":"up","usage":{"input_tokens":7,"cache_read_input_tokens":2,\
"cache_creation_input_tokens":1,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}

event: ping
data: {"type":"ping"}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"sig"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking",\
"data":"xyz"}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: content_block_start
data: {"type":"content_block_start","index":2,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"Hello "}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"there"}}

event: content_block_stop
data: {"type":"content_block_stop","index":2}

event: content_block_start
data: {"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"t1",\
"name":"weather","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta",\
"partial_json":"{\\"city\\":"}}

event: content_block_delta
data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta",\
"partial_json":"\\"Oslo\\"}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":3}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},\
"usage":{"output_tokens":9,"output_tokens_details":{"thinking_tokens":3}}}

event: message_stop
data: {"type":"message_stop"}

"""
TOKENS = Tokens(input=7, cache_read=2, cache_write=1, output=9, reasoning=3)
SAID: list[Event] = [
    ThinkingDelta("hm"),
    ThinkingSignature("sig"),
    RedactedThinking("xyz"),
    TextDelta("Hello "),
    TextDelta("there"),
    ToolStart("t1", "weather"),
    ToolArguments('{"city":'),
    ToolArguments('"Oslo"}'),
    Finish("tool_calls"),
]
PAYLOADS = Events().feed(STREAM)


def about() -> About:
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    call = request.read(json.dumps(body).encode())
    return About(call, "named", "abc", 1_700_000_000)


def metering() -> Meter:
    return Meter(call_id="abc", streamed=True, input_estimate=5)


def events_of(payloads: list[bytes]) -> list[Event]:
    reader = AnthropicReader()
    return [event for payload in payloads for event in reader.read(payload)]


def test_a_stream_is_read_with_its_usage() -> None:
    found = events_of(PAYLOADS)
    assert [event for event in found if not isinstance(event, Usage)] == SAID
    assert [event for event in found if isinstance(event, Usage)] == [
        Usage(Tokens(input=7, cache_read=2, cache_write=1, output=1), final=False),
        Usage(TOKENS),
    ]


def test_the_end_of_a_stream_is_known_only_by_its_last_event() -> None:
    reader = AnthropicReader()
    closed = []
    for payload in PAYLOADS:
        reader.read(payload)
        closed.append(reader.closed)
    assert closed == [False] * (len(PAYLOADS) - 1) + [True]


def test_a_whole_answer_is_read_as_its_stream_is() -> None:
    complete = whole(SAID, TOKENS, about())
    assert AnthropicProvider().read_whole(complete) == [
        *SAID[:3],
        TextDelta("Hello there"),
        SAID[5],
        ToolArguments('{"city":"Oslo"}'),
        SAID[-1],
        # Its reasoning has no place in Anthropic's usage as we write it.
        Usage(Tokens(input=7, cache_read=2, cache_write=1, output=9)),
    ]


def blocks_of(stream: bytes) -> list[dict[str, Any]]:
    """Put the blocks of a stream together, which must never overlap."""
    found: list[dict[str, Any]] = []
    is_open = False
    for payload in Events().feed(stream):
        event = json.loads(payload)
        if event["type"] == "content_block_start":
            assert not is_open
            assert event["index"] == len(found)
            found.append(dict(event["content_block"]))
            is_open = True
        elif event["type"] == "content_block_stop":
            assert (event["index"], is_open) == (len(found) - 1, True)
            is_open = False
        elif event["type"] == "content_block_delta":
            assert (event["index"], is_open) == (len(found) - 1, True)
            for name, value in event["delta"].items():
                if name != "type":
                    known = found[-1].get(name, "")
                    found[-1][name] = known + value
    assert not is_open
    for block in found:
        if (text := block.pop("partial_json", None)) is not None:
            block["input"] = json.loads(text)
    return found


def test_a_stream_that_is_written_says_the_same_as_the_whole_answer() -> None:
    writer = MessagesWriter(about())
    stream = b"".join(writer.write([event]) for event in SAID) + writer.end(TOKENS)
    complete = json.loads(whole(SAID, TOKENS, about()))
    assert blocks_of(stream) == complete["content"] == blocks_of(STREAM)
    payloads = [json.loads(payload) for payload in Events().feed(stream)]
    lines = stream.decode().split("\n")
    names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    assert names == [payload["type"] for payload in payloads]
    start, delta, stop = payloads[0], payloads[-2], payloads[-1]
    assert start["message"]["content"] == []
    assert start["message"]["usage"]["input_tokens"] > 0
    assert start["message"]["id"] == complete["id"]
    assert delta["delta"] == {"stop_reason": "tool_use", "stop_sequence": None}
    assert delta["usage"] == complete["usage"]
    assert delta["usage"]["output_tokens"] == 9
    assert stop == {"type": "message_stop"}
    assert (start["message"]["model"], complete["model"]) == ("named", "named")


@pytest.mark.parametrize(
    ("finish", "expected"),
    [
        (Finish("stop"), ("end_turn", None)),
        (Finish("stop", "END"), ("stop_sequence", "END")),
        (Finish("length"), ("max_tokens", None)),
        (Finish("content_filter"), ("refusal", None)),
    ],
)
def test_why_an_answer_ended_goes_both_ways(
    finish: Finish, expected: tuple[str, str | None]
) -> None:
    said: list[Event] = [TextDelta("x"), finish]
    complete = whole(said, TOKENS, about())
    found = json.loads(complete)
    assert (found["stop_reason"], found["stop_sequence"]) == expected
    writer = MessagesWriter(about())
    stream = writer.write(said) + writer.end(TOKENS)
    delta = json.loads(Events().feed(stream)[-2])["delta"]
    assert (delta["stop_reason"], delta["stop_sequence"]) == expected
    assert finish in AnthropicProvider().read_whole(complete)
    assert finish in events_of(Events().feed(stream))


def test_a_tool_call_that_ends_as_end_turn_is_a_tool_call_all_the_same() -> None:
    called = STREAM.replace(b'"stop_reason":"tool_use"', b'"stop_reason":"end_turn"')
    assert events_of(Events().feed(called))[-1] == Finish("tool_calls")
    said: list[Event] = [ToolStart("t", "f"), Finish("stop")]
    writer = MessagesWriter(about())
    stream = writer.write(said) + writer.end(TOKENS)
    assert b'"stop_reason":"tool_use"' in stream
    complete = whole(said, TOKENS, about())
    assert json.loads(complete)["stop_reason"] == "tool_use"
    ended = complete.replace(b'"tool_use","stop_sequence"', b'"end_turn","stop_sequence"')
    assert Finish("tool_calls") in AnthropicProvider().read_whole(ended)


def test_a_stream_of_anthropics_reads_well_in_openais_dialect() -> None:
    writer = ChatWriter(about())
    stream = writer.write(events_of(PAYLOADS)) + writer.end(TOKENS)
    *payloads, last = Events().feed(stream)
    assert last == b"[DONE]"
    choices = [choice for payload in payloads for choice in json.loads(payload)["choices"]]
    deltas = [choice["delta"] for choice in choices]
    assert "".join(delta.get("content") or "" for delta in deltas) == "Hello there"
    assert "".join(delta.get("reasoning_content") or "" for delta in deltas) == "hm"
    pieces = [call for delta in deltas for call in delta.get("tool_calls", ())]
    assert "".join(piece["function"]["arguments"] for piece in pieces) == '{"city":"Oslo"}'


def test_json_that_came_by_our_tool_is_text_again() -> None:
    named = STREAM.replace(b'"name":"weather"', b'"name":"%b"' % JSON_TOOL.encode())
    found = events_of(Events().feed(named))
    assert [event.text for event in found if isinstance(event, TextDelta)][2:] == [
        '{"city":',
        '"Oslo"}',
    ]
    assert not any(isinstance(event, ToolStart) for event in found)
    assert found[-1] == Finish("stop")


def test_arguments_that_are_no_object_still_reach_the_client() -> None:
    said: list[Event] = [ToolStart("t", "f"), ToolArguments("[1]"), Finish("tool_calls")]
    content = json.loads(whole(said, TOKENS, about()))["content"]
    assert content[0]["input"] == {"arguments": "[1]"}


@pytest.mark.parametrize(
    "broken",
    [
        b"x",
        b"[]",
        b'{"type":"error","error":{"type":"overloaded_error","message":"no"}}',
        b'{"type":"content_block_delta","delta":5}',
    ],
)
def test_an_event_that_is_none_breaks_the_stream(broken: bytes) -> None:
    with pytest.raises(BrokenStream):
        AnthropicReader().read(broken)
    with pytest.raises(ApiError) as caught:
        AnthropicProvider().read_whole(broken)
    assert caught.value.status == 502
    passage = MessagesForward().passage(about(), metering())
    passed = passage.take([*PAYLOADS[:8], broken, *PAYLOADS[8:]])
    assert passage.broken
    assert passed.count(b"event: ") == 8


@pytest.mark.parametrize("kind", ["a\\n\\nevent: message_stop", "", "x: y"])
def test_an_event_cannot_smuggle_in_another(kind: str) -> None:
    passage = MessagesForward().passage(about(), metering())
    assert passage.take([b'{"type":"%b"}' % kind.encode()]) == b""
    assert passage.broken


@pytest.mark.parametrize(
    "usage",
    [
        {"input_tokens": -7, "output_tokens": 3},
        {"input_tokens": True, "output_tokens": 3},
        {"input_tokens": "7", "output_tokens": 3},
        {"input_tokens": 7.5, "output_tokens": 3},
        {"input_tokens": 10**18, "output_tokens": 3},
        {"output_tokens": 3},
        {"input_tokens": 3},
        {"input_tokens": 7, "output_tokens": 3, "output_tokens_details": {"thinking_tokens": 4}},
        {},
        5,
    ],
    ids=str,
)
def test_counts_that_cannot_be_are_not_believed(usage: Any) -> None:
    complete = json.loads(whole(SAID, TOKENS, about())) | {"usage": usage}
    assert AnthropicProvider().read_whole(json.dumps(complete).encode())[-1] == Usage(None)
    meter = metering()
    MessagesForward().whole(json.dumps(complete).encode(), about(), meter)
    assert not meter.reported


def test_what_is_forwarded_is_what_came_save_the_name() -> None:
    meter = metering()
    passage = MessagesForward().passage(about(), meter)
    passed = passage.take(PAYLOADS) + passage.end(TOKENS)
    sent, came = Events().feed(passed), PAYLOADS
    assert sent[1:] == came[1:]
    first = json.loads(sent[0])
    assert first["message"].pop("model") == "named"
    original = json.loads(came[0])
    original["message"].pop("model")
    assert first == original
    assert (passage.finished, passage.closed, passage.broken) == (True, True, False)
    assert meter.tokens() == TOKENS


def test_a_stream_that_fails_says_so_and_never_stops_as_if_whole() -> None:
    error = upstream_failed(502)
    for failing in (MessagesWriter(about()), MessagesForward().passage(about(), metering())):
        ended = failing.fail(error)
        assert ended.startswith(b"event: error\ndata: ")
        assert json.loads(Events().feed(ended)[0])["error"]["type"] == "api_error"
        assert b"message_stop" not in ended
