"""The provider stand-in shows what it was sent: media, system prompts, parameters, schemas."""

import base64
import json
from typing import Any

import pytest

from lumyx.standins import schema_values
from tests.lumyx.standin import CANARY, CHAT, CITY, MESSAGES, TURN, StandIn, chat_events, text_of

DATA = base64.b64encode(bytes(68)).decode()
PNG_URL = f"data:image/png;base64,{DATA}"
PNG = {"type": "base64", "media_type": "image/png", "data": DATA}
PDF = {"type": "base64", "media_type": "application/pdf", "data": DATA}
PAGE = "https://example.com/x"
TEXT = {"type": "text", "text": "What?"}


def image(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


@pytest.mark.parametrize(
    ("dialect", "parts", "said"),
    [
        (CHAT, [image(PNG_URL), TEXT], "[image image/png 68 bytes] What?"),
        (CHAT, [TEXT, image(PAGE), image(PNG_URL)], "[image url] [image image/png 68 bytes] What?"),
        (
            CHAT,
            [{"type": "file", "file": {"file_data": f"data:application/pdf;base64,{DATA}"}}],
            "[document application/pdf 68 bytes]",
        ),
        (MESSAGES, [{"type": "image", "source": PNG}, TEXT], "[image image/png 68 bytes] What?"),
        (
            MESSAGES,
            [{"type": "image", "source": {"type": "url", "url": PAGE}}, TEXT],
            "[image url] What?",
        ),
        (MESSAGES, [{"type": "document", "source": PDF}], "[document application/pdf 68 bytes]"),
        (
            MESSAGES,
            [
                {
                    "type": "document",
                    "source": {"type": "text", "media_type": "text/plain", "data": "é"},
                }
            ],
            "[document text/plain 2 bytes]",
        ),
    ],
)
def test_media_are_described_before_the_text(
    standin: StandIn, dialect: str, parts: list[Any], said: str
) -> None:
    answer = standin.ask(dialect, messages=[{"role": "user", "content": parts}])
    assert text_of(dialect, answer) == said


@pytest.mark.parametrize("data", ["%%%", "abc", "", DATA + "="])
def test_broken_base64_is_refused(standin: StandIn, data: str) -> None:
    parts = [image(f"data:image/png;base64,{data}")]
    assert standin.chat(messages=[{"role": "user", "content": parts}]).status_code == 400
    parts = [{"type": "image", "source": PNG | {"data": data}}]
    answer = standin.messages(messages=[{"role": "user", "content": parts}])
    assert answer.status_code == 400
    assert "messages.0.content.0.image.source.base64: " in answer.json()["error"]["message"]


def test_it_says_what_the_system_prompt_is(standin: StandIn) -> None:
    turns = [{"role": "system", "content": "Be brief."}, TURN]
    assert text_of(CHAT, standin.chat("echo-says-system", messages=turns)) == "Be brief."
    blocks = [{"type": "text", "text": "Be"}, {"type": "text", "text": "brief."}]
    assert text_of(MESSAGES, standin.messages("echo-says-system", system=blocks)) == "Be\nbrief."


@pytest.mark.parametrize("dialect", [CHAT, MESSAGES])
def test_it_says_what_the_parameters_are(standin: StandIn, dialect: str) -> None:
    answer = standin.ask(dialect, "echo-says-params", top_p=0.5, unheard_of={"ä": [1]})
    shown = text_of(dialect, answer)
    assert '"top_p":0.5,"unheard_of":{"ä":[1]}}' in shown
    assert "messages" not in json.loads(shown)


def test_stop_sequences_end_a_chat_answer(standin: StandIn) -> None:
    choice = standin.chat(stop=["lazy", " fox"]).json()["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("the quick brown", "stop")
    events = chat_events(standin.chat(stop=" quick", stream=True))
    assert "".join(e["choices"][0]["delta"].get("content", "") for e in events) == "the"
    assert standin.chat(stop=["1", "2", "3", "4", "5"]).status_code == 400


def test_no_effort_means_no_reasoning(standin: StandIn) -> None:
    for effort, thinks in (("none", False), ("low", True)):
        answer = standin.chat("echo-reasoning", reasoning_effort=effort).json()
        assert ("reasoning_content" in answer["choices"][0]["message"]) == thinks
    assert "reasoning_content" not in standin.chat(reasoning_effort="high").text
    assert standin.chat(reasoning_effort="much").status_code == 400


def test_structured_answers_satisfy_their_schema(standin: StandIn) -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "city", "schema": CITY}}
    assert json.loads(text_of(CHAT, standin.chat(response_format=wanted))) == {"city": CANARY}
    wanted = {"type": "json_object"}
    assert json.loads(text_of(CHAT, standin.chat(response_format=wanted))) == {"text": CANARY}
    config = {"format": {"type": "json_schema", "schema": CITY}}
    answer = standin.messages(output_config=config)
    assert json.loads(text_of(MESSAGES, answer)) == {"city": CANARY}
    for bad in ("json", {"type": "x"}, {"type": "json_schema"}):
        assert standin.chat(response_format=bad).status_code == 400


TREE = {
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
            },
            "required": ["name"],
        }
    },
    "$ref": "#/$defs/node",
}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (CITY, {"city": "Hi"}),
        ({}, {}),
        (TREE, {"name": "Hi"}),
        ({"type": "array", "items": {"type": "integer", "minimum": 3}, "minItems": 2}, [3, 3]),
        ({"type": "string", "enum": ["b", "a"]}, "b"),
        ({"const": 7}, 7),
        ({"type": ["null", "boolean"]}, True),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 0.5}, 0.5),
        ({"type": "integer", "maximum": -4, "multipleOf": 3}, -6),
        ({"type": "string", "maxLength": 1}, "H"),
        ({"type": "string", "format": "date"}, "2026-01-01"),
        (
            {
                "allOf": [
                    CITY,
                    {"properties": {"n": {"type": "null"}}, "required": ["n"]},
                ]
            },
            {"city": "Hi", "n": None},
        ),
        (
            {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}},
            {"a": "Hi", "b": "text"},
        ),
    ],
)
def test_values_are_made_from_schemas(schema: Any, value: Any) -> None:
    assert schema_values.make(schema, "Hi") == value


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/missing"},
        {"$ref": "#"},
        {"type": "integer", "minimum": 3, "maximum": 2},
        {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
    ],
)
def test_a_schema_without_values_is_refused(standin: StandIn, schema: Any) -> None:
    with pytest.raises(schema_values.UnusableSchema):
        schema_values.make(schema, "Hi")
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    assert standin.chat(response_format=wanted).status_code == 400
