"""What is read of a request and of a provider's stream, whatever shape they come in."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import ApiError
from gateway.meter import Meter
from gateway.wire.call import About, Call, Target
from gateway.wire.chat import forward, request
from gateway.wire.chat.forward import ChatForward, Renamer, read_chunks
from gateway.wire.events import BrokenStream
from gateway.wire.sse import Events

ASK: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hello there"}]}
LONG = "word " * 50_000


def read(**fields: Any) -> Call:
    return request.read(json.dumps({**ASK, **fields}).encode())


def forwarded(**fields: Any) -> dict[str, Any]:
    sent: dict[str, Any] = json.loads(
        ChatForward("chat/completions").body(read(**fields), Target("up", 100))
    )
    return sent


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": [{"role": "user", "content": LONG}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": LONG}]}]},
        {"messages": [{"role": "user", "content": "Hi", "name": LONG}]},
        {"messages": [{"role": "user", "content": [{"type": "refusal", "refusal": LONG}]}]},
        {"messages": [{"role": "user", "content": [{"type": "file", "file": {"data": LONG}}]}]},
        {"response_format": {"type": "json_schema", "json_schema": {"x": LONG}}},
        {"functions": [{"name": "f", "description": LONG}]},
        {"tools": [{"type": "function", "function": {"name": "f", "description": LONG}}]},
        {"prediction": {"type": "content", "content": LONG}},
        {"some_new_field": LONG},
    ],
    ids=range(10),
)
def test_every_field_that_a_provider_may_count_is_measured(fields: dict[str, Any]) -> None:
    call = read(**fields)
    assert call.input_most >= len(LONG)
    assert call.input_estimate >= len(LONG) // 5


def test_an_image_counts_as_an_image_whatever_its_size_and_whatever_else_it_says() -> None:
    for text in ({}, {"text": ""}):
        part = {"type": "image_url", "image_url": {"url": "data:," + LONG}, **text}
        call = read(messages=[{"role": "user", "content": [part]}])
        assert 1_000 <= call.input_estimate < 2_000
        assert 4_000 <= call.input_most < 7_000


def test_an_ordinary_call_is_estimated_by_its_text() -> None:
    assert read().input_estimate == 3 + 4
    assert 11 < read().input_most < 200


def test_exactly_one_output_limit_is_sent_on() -> None:
    assert forwarded()["max_completion_tokens"] == 100
    sent = forwarded(max_tokens=1_000_000)
    assert sent["max_tokens"] == 100
    assert "max_completion_tokens" not in sent
    with pytest.raises(ApiError) as caught:
        read(max_tokens=16_000, max_completion_tokens=1)
    assert caught.value.param == "max_tokens"


def test_what_names_a_person_or_keeps_content_stays_here() -> None:
    sent = forwarded(
        user="u", safety_identifier="me@example.com", prompt_cache_key="u", service_tier="priority",
        store=True, metadata={"user_id": "u", "a": "b"}, temperature=0.5,
    )  # fmt: skip
    assert not set(forward.WITHHELD) & set(sent)
    assert (sent["store"], sent["metadata"], sent["temperature"]) == (False, {"a": "b"}, 0.5)


@pytest.mark.parametrize(
    "extra", [b'"metadata":{"\xff":1}', b'"stream_options":{"\xff":1}', b'"foo":"\xff"']
)
def test_bytes_that_are_not_utf8_are_refused_wherever_they_are(extra: bytes) -> None:
    body = json.dumps(ASK).encode()[:-1] + b"," + extra + b"}"
    with pytest.raises(ApiError) as caught:
        request.read(body)
    assert caught.value.status == 400


payloads = st.lists(
    st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3).map(
        lambda d: json.dumps(d, ensure_ascii=False).encode()
    ),
    max_size=8,
)


@given(payloads, st.sampled_from([b"\n", b"\r\n"]), st.booleans(), st.data())
def test_a_stream_reads_the_same_however_its_bytes_are_cut(
    sent: list[bytes], newline: bytes, marked: bool, data: st.DataObject
) -> None:
    stream = b"\xef\xbb\xbf" if marked else b""
    for payload in sent:
        stream += data.draw(st.sampled_from([b"", b": comment" + newline, b"id: 7" + newline]))
        stream += data.draw(st.sampled_from([b"data: ", b"data:"])) + payload + newline + newline
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    events = Events()
    seen: list[bytes] = []
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        seen += events.feed(stream[begin:end])
    assert seen == sent


@pytest.mark.parametrize("name", ["web_search_options", "audio"])
def test_what_costs_extra_at_the_provider_is_refused(name: str) -> None:
    with pytest.raises(ApiError) as caught:
        read(**{name: {}})
    assert (caught.value.param, caught.value.code) == (name, "not_supported")
    read(**{name: None})


def test_a_last_event_without_its_blank_line_is_not_lost() -> None:
    events = Events()
    assert events.feed(b'data: {"a":1}\n') == []
    assert events.feed(b"\n\n") == [b'{"a":1}']


def test_an_event_without_end_is_not_kept() -> None:
    events = Events()
    events.feed(b"data: ")
    for _ in range(40):
        events.feed(b"x" * 100_000)
    with pytest.raises(BrokenStream):
        events.feed(b"x" * 1_000_000)


@pytest.mark.parametrize(
    "broken",
    [
        [b"nonsense"],
        [b'{"choices":[]}', b"{"],
        [b'{"a":"x', b'y"},{}'],
        [b'{"a":1},{"b":2}'],
        [b'{"choices":5}'],
        [b"\xff"],
        [b"[" * 100_000],
    ],
    ids=range(7),
)
def test_chunks_that_are_none_break_the_stream(broken: list[bytes]) -> None:
    with pytest.raises(BrokenStream):
        read_chunks(broken)


def test_the_models_name_is_put_into_every_chunk_even_if_it_changes() -> None:
    rename = Renamer("lumyx-plus_v1")
    first = rename(b'data: {"model":"","prompt_filter_results":[]}\n\n')
    later = rename(b'data: {"model": "gpt-secret","choices":[]}\n\n')
    mixed = rename(b'data: {"model": "gpt-secret"}\n\ndata: {"model":"other"}\n\n')
    for out in (first, later, mixed):
        assert b"secret" not in out
        assert b"other" not in out
        assert b'"model":"lumyx-plus_v1"' in out
    said = b'data: {"model": "gpt-secret","content":"\\"model\\": \\"gpt-secret\\""}\n\n'
    assert b'\\"gpt-secret\\"' in rename(said), "what the model says is not changed"


def passed(payloads: list[bytes], **fields: Any) -> list[dict[str, Any]]:
    about = About(read(stream=True, **fields), "named", "0", 0)
    passage = ChatForward("chat/completions").passage(
        about, Meter(call_id="", streamed=True, input_estimate=1)
    )
    return [json.loads(data) for data in Events().feed(passage.take(payloads))]


def test_usage_beside_choices_is_taken_out_for_clients_that_did_not_ask() -> None:
    chunk = b'{"id":"x","choices":[{"delta":{}}],"usage":{"prompt_tokens":1}}'
    assert passed([chunk]) == [{"id": "x", "choices": [{"delta": {}}]}]
    assert passed([chunk], stream_options={"include_usage": True}) == [json.loads(chunk)]


def test_thoughts_that_the_client_excluded_are_taken_out() -> None:
    chunk = b'{"choices":[{"delta":{"reasoning_content":"hm","content":"x"}}]}'
    assert passed([chunk]) == [json.loads(chunk)]
    assert passed([chunk], reasoning={"exclude": True}) == [
        {"choices": [{"delta": {"content": "x"}}]}
    ]
