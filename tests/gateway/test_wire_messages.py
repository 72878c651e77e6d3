"""Anthropic's Messages without their dialect, and back: nothing of a conversation is lost."""

import json
from typing import Any

import pytest
from msgspec import Raw

from gateway.errors import ApiError
from gateway.wire import conversation as c
from gateway.wire.call import Target
from gateway.wire.chat import conversation as chat
from gateway.wire.chat import provider_body as chat_body
from gateway.wire.chat import request as chat_request
from gateway.wire.messages import conversation, provider_body, request
from gateway.wire.messages.provider import AnthropicProvider

PIXEL = "iVBORw0KGgo="
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
EPHEMERAL = {"type": "ephemeral"}
ASK: dict[str, Any] = {
    "model": "m",
    "max_tokens": 4_000,
    "system": [{"type": "text", "text": "Be brief.", "cache_control": EPHEMERAL}],
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {
                    "type": "image",
                    "source": {"type": "base64", "media_type": "image/png", "data": PIXEL},
                },
                {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
                {
                    "type": "document",
                    "source": {"type": "base64", "media_type": "application/pdf", "data": PIXEL},
                    "title": "a.pdf",
                },
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "sig"},
                {"type": "redacted_thinking", "data": "xyz"},
                {"type": "text", "text": "Let me look."},
                {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Oslo"}},
                {"type": "tool_use", "id": "t2", "name": "weather", "input": {"city": "Rome"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "t1",
                    "content": [{"type": "text", "text": "cold"}],
                },
                {
                    "type": "tool_result",
                    "tool_use_id": "t2",
                    "content": [{"type": "text", "text": "no"}],
                    "is_error": True,
                },
                {"type": "text", "text": "Thanks"},
            ],
        },
    ],
    "tools": [{"name": "weather", "description": "The weather.", "input_schema": SCHEMA}],
    "tool_choice": {"type": "any", "disable_parallel_tool_use": True},
    "stop_sequences": ["END"],
    "temperature": 0.5,
    "top_k": 5,
}
THINKS = frozenset({"reasoning", "structured_output"})
ADAPTS = THINKS | {"adaptive_thinking"}


def read(**fields: Any) -> c.Conversation:
    return conversation.read(request.read(json.dumps({**ASK, **fields}).encode()))


def written(
    conversation_: c.Conversation, capabilities: frozenset[str] = frozenset(), most: int = 4_000
) -> dict[str, Any]:
    target = Target("m", most, capabilities)
    found: dict[str, Any] = json.loads(provider_body.write(conversation_, target))
    return found


def from_chat(capabilities: frozenset[str] = frozenset(), **fields: Any) -> dict[str, Any]:
    """What a Chat Completions call becomes."""
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], **fields}
    return written(chat.read(chat_request.read(json.dumps(body).encode())), capabilities)


def test_a_conversation_that_is_written_again_is_the_same() -> None:
    assert written(read()) == ASK


def test_a_conversation_goes_to_openai_whole() -> None:
    sent = json.loads(chat_body.write(read(), Target("up", 100)))
    system, asked, answered, first, second, thanked = sent["messages"]
    assert system == {"role": "system", "content": "Be brief."}
    assert [part["type"] for part in asked["content"]] == ["text", "image_url", "image_url", "file"]
    assert asked["content"][1]["image_url"]["url"] == f"data:image/png;base64,{PIXEL}"
    assert answered["content"] == "Let me look."
    assert [call["function"]["arguments"] for call in answered["tool_calls"]] == [
        '{"city": "Oslo"}',
        '{"city": "Rome"}',
    ]
    assert (first["tool_call_id"], second["tool_call_id"]) == ("t1", "t2")
    assert (first["content"], thanked["content"]) == ("cold", "Thanks")
    assert "no" in second["content"]
    assert sent["tools"][0]["function"]["parameters"] == SCHEMA
    assert (sent["tool_choice"], sent["parallel_tool_calls"]) == ("required", False)
    assert (sent["stop"], sent["temperature"]) == (["END"], 0.5)
    assert "hm" not in json.dumps(sent)


def test_turns_of_one_role_are_one_message_and_results_come_first() -> None:
    sent = from_chat(
        messages=[
            {"role": "user", "content": "a"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": n, "type": "function", "function": {"name": "f", "arguments": "{}"}}
                    for n in ("x", "y")
                ],
            },
            {"role": "tool", "tool_call_id": "x", "content": "1"},
            {"role": "tool", "tool_call_id": "y", "content": "2"},
            {"role": "user", "content": "b"},
        ]
    )
    assert [message["role"] for message in sent["messages"]] == ["user", "assistant", "user"]
    assert [block["type"] for block in sent["messages"][2]["content"]] == [
        "tool_result",
        "tool_result",
        "text",
    ]


@pytest.mark.parametrize(
    ("reasoning", "thinking"),
    [
        ({"effort": "low"}, {"type": "enabled", "budget_tokens": 1_024}),
        ({"effort": "high"}, {"type": "enabled", "budget_tokens": 3_200}),
        ({"max_tokens": 2_000}, {"type": "enabled", "budget_tokens": 2_000}),
        ({"max_tokens": 9_000}, {"type": "enabled", "budget_tokens": 3_744}),
        ({"enabled": True}, {"type": "enabled", "budget_tokens": 2_000}),
        ({"effort": "none"}, {"type": "disabled"}),
    ],
)
def test_the_wish_for_reasoning_is_told_as_a_budget(
    reasoning: dict[str, Any], thinking: dict[str, Any]
) -> None:
    sent = from_chat(THINKS, reasoning=reasoning, temperature=0.5)
    assert sent["thinking"] == thinking
    assert ("temperature" in sent) is (thinking["type"] == "disabled")
    assert "thinking" not in from_chat(reasoning=reasoning)


@pytest.mark.parametrize(
    ("reasoning", "thinking", "effort"),
    [
        ({"effort": "xhigh"}, {"type": "adaptive", "display": "summarized"}, "xhigh"),
        ({"effort": "minimal"}, {"type": "adaptive", "display": "summarized"}, "low"),
        ({"max_tokens": 2_000}, {"type": "adaptive", "display": "summarized"}, "medium"),
        ({"enabled": True}, {"type": "adaptive", "display": "summarized"}, None),
        (
            {"effort": "high", "exclude": True},
            {"type": "adaptive", "display": "omitted"},
            "high",
        ),
        ({"effort": "none"}, None, "low"),
    ],
)
def test_a_model_that_thinks_as_it_likes_is_told_an_effort(
    reasoning: dict[str, Any], thinking: dict[str, Any] | None, effort: str | None
) -> None:
    sent = from_chat(ADAPTS, reasoning=reasoning, temperature=0.5)
    assert sent.get("thinking") == thinking
    assert sent.get("output_config", {}).get("effort") == effort
    assert "temperature" not in sent


def test_no_tool_is_forced_on_a_model_that_thinks() -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    forced = {"tools": tools, "tool_choice": "required"}
    assert from_chat(THINKS, **forced)["tool_choice"] == {"type": "any"}
    thinking = from_chat(THINKS, **forced, reasoning={"effort": "low"})
    assert thinking["tool_choice"] == {"type": "auto"}


def test_a_model_whose_thoughts_are_missing_does_not_think_on() -> None:
    called = {"id": "x", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    sent = from_chat(
        THINKS,
        messages=[
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": None, "tool_calls": [called]},
            {"role": "tool", "tool_call_id": "x", "content": "1"},
        ],
        reasoning={"effort": "low"},
    )
    assert "thinking" not in sent


FORMAT = {
    "type": "json_schema",
    "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True},
}


def test_a_json_schema_is_native_where_the_model_has_it() -> None:
    sent = from_chat(THINKS, response_format=FORMAT, reasoning={"effort": "low"})
    assert sent["output_config"]["format"] == {"type": "json_schema", "schema": SCHEMA}
    assert "tools" not in sent
    adaptive = from_chat(ADAPTS, response_format=FORMAT, reasoning={"effort": "low"})
    assert adaptive["output_config"].keys() == {"format", "effort"}


def test_a_json_schema_is_a_tool_where_the_model_has_none() -> None:
    sent = from_chat(response_format=FORMAT)
    (tool,) = sent["tools"]
    assert tool["input_schema"] == SCHEMA
    assert sent["tool_choice"] == {"type": "tool", "name": tool["name"]}
    assert "output_config" not in sent


def test_a_json_schema_beside_tools_is_told_in_words() -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    sent = from_chat(response_format=FORMAT, tools=tools)
    assert [tool["name"] for tool in sent["tools"]] == ["f"]
    assert '"city"' in sent["system"][-1]["text"]


def test_no_more_cache_breakpoints_are_sent_than_the_api_takes() -> None:
    blocks = [{"type": "text", "text": f"{n}", "cache_control": EPHEMERAL} for n in range(6)]
    sent = written(read(messages=[{"role": "user", "content": blocks}]))
    marked = [block["text"] for block in sent["messages"][0]["content"] if "cache_control" in block]
    assert marked == ["2", "3", "4", "5"]
    assert "cache_control" not in sent["system"][0]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": [{"name": "f"}]}, "tools[0].input_schema"),
        ({"tools": [{"type": "bash_20250124", "name": "bash"}]}, "tools[0].type"),
        ({"tool_choice": {"type": "maybe"}}, "tool_choice"),
        ({"output_config": {"effort": "huge"}}, "output_config.effort"),
        ({"output_config": {"format": {"type": "grammar"}}}, "output_config.format"),
        (
            {"messages": [{"role": "user", "content": [{"type": "search_result"}]}]},
            "messages[0].content[0]",
        ),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [{"type": "image", "source": {"type": "file", "file_id": "f"}}],
                    }
                ]
            },
            "messages[0].content[0].source",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_has_no_translation_is_refused_clearly(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(ApiError) as caught:
        read(**fields)
    assert (caught.value.status, caught.value.param) == (400, param)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"max_tokens": None}, "max_tokens"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"messages": []}, "messages"),
        ({"messages": "Hi"}, "messages"),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools[0].type"),
    ],
)
def test_what_no_provider_would_take_is_refused_at_once(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(ApiError) as caught:
        request.read(json.dumps({**ASK, **fields}).encode())
    assert (caught.value.status, caught.value.param) == (400, param)


def forwarded(most: int = 4_000, **fields: Any) -> dict[str, Any]:
    call = request.read(json.dumps({**ASK, **fields}).encode())
    body = AnthropicProvider.forwards["messages"].body(call, Target("up", most))
    sent: dict[str, Any] = json.loads(body)
    return sent


def test_unknown_fields_are_forwarded_and_who_asks_is_not() -> None:
    sent = forwarded(
        made_up={"a": [1.50]}, metadata={"user_id": "u", "b": 1}, service_tier="priority"
    )
    assert sent == {**ASK, "model": "up", "made_up": {"a": [1.50]}, "metadata": {"b": 1}}


def test_a_budget_stays_below_an_output_that_was_cut() -> None:
    thinking = {"type": "enabled", "budget_tokens": 3_000}
    assert forwarded(thinking=thinking)["thinking"] == thinking
    assert forwarded(2_000, thinking=thinking)["thinking"]["budget_tokens"] == 1_744
    assert "thinking" not in forwarded(1_000, thinking=thinking)


def test_only_known_betas_are_passed_on() -> None:
    call = request.read(json.dumps(ASK).encode())
    call.betas = "claude-code-20250219, made-up-2030-01-01 ,files-api-2025-04-14"
    headers = AnthropicProvider().headers("key", call)
    assert headers == {
        "x-api-key": "key",
        "anthropic-version": "2023-06-01",
        "anthropic-beta": "claude-code-20250219",
    }


def test_arguments_pass_unchanged() -> None:
    found = c.Conversation(
        system=[],
        turns=[
            c.Turn("assistant", [c.ToolUse("t", "f", '{"n": 1.50, "big": 12345678901234567890}')])
        ],
        tools=[c.Tool("f", Raw(b"{}"))],
    )
    body = provider_body.write(found, Target("m", 10))
    assert b'{"n": 1.50, "big": 12345678901234567890}' in body
