"""Responses requests: what of them becomes a conversation, and what is refused by name."""

import json
from typing import Any

import pytest

from gateway.errors import ApiError
from gateway.wire import conversation as c
from gateway.wire.call import Call
from gateway.wire.responses import ResponsesDialect
from gateway.wire.responses.thinking import Kept, pack, unpack

DIALECT = ResponsesDialect()
PIXEL = "iVBORw0KGgo="
PNG = f"data:image/png;base64,{PIXEL}"
PDF = f"data:application/pdf;base64,{PIXEL}"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"type": "function", "name": "weather", "description": "The weather.",
           "parameters": SCHEMA, "strict": True}  # fmt: skip
CLOCK = {"type": "function", "name": "clock"}
LONG = "word " * 50_000


def read(**fields: Any) -> Call:
    return DIALECT.read(json.dumps({"model": "m", "input": "Hello there", **fields}).encode())


def talk(*items: Any, **fields: Any) -> c.Conversation:
    asked = {"input": list(items)} if items else {}
    return DIALECT.conversation(read(**asked, **fields))


def refused(*items: Any, **fields: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        talk(*items, **fields)
    assert caught.value.status == 400
    return caught.value


def said(role: str, *parts: Any) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": list(parts)}


def text_of(kind: str, text: str) -> dict[str, Any]:
    return {"type": kind, "text": text}


def call_of(name: str, arguments: str = "{}") -> dict[str, Any]:
    return {"type": "function_call", "id": "fc_1", "call_id": f"call_{name}", "name": name,
            "arguments": arguments, "status": "completed"}  # fmt: skip


def result_of(name: str, output: Any) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": f"call_{name}", "output": output}


def test_a_plain_text_is_a_turn_of_the_user() -> None:
    found = talk()
    assert found.turns == [c.Turn("user", [c.Text("Hello there")])]
    assert (found.system, found.tools, found.reasoning, found.format) == ([], [], None, None)


def test_instructions_and_system_and_developer_messages_are_the_system() -> None:
    found = talk(
        {"role": "developer", "content": "Be kind."},
        {"role": "user", "content": "Hi"},
        said("system", text_of("input_text", "Be quick.")),
        instructions="Be brief.",
    )
    assert [part.text for part in found.system] == ["Be brief.", "Be kind.", "Be quick."]
    assert found.turns == [c.Turn("user", [c.Text("Hi")])]


def test_a_users_images_and_files_are_kept() -> None:
    found = talk(
        said(
            "user",
            text_of("input_text", "What is this?"),
            {"type": "input_image", "image_url": PNG, "detail": "auto"},
            {"type": "input_image", "image_url": "https://example.com/a.png"},
            {"type": "input_file", "filename": "a.pdf", "file_data": PDF},
        )
    )
    assert found.turns[0].blocks == [
        c.Text("What is this?"),
        c.Image("image/png", PIXEL),
        c.Image(url="https://example.com/a.png"),
        c.Document("application/pdf", PIXEL, name="a.pdf"),
    ]


def test_a_breakpoint_marks_what_the_provider_may_cache() -> None:
    marked = {**text_of("input_text", "Long."), "prompt_cache_breakpoint": {"mode": "explicit"}}
    assert talk(said("user", marked)).turns[0].blocks == [c.Text("Long.", cached=True)]


def test_consecutive_items_of_one_side_are_one_turn() -> None:
    packed = pack(Kept(signature="sig"))
    found = talk(
        {"role": "user", "content": "Weather and time?"},
        {"type": "reasoning", "id": "rs_1", "encrypted_content": packed,
         "summary": [text_of("summary_text", "Two"), text_of("summary_text", "tools.")]},
        said("assistant", text_of("output_text", "Let me look."),
             {"type": "refusal", "refusal": "Or not."}),
        call_of("weather", '{"city":"Oslo"}'),
        call_of("clock", ""),
        result_of("weather", "cold"),
        result_of("clock", [text_of("input_text", "noon"),
                            {"type": "input_image", "image_url": PNG}]),
        {"role": "user", "content": "Thanks"},
    )  # fmt: skip
    asked, answered, thanked = found.turns
    assert asked.role == thanked.role == "user"
    assert answered == c.Turn(
        "assistant",
        [
            c.Thinking("Two\n\ntools.", signature="sig"),
            c.Text("Let me look."),
            c.Text("Or not."),
            c.ToolUse("call_weather", "weather", '{"city":"Oslo"}'),
            c.ToolUse("call_clock", "clock", "{}"),
        ],
    )
    assert thanked.blocks == [
        c.ToolResult("call_weather", [c.Text("cold")]),
        c.ToolResult("call_clock", [c.Text("noon"), c.Image("image/png", PIXEL)]),
        c.Text("Thanks"),
    ]


def test_arguments_that_a_model_got_wrong_do_not_end_the_conversation() -> None:
    found = talk(call_of("weather", '{"city":'), result_of("weather", "no JSON"))
    used = found.turns[0].blocks[0]
    assert isinstance(used, c.ToolUse)
    assert json.loads(used.arguments) == {"arguments": '{"city":'}


def test_thinking_that_only_another_service_can_read_is_dropped() -> None:
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAAABpPDI"}
    assert talk({"role": "user", "content": "Hi"}, item).turns == [
        c.Turn("user", [c.Text("Hi")]),
    ]
    shown = {**item, "summary": [text_of("summary_text", "Hm.")]}
    assert talk(shown).turns == [c.Turn("assistant", [c.Thinking("Hm.")])]
    for broken in ("lx1.", "lx1.????", "lx1.e30", "lx1." + "A" * 9):
        assert unpack(broken, text="") is None


def test_packed_thinking_comes_back_as_it_was() -> None:
    redacted = pack(Kept(redacted="opaque"))
    assert unpack(redacted, text="") == c.Thinking(redacted="opaque")
    hidden = pack(Kept(text="Hm. Ü", signature="sig"))
    assert unpack(hidden, text="") == c.Thinking("Hm. Ü", signature="sig")
    assert unpack(None, text="") is None


def test_tools_and_the_choice_among_them_are_kept() -> None:
    found = talk(tools=[WEATHER, CLOCK], tool_choice="required", parallel_tool_calls=False)
    weather, clock = found.tools
    assert (weather.name, weather.description, weather.strict) == ("weather", "The weather.", True)
    assert json.loads(bytes(weather.schema)) == SCHEMA
    assert json.loads(bytes(clock.schema)) == {"type": "object", "properties": {}}
    assert (found.tool_choice, found.parallel) == (c.ToolChoice("required"), False)
    one = talk(tools=[WEATHER, CLOCK], tool_choice={"type": "function", "name": "clock"})
    assert one.tool_choice == c.ToolChoice("named", "clock")
    some = talk(
        tools=[WEATHER, CLOCK],
        tool_choice={
            "type": "allowed_tools",
            "mode": "required",
            "tools": [{"type": "function", "name": "clock"}],
        },
    )
    assert ([tool.name for tool in some.tools], some.tool_choice) == (
        ["clock"],
        c.ToolChoice("required"),
    )


def test_the_form_of_the_answer_is_kept() -> None:
    form = {"type": "json_schema", "name": "place", "schema": SCHEMA, "strict": True}
    found = talk(text={"format": form, "verbosity": "low"}).format
    assert found is not None
    assert found.schema is not None
    assert json.loads(bytes(found.schema)) == SCHEMA
    assert (found.name, found.strict) == ("place", True)
    assert talk(text={"format": {"type": "json_object"}}).format == c.Format()
    assert talk(text={"format": {"type": "text"}}).format is None


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"effort": "high", "summary": "auto"}, c.Reasoning("high")),
        ({"effort": "max"}, c.Reasoning("xhigh")),
        ({"max_tokens": 500}, c.Reasoning(budget=500)),
        ({"enabled": True}, c.Reasoning()),
        ({"enabled": False}, c.Reasoning("none")),
        ({"summary": "auto"}, None),
        ({"exclude": True}, None),
    ],
)
def test_the_wish_for_reasoning_is_kept(asked: Any, found: c.Reasoning | None) -> None:
    assert talk(reasoning=asked).reasoning == found


def test_sampling_and_limits_are_kept() -> None:
    call = read(temperature=0.5, top_p=0.9, max_output_tokens=5, stream=True)
    found = DIALECT.conversation(call)
    assert (found.temperature, found.top_p, found.stream) == (0.5, 0.9, True)
    assert (call.most_output, call.choices, call.stream) == (5, 1, True)
    assert read().most_output is None


def test_what_has_no_effect_here_is_taken_all_the_same() -> None:
    call = read(
        store=True, user="u", safety_identifier="s", prompt_cache_key="k", service_tier="flex",
        metadata={"a": "b"}, include=["reasoning.encrypted_content"], truncation="auto",
        top_logprobs=0, background=False, previous_response_id=None, conversation=None,
        prompt=None, stream_options={"include_obfuscation": False}, max_tool_calls=3,
    )  # fmt: skip
    assert DIALECT.conversation(call).turns


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"background": True}, "background"),
        ({"n": 2}, "n"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"temperature": 3}, "temperature"),
        ({"model": ""}, "model"),
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": 5}, "input"),
        ({"input": [5]}, "input[0]"),
        ({"input": [{"role": "robot", "content": "x"}]}, "input[0].role"),
        ({"input": [{"role": "user"}]}, "input[0].content"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0].type"),
        ({"input": [{"type": "computer_call_output", "output": {}}]}, "input[0].type"),
        ({"input": [said("user", {"type": "input_text"})]}, "input[0].content[0].text"),
        ({"input": [said("user", {"type": "input_audio"})]}, "input[0].content[0].type"),
        ({"input": [said("user", {"type": "input_image", "file_id": "f"})]},
         "input[0].content[0].image_url"),
        ({"input": [said("user", {"type": "input_file", "file_url": "https://example.com/"})]},
         "input[0].content[0].file_data"),
        ({"input": [said("system", {"type": "input_image", "image_url": PNG})]},
         "input[0].content"),
        ({"input": [result_of("weather", "cold")]}, "input[0].call_id"),
        ({"input": [call_of("weather"), {"type": "function_call_output", "call_id": "c"}]},
         "input[1].output"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [WEATHER, {"type": "custom", "name": "x"}]}, "tools[1].type"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tools": [{**WEATHER, "parameters": []}]}, "tools[0].parameters"),
        ({"tool_choice": {"type": "file_search"}}, "tool_choice"),
        ({"tool_choice": {"type": "function", "name": "x"}}, "tool_choice.name"),
        ({"tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": []}},
         "tool_choice.tools"),
        ({"text": {"format": {"type": "json_schema", "name": "x"}}}, "text.format.schema"),
        ({"text": {"format": {"type": "grammar"}}}, "text.format.type"),
        ({"reasoning": {"effort": "huge"}}, "reasoning.effort"),
        ({"reasoning": {"effort": "low", "max_tokens": 5}}, "reasoning.max_tokens"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_with_its_name(fields: dict[str, Any], param: str) -> None:
    assert refused(**fields).param == param


def test_a_refusal_says_what_to_do_instead() -> None:
    assert "web_search" in refused(tools=[{"type": "web_search"}]).message
    assert "`input`" in refused(previous_response_id="resp_1").message
    assert "store: false" in refused({"type": "item_reference", "id": "x"}).message


@pytest.mark.parametrize(
    "fields",
    [
        {"input": LONG},
        {"instructions": LONG},
        {"input": [said("user", text_of("input_text", LONG))]},
        {"input": [said("assistant", {"type": "refusal", "refusal": LONG})]},
        {"input": [call_of("f", LONG)]},
        {"input": [call_of("f"), result_of("f", LONG)]},
        {"input": [{"type": "reasoning", "summary": [text_of("summary_text", LONG)]}]},
        {"input": [{"type": "reasoning", "summary": [], "encrypted_content": LONG}]},
        {"input": [said("user", {"type": "input_file", "file_data": LONG})]},
        {"tools": [{"type": "function", "name": "f", "description": LONG}]},
        {"text": {"format": {"type": "json_schema", "name": "x", "schema": {"x": LONG}}}},
        {"some_new_field": LONG},
    ],
    ids=range(12),
)
def test_every_field_that_a_provider_may_count_is_measured(fields: dict[str, Any]) -> None:
    call = read(**fields)
    assert call.input_most >= len(LONG)
    assert call.input_estimate >= len(LONG) // 5


def test_images_and_documents_have_an_estimate_of_their_own() -> None:
    image = read(input=[said("user", {"type": "input_image", "image_url": PNG + "A" * 400_000})])
    assert 1_000 <= image.input_estimate < 2_000
    assert 4_000 <= image.input_most < 8_000
    pages = read(input=[said("user", {"type": "input_file", "file_data": PDF + "A" * 400_000})])
    assert pages.input_estimate < 50_000
    assert pages.input_most >= 100_000
