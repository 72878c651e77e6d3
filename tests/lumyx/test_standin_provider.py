"""The AI-provider stand-in behaves on the wire as a real provider does."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

ROOT = Path(__file__).resolve().parent.parent.parent
KEY = {"Authorization": "Bearer any-key"}
CANARY = "the quick brown fox jumps over the lazy dog"


def start(environment: dict[str, str]) -> tuple[subprocess.Popen[bytes], str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "lumyx.standins.provider", "--port", str(port)],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    url = f"http://127.0.0.1:{port}"

    def up() -> bool:
        assert process.poll() is None
        try:
            return requests.get(f"{url}/healthz", timeout=1).ok
        except requests.ConnectionError:
            return False

    wait_until(up, seconds=20)
    return process, url


def stop(process: subprocess.Popen[bytes]) -> bytes:
    process.send_signal(signal.SIGTERM)
    return process.communicate(timeout=5)[0]


def wait_until(true: Callable[[], bool], *, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    process, url = start({"STANDIN_PROVIDER_KEY": ""})
    yield url
    stop(process)


def ask(provider: str, model: str, **fields: Any) -> requests.Response:
    body = {"model": model, "messages": [{"role": "user", "content": CANARY}]} | fields
    return requests.post(
        f"{provider}/v1/chat/completions",
        json=body,
        headers=KEY,
        timeout=10,
        stream=body.get("stream") is True,
    )


def read_events(response: requests.Response) -> list[Any]:
    """Return the decoded events; `[DONE]` stays a string."""
    lines = [line[6:] for line in response.iter_lines() if line.startswith(b"data: ")]
    return ["[DONE]" if line == b"[DONE]" else json.loads(line) for line in lines]


def stream(provider: str, model: str, **fields: Any) -> list[Any]:
    options = {"stream": True, "stream_options": {"include_usage": True}}
    return read_events(ask(provider, model, **(options | fields)))


def texts(events: list[Any]) -> list[str]:
    """Return the content deltas of a stream."""
    choices = [c for e in events if isinstance(e, dict) for c in e.get("choices", [])]
    return [c["delta"]["content"] for c in choices if c["delta"].get("content")]


def last(provider: str) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(f"{provider}/v1/_last", timeout=5).json()
    return found


def test_it_echoes_the_last_user_message_and_counts_real_tokens(provider: str) -> None:
    answer = ask(provider, "echo").json()
    assert answer["id"].startswith("chatcmpl-")
    assert answer["object"] == "chat.completion"
    assert answer["choices"][0]["message"]["content"] == CANARY
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["choices"][0]["logprobs"] is None
    usage = answer["usage"]
    # Nine words of one token each; 3 around the message, 1 for its role, 3 for the reply.
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (16, 9)
    assert usage["total_tokens"] == 25


def test_a_stream_has_a_role_first_one_chunk_per_token_and_usage_last(provider: str) -> None:
    events = stream(provider, "echo")
    assert events[0]["choices"][0]["delta"]["role"] == "assistant"
    assert len(texts(events)) == 9
    assert "".join(texts(events)) == CANARY
    assert events[-3]["choices"][0]["finish_reason"] == "stop"
    assert events[-2]["choices"] == []
    assert events[-2]["usage"]["completion_tokens"] == 9
    assert events[-1] == "[DONE]"
    assert all(event["usage"] is None for event in events[:-2])
    assert len({(e["id"], e["created"], e["model"]) for e in events[:-1]}) == 1


def test_usage_is_not_streamed_unless_it_is_asked_for(provider: str) -> None:
    events = stream(provider, "echo", stream_options=None)
    assert not any("usage" in event for event in events[:-1])


def test_parts_emoji_and_special_tokens_come_back_whole(provider: str) -> None:
    text = "héllo 👩‍🚀 日本語 <|endoftext|>"
    parts = [{"type": "text", "text": text[:4]}, {"type": "text", "text": text[4:]}]
    messages = [{"role": "user", "content": parts}]
    assert "".join(texts(stream(provider, "echo", messages=messages))) == text


def test_an_empty_message_is_answered_all_the_same(provider: str) -> None:
    answer = ask(provider, "echo", messages=[{"role": "user", "content": ""}]).json()
    assert answer["choices"][0]["message"]["content"] == "(nothing to say)"


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
def test_the_maximum_cuts_the_answer_unless_it_is_ignored(provider: str, field: str) -> None:
    choice = ask(provider, "echo", **{field: 3}).json()["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("the quick brown", "length")
    ignoring = ask(provider, "echo-ignores-max", **{field: 3}).json()
    assert ignoring["usage"]["completion_tokens"] == 9


def test_several_choices_are_answered_and_counted(provider: str) -> None:
    answer = ask(provider, "echo", n=3).json()
    assert [choice["index"] for choice in answer["choices"]] == [0, 1, 2]
    assert answer["usage"]["completion_tokens"] == 27
    assert len(texts(stream(provider, "echo", n=3))) == 27


def test_a_required_tool_is_called_with_its_name_before_its_arguments(provider: str) -> None:
    tools = [{"type": "function", "function": {"name": "look_up", "parameters": {}}}]
    choice = ask(provider, "echo", tools=tools, tool_choice="required").json()["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["tool_calls"][0]["function"] == {"name": "look_up", "arguments": "{}"}
    named = {"type": "function", "function": {"name": "look_up"}}
    events = stream(provider, "echo", tools=tools, tool_choice=named)
    calls = [e["choices"][0]["delta"].get("tool_calls") for e in events[:-2]]
    begun, arguments = (call[0] for call in calls if call)
    assert (begun["index"], begun["function"]["name"]) == (0, "look_up")
    assert begun["id"].startswith("call_")
    assert arguments == {"index": 0, "function": {"arguments": "{}"}}


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503, 529])
def test_it_fails_with_the_status_it_was_told_and_quotes_the_prompt(
    provider: str, status: int
) -> None:
    response = ask(provider, f"echo-fail-{status}", stream=True)
    assert response.status_code == status
    assert CANARY in response.json()["error"]["message"]
    assert ("Retry-After" in response.headers) == (status == 429)


@pytest.mark.parametrize("model", ["echo-cut", "echo-reset"])
@pytest.mark.parametrize("streamed", [True, False])
def test_it_breaks_the_connection(provider: str, model: str, streamed: bool) -> None:
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        ask(provider, model, stream=streamed).content  # noqa: B018


def test_a_stream_may_end_silently(provider: str) -> None:
    events = stream(provider, "echo-silent-end")
    assert len(texts(events)) == 5
    assert "[DONE]" not in events
    assert all(event["choices"][0]["finish_reason"] is None for event in events)


def test_a_stream_may_end_with_an_error(provider: str) -> None:
    events = stream(provider, "echo-error-mid")
    assert len(texts(events)) == 5
    assert CANARY in events[-1]["error"]["message"]


def test_usage_may_be_missing_early_or_wrong(provider: str) -> None:
    assert "usage" not in ask(provider, "echo-no-usage").json()
    assert not any("usage" in event for event in stream(provider, "echo-no-usage")[:-1])
    events = stream(provider, "echo-usage-last")
    assert events[-2]["choices"][0]["finish_reason"] == "stop"
    assert events[-2]["usage"]["completion_tokens"] == 9
    bad = ask(provider, "echo-bad-usage").json()["usage"]
    assert (bad["prompt_tokens"], bad["completion_tokens"]) == (-7, True)
    assert ask(provider, "echo-cached").json()["usage"]["prompt_tokens_details"][
        "cached_tokens"
    ] == (8)


def test_success_may_be_a_lie(provider: str) -> None:
    response = ask(provider, "echo-200-error", stream=True)
    assert (response.status_code, set(response.json())) == (200, {"error"})
    assert ask(provider, "echo-garbage").status_code == 200
    with pytest.raises(json.JSONDecodeError):
        ask(provider, "echo-garbage").json()
    with pytest.raises(json.JSONDecodeError):
        stream(provider, "echo-garbage")


def test_reasoning_comes_first_and_is_counted(provider: str) -> None:
    events = stream(provider, "echo-reasoning")
    thoughts = [e["choices"][0]["delta"].get("reasoning_content") for e in events[:-2]]
    counted = events[-2]["usage"]["completion_tokens_details"]["reasoning_tokens"]
    assert len([t for t in thoughts if t]) == counted > 0
    assert events[-2]["usage"]["completion_tokens"] == counted + 9


@pytest.mark.parametrize(("model", "count"), [("echo-fast-100", 100), ("echo-long", 10_000)])
def test_it_streams_a_given_number_of_tokens(provider: str, model: str, count: int) -> None:
    events = stream(provider, model, max_tokens=3)
    assert len(texts(events)) == count == events[-2]["usage"]["completion_tokens"]


def test_behaviours_combine(provider: str) -> None:
    began = time.monotonic()
    events = stream(provider, "echo-slow+tokens-4+no-usage")
    assert time.monotonic() - began >= 0.4
    assert len(texts(events)) == 4
    assert events[-2]["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize("model", ["gpt-x", "echo-", "echo-nonsense", "echo-fail-200", "echoslow"])
def test_other_models_are_unknown(provider: str, model: str) -> None:
    response = ask(provider, model)
    assert (response.status_code, response.json()["error"]["code"]) == (404, "model_not_found")


def test_a_bad_body_is_refused(provider: str) -> None:
    url = f"{provider}/v1/chat/completions"
    for body in (b"{", b"[]", b'{"model":"echo"}', b'{"model":1,"messages":[{}]}', b"\xff"):
        response = requests.post(url, data=body, headers=KEY, timeout=5)
        assert response.status_code == 400
        assert set(response.json()["error"]) == {"message", "type", "param", "code"}


def test_the_recorder_shows_the_last_headers_and_body(provider: str) -> None:
    ask(provider, "echo", unheard_of={"deep": [1]})
    seen = last(provider)
    assert seen["body"]["unheard_of"] == {"deep": [1]}
    assert seen["headers"]["authorization"] == KEY["Authorization"]


@pytest.mark.parametrize("model", ["echo-hang", "echo-slow-start", "echo-slow+long"])
@pytest.mark.parametrize("streamed", [True, False])
def test_a_client_that_leaves_is_noticed_within_half_a_second(
    provider: str, model: str, streamed: bool
) -> None:
    before = last(provider)
    body = {"model": model, "messages": [{"role": "user", "content": "x"}], "stream": streamed}
    content = json.dumps(body).encode()
    host, port = provider.removeprefix("http://").split(":")
    client = socket.create_connection((host, int(port)))
    client.sendall(
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n"
        b"Content-Length: %d\r\n\r\n" % len(content) + content
    )
    wait_until(lambda: last(provider)["open_calls"] == 1, seconds=5)
    assert last(provider)["open_streams"] == int(streamed)
    client.close()
    wait_until(lambda: last(provider)["open_calls"] == 0, seconds=0.5)
    assert last(provider)["cancelled"] == before["cancelled"] + 1
    assert last(provider)["open_streams"] == 0


def test_the_official_sdk_reads_it(provider: str) -> None:
    openai = pytest.importorskip("openai")
    client = openai.OpenAI(base_url=f"{provider}/v1", api_key="x", max_retries=0)
    messages = [{"role": "user", "content": CANARY}]
    answer = client.chat.completions.create(model="echo", messages=messages)
    assert answer.choices[0].message.content == CANARY
    chunks = list(
        client.chat.completions.create(
            model="echo", messages=messages, stream=True, stream_options={"include_usage": True}
        )
    )
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == CANARY
    assert chunks[-1].usage.total_tokens == 25
    assert "echo" in [model.id for model in client.models.list()]
    with pytest.raises(openai.RateLimitError):
        client.chat.completions.create(model="echo-fail-429", messages=messages)
    with pytest.raises(openai.APIError, match="had an error"):
        list(client.chat.completions.create(model="echo-error-mid", messages=messages, stream=True))


def test_it_wants_its_key_and_stops_quietly_even_with_calls_open() -> None:
    process, url = start({"STANDIN_PROVIDER_KEY": "sk-right"})
    try:
        body = {"model": "echo", "messages": [{"role": "user", "content": CANARY}]}
        for headers, status in (
            ({}, 401),
            ({"Authorization": "Bearer "}, 401),
            ({"Authorization": "Bearer sk-wrong"}, 401),
            ({"Authorization": "Bearer sk-right"}, 200),
        ):
            response = requests.post(
                f"{url}/v1/chat/completions", json=body, headers=headers, timeout=5
            )
            assert response.status_code == status
        assert requests.get(f"{url}/v1/models", timeout=5).status_code == 401
        for model in ("echo-cut", "echo-reset", "echo-garbage", "echo-hang"):
            with pytest.raises(requests.RequestException):
                requests.post(
                    f"{url}/v1/chat/completions",
                    json=body | {"model": model},
                    headers={"Authorization": "Bearer sk-right"},
                    timeout=1,
                ).json()
    finally:
        output = stop(process)
    assert process.returncode == 0
    assert output == b""


def test_it_serves_loopback_only() -> None:
    command = [sys.executable, "-m", "lumyx.standins.provider", "--host", "0.0.0.0", "--port", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=20)
    assert done.returncode == 2
