"""The provider stand-in fails on the wire in every way that it is told to."""

import json
import time
from typing import Any

import pytest
import requests

from tests.lumyx.standin import (
    CANARY,
    CHAT,
    MESSAGES,
    StandIn,
    chat_events,
    leave,
    messages_events,
    read_to_end,
    read_until_silence,
    rebuild,
)
from tests.processes import wait_until

BOTH = pytest.mark.parametrize("dialect", [CHAT, MESSAGES])
STREAMED = pytest.mark.parametrize("stream", [True, False])


def body_of(received: bytes) -> bytes:
    """Return the chunks of a chunked body put together."""
    _, _, rest = received.partition(b"\r\n\r\n")
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        body += rest[: int(size, 16)]
        rest = rest[int(size, 16) + 2 :]
    return body


@BOTH
def test_an_event_may_be_oversized(standin: StandIn, dialect: str) -> None:
    lines = list(standin.ask(dialect, "echo-oversized", stream=True).iter_lines(1 << 20))
    sizes = sorted(len(line) for line in lines)
    assert sizes[-1] > 8 << 20 > sizes[-2]


@BOTH
def test_a_body_may_be_oversized(standin: StandIn, dialect: str) -> None:
    answer = standin.ask(dialect, "echo-oversized")
    assert len(answer.content) > 70 << 20
    assert CANARY in answer.text[-2000:]


@BOTH
@STREAMED
def test_a_body_may_drip(standin: StandIn, dialect: str, stream: bool) -> None:
    client = standin.connect(dialect, "echo-drip-7", stream=stream)
    leave_open, reads = b"", 0
    while b"\r\n0\r\n\r\n" not in leave_open and not leave_open.endswith(b"}}"):
        leave_open += client.recv(65_536)
        reads += 1
    leave(client)
    assert reads > 20
    if stream:
        whole = body_of(leave_open)
        assert whole.count(b"data: ") > 9
        assert b"\r\n7\r\n" in leave_open


@BOTH
@STREAMED
@pytest.mark.parametrize("size", [1, 200])
def test_the_connection_may_be_reset_after_so_many_bytes(
    standin: StandIn, dialect: str, stream: bool, size: int
) -> None:
    received, was_reset = read_to_end(standin.connect(dialect, f"echo-reset-{size}", stream=stream))
    assert was_reset
    body = body_of(received) if stream else received.partition(b"\r\n\r\n")[2]
    assert len(body) == size


@BOTH
@STREAMED
def test_the_connection_may_be_closed_before_any_answer(
    standin: StandIn, dialect: str, stream: bool
) -> None:
    before = standin.get("_last")
    client = standin.connect(dialect, "echo-close-head", stream=stream)
    assert read_to_end(client) == (b"", False)
    assert standin.get("_last")["cancelled"] == before["cancelled"]
    assert standin.get("_calls")[-1]["status"] is None


@BOTH
@STREAMED
@pytest.mark.parametrize("model", ["echo-head-only", "echo-stall"])
def test_silence_may_follow(standin: StandIn, dialect: str, stream: bool, model: str) -> None:
    client = standin.connect(dialect, model, stream=stream)
    received = read_until_silence(client)
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    if model == "echo-head-only":
        assert body == b""
    elif stream:
        deltas = (b'"content":"', b"text_delta")[dialect == MESSAGES]
        assert body.count(deltas) == (5 if dialect == MESSAGES else 6)
    else:
        assert 0 < len(body) < 500
    assert standin.get("_last")["open_calls"] == 1
    leave(client)
    wait_until(lambda: standin.get("_last")["open_calls"] == 0, seconds=1)


@BOTH
def test_a_flaky_model_succeeds_after_so_many_failures(standin: StandIn, dialect: str) -> None:
    def statuses(model: str, count: int) -> list[int]:
        return [standin.ask(dialect, model).status_code for _ in range(count)]

    requests.post(f"{standin.url}/_reset", timeout=5)
    assert statuses("echo-flaky-2", 4) == [503, 503, 200, 200]
    assert statuses("echo-flaky-2+tokens-3", 1) == [503]
    assert requests.post(f"{standin.url}/_reset", timeout=5).status_code == 204
    assert statuses("echo-flaky-2", 1) == [503]


@BOTH
def test_it_says_when_to_try_again(standin: StandIn, dialect: str) -> None:
    for model, status in (("echo-retry-after-3", 429), ("echo-fail-503+retry-after-3", 503)):
        answer = standin.ask(dialect, model)
        assert (answer.status_code, answer.headers["Retry-After"]) == (status, "3")
        assert CANARY in answer.json()["error"]["message"]


@BOTH
def test_lines_may_end_with_carriage_returns(standin: StandIn, dialect: str) -> None:
    content = standin.ask(dialect, "echo-crlf+comments", stream=True).content
    assert content.count(b"\n") == content.count(b"\r\n") > 20
    plain = content.replace(b"\r\n", b"\n")
    assert plain.count(b"\n\n") == content.count(b"\r\n\r\n")


@BOTH
def test_the_json_of_an_event_may_span_two_lines(standin: StandIn, dialect: str) -> None:
    content = standin.ask(dialect, "echo-multi-data", stream=True).content
    events = content.decode().split("\n\n")
    data: list[Any] = []
    for event in events:
        lines = [x[6:] for x in event.split("\n") if x.startswith("data: ")]
        if lines and lines != ["[DONE]"]:
            assert len(lines) == 2
            data.append(json.loads("\n".join(lines)))
    assert len(data) > 9


def test_usage_may_come_late(standin: StandIn) -> None:
    began = time.monotonic()
    options = {"include_usage": True}
    events = chat_events(standin.chat("echo-late-usage", stream=True, stream_options=options))
    assert events[-1]["usage"]["completion_tokens"] == 9
    found = messages_events(standin.messages("echo-late-usage", stream=True))
    assert rebuild(found)["usage"]["output_tokens"] == 9
    assert time.monotonic() - began >= 0.4


@BOTH
@pytest.mark.parametrize("model", ["echo-cut", "echo-reset"])
@STREAMED
def test_the_connection_may_break(standin: StandIn, dialect: str, model: str, stream: bool) -> None:
    received, was_reset = read_to_end(standin.connect(dialect, model, stream=stream))
    assert was_reset == (model == "echo-reset")
    assert not received.endswith(b"0\r\n\r\n")


@BOTH
def test_success_may_be_a_lie(standin: StandIn, dialect: str) -> None:
    answer = standin.ask(dialect, "echo-200-error", stream=True)
    assert (answer.status_code, "error" in answer.json()) == (200, True)
    with pytest.raises(json.JSONDecodeError):
        standin.ask(dialect, "echo-garbage").json()
    assert b"\xff\xfe" in standin.ask(dialect, "echo-garbage", stream=True).content


def test_calls_are_listed(standin: StandIn) -> None:
    before = standin.get("_last")["calls"]
    standin.chat("echo-fail-500")
    standin.post("messages?beta=true", {"model": "echo"})
    last = standin.get("_last")
    assert (last["path"], last["query"]) == ("/v1/messages", "beta=true")
    assert standin.get(f"_calls?since={before}") == [
        {"n": before + 1, "path": "/v1/chat/completions", "model": "echo-fail-500", "status": 500},
        {"n": before + 2, "path": "/v1/messages", "model": "echo", "status": 400},
    ]
