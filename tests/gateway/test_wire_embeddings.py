"""Embeddings: what is read, what goes to the provider, and what of its answer is trusted."""

import json
from typing import Any

import pytest
from openai.types import CreateEmbeddingResponse

from gateway.errors import ApiError
from gateway.meter import Meter
from gateway.pricing import Tokens
from gateway.wire.call import About, Call, Target
from gateway.wire.embeddings import EmbeddingsDialect, EmbeddingsForward

DIALECT = EmbeddingsDialect()
FORWARD = EmbeddingsForward()
USAGE = {"prompt_tokens": 5, "total_tokens": 5}


def read(**fields: Any) -> Call:
    return DIALECT.read(json.dumps({"model": "m", "input": "Hello", **fields}).encode())


def vectors(count: int = 1, **fields: Any) -> dict[str, Any]:
    data = [{"object": "embedding", "index": n, "embedding": [0.5, -1.5]} for n in range(count)]
    return {"object": "list", "data": data, "model": "up", "usage": USAGE, **fields}


def answered(answer: Any, **fields: Any) -> tuple[dict[str, Any], Meter]:
    call = read(**fields)
    meter = Meter(call_id="req_1", streamed=False, input_estimate=call.input_estimate)
    about = About(call, "named", "req_1", 1_700_000_000)
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return json.loads(FORWARD.whole(body, about, meter)), meter


def test_texts_and_tokens_are_read() -> None:
    for given in ("Hello", ["Hello", "there"], [1, 2, 3], [[1, 2], [3]], ["x"] * 2_048):
        call = read(input=given)
        assert (call.most_output, call.choices, call.stream) == (0, 1, False)
        assert call.input_most >= call.input_estimate > 0
    assert 10_000 <= read(input=[5] * 10_000).input_estimate < 12_000


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": ["a", ""]}, "input"),
        ({"input": [[1], []]}, "input"),
        ({"input": ["a", [1]]}, "input"),
        ({"input": ["x"] * 2_049}, "input"),
        ({"input": [-1]}, "input[0]"),
        ({"input": None}, "input"),
        ({"model": ""}, "model"),
        ({"encoding_format": "hex"}, "encoding_format"),
        ({"dimensions": 0}, "dimensions"),
        ({"stream": True}, "stream"),
    ],
)
def test_what_is_wrong_is_refused_with_its_name(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(ApiError) as caught:
        read(**fields)
    assert (caught.value.status, caught.value.param) == (400, param)


def test_the_provider_sees_all_but_who_the_user_is() -> None:
    call = read(user="u", dimensions=64, encoding_format="base64", input_type="query", stream=False)
    assert json.loads(FORWARD.body(call, Target("up", 0))) == {
        "model": "up",
        "input": "Hello",
        "dimensions": 64,
        "encoding_format": "base64",
        "input_type": "query",
    }


def test_an_answer_is_passed_on_under_the_clients_name_of_the_model() -> None:
    found, meter = answered(vectors(2, extra={"kept": True}), input=["a", "b"])
    assert found == vectors(2, extra={"kept": True}, model="named")
    CreateEmbeddingResponse.model_validate(found)
    assert (meter.tokens(), meter.reported) == (Tokens(input=5), True)


def test_vectors_in_base64_are_passed_on() -> None:
    data = [{"object": "embedding", "index": 0, "embedding": "AAAAPwAAwL8="}]
    found, _ = answered(vectors(data=data), encoding_format="base64")
    assert found["data"] == data


def test_a_reported_zero_is_not_replaced_by_an_estimate() -> None:
    _, meter = answered(vectors(usage={"prompt_tokens": 0, "total_tokens": 0}))
    assert (meter.tokens(), meter.reported) == (Tokens(), True)


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": -1}, {"prompt_tokens": "5"}, 7])
def test_without_usage_that_can_be_the_input_is_estimated(usage: Any) -> None:
    _, meter = answered(vectors(usage=usage))
    assert (meter.tokens(), meter.reported) == (Tokens(input=read().input_estimate), False)
    assert meter.pieces == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>",
        b"[]",
        {"error": {"message": "your prompt was ..."}},
        vectors(error={"message": "no"}),
        vectors(data=None),
        vectors(data=[{"index": 0}]),
        vectors(2),
    ],
    ids=range(8),
)
def test_what_is_no_answer_is_a_502(answer: Any) -> None:
    with pytest.raises(ApiError) as caught:
        answered(answer)
    assert caught.value.status == 502
    assert "prompt was" not in caught.value.message


def test_nothing_is_translated_into_vectors() -> None:
    with pytest.raises(ApiError) as caught:
        DIALECT.conversation(read())
    assert (caught.value.status, caught.value.param) == (400, "model")
