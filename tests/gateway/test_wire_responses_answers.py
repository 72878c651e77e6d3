"""Responses answers: the official SDK reads them, and a stream is the whole answer in pieces."""

import json
from typing import Any

import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from gateway.errors import ApiError, ceiling_reached, stream_broken
from gateway.pricing import Tokens
from gateway.wire import conversation as c
from gateway.wire.call import About
from gateway.wire.events import (
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
from gateway.wire.responses import ResponsesDialect

DIALECT = ResponsesDialect()
TOKENS = Tokens(input=5, cache_read=2, cache_write=3, output=7, reasoning=4)
ENCRYPTED = {"include": ["reasoning.encrypted_content"]}
SUMMARY = {"reasoning": {"effort": "low", "summary": "auto"}}
TOOL = {"type": "function", "name": "weather", "parameters": {"type": "object"}, "strict": True}
ANSWER: list[Event] = [
    Usage(Tokens(input=1), final=False),
    ThinkingDelta("Hm"),
    ThinkingDelta("m."),
    ThinkingSignature("sig"),
    TextDelta("Let me "),
    TextDelta("look."),
    ToolStart("call_1", "weather"),
    ToolArguments('{"city":'),
    ToolArguments('"Oslo"}'),
    ToolStart("call_2", "weather"),
    Finish("tool_calls"),
    Usage(TOKENS),
]
STREAM_EVENTS: TypeAdapter[ResponseStreamEvent] = TypeAdapter(ResponseStreamEvent)


def about(**fields: Any) -> About:
    body = json.dumps({"model": "named", "input": "Hi", **fields}).encode()
    return About(DIALECT.read(body), "named", "req_0123abc", 1_700_000_000)


def whole(events: list[Event], **fields: Any) -> dict[str, Any]:
    body = DIALECT.whole(events, TOKENS, about(**fields))
    Response.model_validate_json(body)
    found: dict[str, Any] = json.loads(body)
    return found


def parsed(stream: bytes) -> list[dict[str, Any]]:
    found = []
    for block in stream.decode().removesuffix("\n\n").split("\n\n"):
        name, data = block.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        found.append(event)
    return found


def streamed(events: list[Event], **fields: Any) -> list[dict[str, Any]]:
    writer = DIALECT.writer(about(**fields))
    found = parsed(b"".join(writer.write([event]) for event in events) + writer.end(TOKENS))
    for number, event in enumerate(found):
        assert event["sequence_number"] == number
        STREAM_EVENTS.validate_python(event)
    return found


def folded(stream: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Build the output from the pieces alone, and hold every `done` against them."""
    items: list[dict[str, Any]] = []
    for event in stream:
        kind = event["type"].removeprefix("response.")
        if kind == "output_item.added":
            assert event["output_index"] == len(items)
            items.append(event["item"])
            continue
        if "output_index" not in event:
            continue
        item = items[event["output_index"]]
        assert event.get("item_id", item["id"]) == item["id"]
        if kind == "content_part.added":
            item["content"].append(event["part"])
        elif kind == "reasoning_summary_part.added":
            item["summary"].append(event["part"])
        elif kind == "output_text.delta":
            item["content"][event["content_index"]]["text"] += event["delta"]
        elif kind == "reasoning_summary_text.delta":
            item["summary"][event["summary_index"]]["text"] += event["delta"]
        elif kind == "function_call_arguments.delta":
            item["arguments"] += event["delta"]
        elif kind == "output_text.done":
            assert event["text"] == item["content"][0]["text"]
        elif kind == "reasoning_summary_text.done":
            assert event["text"] == item["summary"][0]["text"]
        elif kind == "function_call_arguments.done":
            assert event["arguments"] == item["arguments"]
        elif kind == "content_part.done":
            assert event["part"] == item["content"][0]
        elif kind == "reasoning_summary_part.done":
            assert event["part"] == item["summary"][0]
        else:
            assert kind == "output_item.done"
            done = event["item"]
            assert {**item, **{k: done[k] for k in ("status", "encrypted_content") if k in done}} \
                == done  # fmt: skip
            items[event["output_index"]] = done
    return items


def test_an_answer_has_its_items_in_order() -> None:
    found = whole(ANSWER, **SUMMARY, **ENCRYPTED)
    thought, words, *calls = found["output"]
    assert (thought["type"], thought["id"]) == ("reasoning", "rs_0123abc_0")
    assert thought["summary"] == [{"type": "summary_text", "text": "Hmm."}]
    assert words == {
        "id": "msg_0123abc_1",
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [
            {"type": "output_text", "text": "Let me look.", "annotations": [], "logprobs": []}
        ],
    }
    assert [(call["call_id"], call["arguments"], call["status"]) for call in calls] == [
        ("call_1", '{"city":"Oslo"}', "completed"),
        ("call_2", "{}", "completed"),
    ]


def test_an_answer_says_all_that_the_api_says() -> None:
    asked = {
        "instructions": "Be brief.",
        "metadata": {"a": "b"},
        "tools": [TOOL],
        "tool_choice": {"type": "function", "name": "weather"},
        "text": {"format": {"type": "json_object"}},
        "temperature": 0.5,
        "max_output_tokens": 5,
        "parallel_tool_calls": False,
        "store": True,
        **SUMMARY,
    }
    found = whole([TextDelta("{}"), Finish("stop")], **asked)
    kept = ("instructions", "metadata", "tools", "tool_choice", "temperature", "max_output_tokens",
            "parallel_tool_calls", "reasoning")  # fmt: skip
    assert {name: found[name] for name in kept} == {name: asked[name] for name in kept}
    assert found["text"] == {"format": {"type": "json_object"}, "verbosity": "medium"}
    assert (found["id"], found["object"], found["model"]) == ("resp_0123abc", "response", "named")
    assert (found["created_at"], found["status"]) == (1_700_000_000, "completed")
    assert (found["store"], found["previous_response_id"], found["error"]) == (False, None, None)
    assert found["usage"] == {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 3},
        "output_tokens": 7,
        "output_tokens_details": {"reasoning_tokens": 4},
        "total_tokens": 17,
    }


def test_thinking_is_shown_packed_or_left_out_as_the_client_asked() -> None:
    assert whole(ANSWER)["output"][0] == {"id": "rs_0123abc_0", "type": "reasoning", "summary": []}
    assert "encrypted_content" not in whole(ANSWER, **SUMMARY)["output"][0]
    packed = whole(ANSWER, **ENCRYPTED)["output"][0]
    assert packed["summary"] == []
    for hidden in ({"exclude": True}, {"exclude": True, "summary": "auto"}):
        assert whole(ANSWER, reasoning=hidden)["output"][0]["type"] == "message"
        assert "Hm" not in json.dumps(streamed(ANSWER, reasoning=hidden))


@pytest.mark.parametrize("shown", [{}, SUMMARY])
def test_thinking_survives_the_way_to_the_client_and_back(shown: dict[str, Any]) -> None:
    events = [
        *ANSWER[1:4],
        RedactedThinking("opaque"),
        *ANSWER[1:4],
        TextDelta("x"),
        Finish("stop"),
    ]
    output = whole(events, **shown, **ENCRYPTED)["output"]
    again = {"model": "m", "input": [{"role": "user", "content": "Hi"}, *output]}
    turns = DIALECT.conversation(DIALECT.read(json.dumps(again).encode())).turns
    signed = c.Thinking("Hmm.", signature="sig")
    assert turns[1] == c.Turn(
        "assistant", [signed, c.Thinking(redacted="opaque"), signed, c.Text("x")]
    )


@pytest.mark.parametrize(
    ("reason", "said"), [("length", "max_output_tokens"), ("content_filter", "content_filter")]
)
def test_a_cut_answer_is_incomplete_and_so_is_its_last_item(reason: Any, said: str) -> None:
    events: list[Event] = [TextDelta("a"), ToolStart("c", "f"), ToolArguments("{"), Finish(reason)]
    found = whole(events)
    assert (found["status"], found["incomplete_details"]) == ("incomplete", {"reason": said})
    assert [item["status"] for item in found["output"]] == ["completed", "incomplete"]
    last = streamed(events)[-1]
    assert (last["type"], last["response"]) == ("response.incomplete", found)


def test_a_stream_has_every_event_in_its_place() -> None:
    assert [event["type"].removeprefix("response.") for event in streamed(ANSWER, **SUMMARY)] == [
        "created",
        "in_progress",
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "completed",
    ]


TEXTS = st.text(max_size=5)
EVENTS = st.one_of(
    st.builds(TextDelta, TEXTS),
    st.builds(ThinkingDelta, TEXTS),
    st.builds(ThinkingSignature, st.text(min_size=1, max_size=5)),
    st.builds(RedactedThinking, st.text(min_size=1, max_size=5)),
    st.builds(ToolStart, st.uuids().map(str), st.just("f")),
    st.builds(ToolArguments, TEXTS),
    st.just(Usage(TOKENS)),
)
ASKED = st.sampled_from(
    [{}, SUMMARY, ENCRYPTED, {**SUMMARY, **ENCRYPTED}, {"reasoning": {"exclude": True}}]
)
REASONS = st.sampled_from(["stop", "length", "tool_calls", "content_filter"])


@given(events=st.lists(EVENTS, max_size=12), reason=REASONS, asked=ASKED)
def test_a_stream_is_the_whole_answer_in_pieces(
    events: list[Event], reason: Any, asked: dict[str, Any]
) -> None:
    events.append(Finish(reason))
    stream, answer = streamed(events, **asked), whole(events, **asked)
    assert folded(stream) == answer["output"]
    assert stream[-1]["response"] == answer
    assert stream[0]["response"] == {
        **answer, "status": "in_progress", "output": [], "usage": None, "incomplete_details": None
    }  # fmt: skip
    ids = [item["id"] for item in answer["output"]]
    assert len(set(ids)) == len(ids)


def test_nothing_is_written_for_no_events() -> None:
    assert DIALECT.writer(about()).write([]) == b""


def sdk(body: bytes, kind: str = "text/event-stream") -> openai.OpenAI:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=body, headers={"content-type": kind})

    client = httpx2.Client(transport=httpx2.MockTransport(answer))
    return openai.OpenAI(api_key="lx-test", base_url="http://test/v1", http_client=client)


def test_the_official_sdk_reads_whole_answers_and_streams() -> None:
    body = DIALECT.whole(ANSWER, TOKENS, about())
    with sdk(body, "application/json") as client:
        whole_answer = client.responses.create(model="named", input="Hi")
    writer = DIALECT.writer(about())
    with (
        sdk(writer.write(ANSWER) + writer.end(TOKENS)) as client,
        client.responses.stream(model="named", input="Hi") as stream,
    ):
        final = stream.get_final_response()
    assert final.output_text == whole_answer.output_text == "Let me look."
    assert final.usage == whole_answer.usage
    assert [item.type for item in final.output] == [item.type for item in whole_answer.output]


@pytest.mark.parametrize("begun", [True, False])
@pytest.mark.parametrize(
    "error", [stream_broken(), ceiling_reached("credits")], ids=["broken", "ceiling"]
)
def test_the_official_sdk_raises_for_a_stream_that_broke(error: ApiError, begun: bool) -> None:
    writer = DIALECT.writer(about())
    stream = (writer.write(ANSWER[4:6]) if begun else b"") + writer.fail(error)
    first, *_, told, failed = parsed(stream)
    assert first["type"] == "response.created"
    for event in (told, failed):
        STREAM_EVENTS.validate_python({**event, "response": first["response"]})
    assert (told["type"], failed["type"]) == ("error", "response.failed")
    assert told["error"]["type"] == error.kind
    assert told["message"] == told["error"]["message"] == error.message
    assert told["code"] == told["error"]["code"] == error.code
    reason = "insufficient_quota" if error.status == 402 else "server_error"
    assert failed["response"]["status"] == "failed"
    assert failed["response"]["error"] == {"code": reason, "message": error.message}
    with sdk(stream) as client, pytest.raises(openai.APIError) as caught:
        list(client.responses.create(model="named", input="Hi", stream=True))
    assert caught.value.message == error.message


def test_errors_have_openais_shape() -> None:
    body = json.loads(DIALECT.error_body(stream_broken(), "req_1"))
    assert set(body["error"]) == {"message", "type", "param", "code"}
