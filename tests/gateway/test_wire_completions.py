"""Legacy completions: what is read, what can be translated, and how answers look."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import Completion

from gateway.errors import ApiError, stream_broken
from gateway.pricing import Tokens
from gateway.wire import conversation as c
from gateway.wire.call import About, Call
from gateway.wire.completions import DONE, CompletionsDialect
from gateway.wire.events import Event, Finish, TextDelta, ThinkingDelta, ToolStart, Usage
from gateway.wire.sse import Events

DIALECT = CompletionsDialect()
TOKENS = Tokens(input=5, cache_read=2, output=7, reasoning=1)
ANSWER: list[Event] = [
    ThinkingDelta("Hm."),
    TextDelta("upon "),
    TextDelta("a time"),
    Finish("length"),
    Usage(TOKENS),
]
LONG = "word " * 50_000


def read(**fields: Any) -> Call:
    return DIALECT.read(json.dumps({"model": "m", "prompt": "Once", **fields}).encode())


def about(**fields: Any) -> About:
    return About(read(**fields), "named", "req_0123abc", 1_700_000_000)


def streamed(events: list[Event], **fields: Any) -> list[dict[str, Any]]:
    writer = DIALECT.writer(about(stream=True, **fields))
    stream = b"".join(writer.write([event]) for event in events) + writer.end(TOKENS)
    assert stream.endswith(DONE)
    return [json.loads(data) for data in Events().feed(stream.removesuffix(DONE))]


def test_a_prompt_is_a_turn_of_the_user() -> None:
    for prompt in ("Once", ["Once"]):
        call = read(prompt=prompt, stop="END", temperature=0.5, top_p=0.9, stream=True)
        found = DIALECT.conversation(call)
        assert found.turns == [c.Turn("user", [c.Text("Once")])]
        assert (found.stop, found.temperature, found.top_p) == (["END"], 0.5, 0.9)
        assert (found.stream, found.show_reasoning) == (True, False)


def test_output_is_limited_to_sixteen_tokens_unless_asked_otherwise() -> None:
    assert read().most_output == 16
    assert read(max_tokens=None).most_output == 16
    assert read(max_tokens=500).most_output == 500


def test_every_completion_of_every_prompt_is_counted() -> None:
    assert read().choices == 1
    assert read(n=2, best_of=5).choices == 5
    assert read(prompt=["a", "b", "c"], n=2).choices == 6
    assert read(prompt=[1, 2, 3]).choices == 1
    assert read(prompt=[[1], [2, 3]], n=3).choices == 6


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": ["a", ""]}, "prompt"),
        ({"prompt": ["a", 1]}, "prompt"),
        ({"prompt": [1, [2]]}, "prompt"),
        ({"prompt": [[1], []]}, "prompt"),
        ({"prompt": None}, "prompt"),
        ({"model": ""}, "model"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"n": 0}, "n"),
        ({"n": 3, "best_of": 2}, "best_of"),
        ({"prompt": ["a"] * 100, "n": 100}, "n"),
        ({"stream": "yes"}, "stream"),
    ],
)
def test_what_is_wrong_is_refused_with_its_name(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(ApiError) as caught:
        read(**fields)
    assert (caught.value.status, caught.value.param) == (400, param)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": ["a", "b"]}, "prompt"),
        ({"prompt": [1, 2]}, "prompt"),
        ({"prompt": [[1, 2]]}, "prompt"),
        ({"n": 2}, "n"),
        ({"best_of": 2}, "best_of"),
        ({"echo": True}, "echo"),
        ({"suffix": "end"}, "suffix"),
        ({"logprobs": 0}, "logprobs"),
    ],
)
def test_what_a_chat_model_cannot_do_is_refused_only_where_it_is_translated(
    fields: dict[str, Any], param: str
) -> None:
    call = read(**fields)
    with pytest.raises(ApiError) as caught:
        DIALECT.conversation(call)
    assert (caught.value.status, caught.value.param) == (400, param)


def test_an_answer_is_what_the_official_sdk_expects() -> None:
    body = DIALECT.whole(ANSWER, TOKENS, about())
    Completion.model_validate_json(body)
    found = json.loads(body)
    assert found["choices"] == [
        {"text": "upon a time", "index": 0, "logprobs": None, "finish_reason": "length"}
    ]
    assert (found["id"], found["object"]) == ("cmpl-0123abc", "text_completion")
    assert (found["created"], found["model"]) == (1_700_000_000, "named")
    usage = found["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (7, 7, 14)


def test_a_reason_that_completions_do_not_know_is_a_stop() -> None:
    events: list[Event] = [ToolStart("call_1", "f"), Finish("tool_calls")]
    found = json.loads(DIALECT.whole(events, TOKENS, about()))
    assert found["choices"][0]["finish_reason"] == "stop"


@given(
    texts=st.lists(st.text(max_size=5), max_size=8),
    reason=st.sampled_from(["stop", "length", "content_filter"]),
    usage=st.booleans(),
)
def test_a_stream_is_the_whole_answer_in_pieces(texts: list[str], reason: Any, usage: bool) -> None:
    events: list[Event] = [*map(TextDelta, texts), Finish(reason)]
    whole = json.loads(DIALECT.whole(events, TOKENS, about()))
    chunks = streamed(events, stream_options={"include_usage": usage})
    choices = [chunk["choices"][0] for chunk in chunks if chunk["choices"]]
    assert "".join(choice["text"] for choice in choices) == whole["choices"][0]["text"]
    assert [choice["finish_reason"] for choice in choices if choice["finish_reason"]] == [reason]
    for name in ("id", "object", "created", "model"):
        assert {chunk[name] for chunk in chunks} == {whole[name]}
    if usage:
        *others, last = chunks
        assert (last["choices"], last["usage"]) == ([], whole["usage"])
        assert all(chunk["usage"] is None for chunk in others)
    else:
        assert not any("usage" in chunk for chunk in chunks)


def test_a_stream_that_broke_ends_with_an_error_and_is_not_done() -> None:
    ending = DIALECT.writer(about(stream=True)).fail(stream_broken())
    [data] = Events().feed(ending)
    assert json.loads(data)["error"]["code"] == "provider_stream_error"
    assert b"[DONE]" not in ending


def test_a_prompt_is_measured_in_words_or_tokens() -> None:
    assert read(prompt=LONG).input_most >= len(LONG)
    assert read(prompt=[LONG, LONG]).input_estimate >= 2 * len(LONG) // 5
    assert read(suffix=LONG).input_most >= len(LONG)
    ids = read(prompt=[123] * 10_000)
    assert 10_000 <= ids.input_estimate < 12_000
    assert ids.input_most >= 10_000
