"""The provider stand-in answers Embeddings and legacy Completions as OpenAI does."""

import base64
import math
import struct
from typing import Any

import pytest

from tests.lumyx.standin import CANARY, StandIn, chat_events


def embed(standin: StandIn, model: str = "echo", **fields: Any) -> Any:
    answer = standin.post("embeddings", {"model": model, "input": CANARY} | fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


def complete(standin: StandIn, model: str = "echo", **fields: Any) -> Any:
    answer = standin.post("completions", {"model": model, "prompt": CANARY} | fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_vectors_depend_on_the_input_alone_and_have_length_1(standin: StandIn) -> None:
    body = embed(standin, input=["a", "b", "a"])
    assert body["object"] == "list"
    assert [item["index"] for item in body["data"]] == [0, 1, 2]
    a, b, again = (item["embedding"] for item in body["data"])
    assert a == again != b
    assert len(a) == 1536
    assert math.isclose(math.fsum(x * x for x in a), 1, rel_tol=1e-5)
    assert body["usage"] == {"prompt_tokens": 3, "total_tokens": 3}


def test_base64_holds_the_same_numbers_in_little_endian_float32(standin: StandIn) -> None:
    numbers = embed(standin, dimensions=256)["data"][0]["embedding"]
    encoded = embed(standin, dimensions=256, encoding_format="base64")["data"][0]["embedding"]
    assert list(struct.unpack("<256f", base64.b64decode(encoded))) == numbers


@pytest.mark.parametrize(("given", "count"), [([1, 2, 3], 1), ([[1], [2, 3]], 2)])
def test_tokens_are_embedded_too(standin: StandIn, given: Any, count: int) -> None:
    body = embed(standin, input=given)
    assert (len(body["data"]), body["usage"]["prompt_tokens"]) == (count, 3)


@pytest.mark.parametrize(
    "given", ["", [], [""], [[]], [1.5], [-1], {"a": 1}, None, ["a", [1]] * 1025]
)
def test_bad_input_is_refused(standin: StandIn, given: Any) -> None:
    assert standin.post("embeddings", {"model": "echo", "input": given}).status_code == 400


def test_embeddings_have_faults_too(standin: StandIn) -> None:
    assert "usage" not in embed(standin, "echo-no-usage")
    assert embed(standin, "echo-bad-usage")["usage"]["prompt_tokens"] == -7
    failed = standin.post("embeddings", {"model": "echo-fail-429", "input": CANARY})
    assert (failed.status_code, CANARY in failed.text) == (429, True)


def test_a_prompt_is_completed_with_itself(standin: StandIn) -> None:
    body = complete(standin)
    assert (body["object"], body["id"][:5]) == ("text_completion", "cmpl-")
    choice = {"text": CANARY, "index": 0, "logprobs": None, "finish_reason": "stop"}
    assert body["choices"] == [choice]
    usage = body["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (9, 9)


def test_prompts_choices_echo_and_stop(standin: StandIn) -> None:
    body = complete(standin, prompt=["one two", "three"], n=2, echo=True, stop=" two")
    texts = [choice["text"] for choice in body["choices"]]
    assert texts == ["one twoone", "one twoone", "threethree", "threethree"]
    assert body["usage"]["completion_tokens"] == 4
    # As at OpenAI, sixteen tokens are the default.
    long = complete(standin, prompt="word " * 50)["choices"][0]
    assert long["finish_reason"] == "length"


def test_completions_are_streamed(standin: StandIn) -> None:
    body = {"model": "echo", "prompt": CANARY, "stream": True}
    events = chat_events(standin.post("completions", body))
    assert "".join(event["choices"][0]["text"] for event in events) == CANARY
    assert events[-1]["choices"][0]["finish_reason"] == "stop"
    assert not any("usage" in event for event in events)
    body["stream_options"] = {"include_usage": True}
    events = chat_events(standin.post("completions", body))
    assert (events[-1]["choices"], events[-1]["usage"]["completion_tokens"]) == ([], 9)
