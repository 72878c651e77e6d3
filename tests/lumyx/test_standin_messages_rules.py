"""The provider stand-in refuses in Messages what Anthropic refuses."""

from typing import Any

import pytest

from tests.lumyx.standin import CITY, HEADERS, TURN, StandIn

TOOLS = [{"name": "weather", "input_schema": CITY}]
USE = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}}
OTHER_USE = USE | {"id": "toolu_2"}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "sunny"}
TEXT = {"type": "text", "text": "Hi"}
THINKING = {"type": "enabled", "budget_tokens": 1024}


def user(*content: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(content)}


def assistant(*content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(content)}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"max_tokens": None}, "max_tokens: Input should be a valid integer"),
        ({"max_tokens": True}, "max_tokens: Input should be a valid integer"),
        ({"max_tokens": 0}, "max_tokens: Input should be greater than or equal to 1"),
        ({"max_tokens": 10**6}, "max_tokens: 1000000 > 128000"),
        ({"messages": []}, "messages: at least one message"),
        ({"messages": [{"role": "system", "content": "x"}]}, "top-level `system` parameter"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": ""}]}, "non-empty content"),
        ({"messages": [user({"type": "text", "text": ""})]}, "must be non-empty"),
        ({"messages": [user({"type": "image_url"})]}, "messages.0.content.0: Input tag"),
        ({"messages": [assistant(TEXT)]}, "first message must use"),
        ({"system": 7}, "system: "),
        ({"stop_sequences": [" "]}, "stop_sequences: "),
        ({"tools": [{"name": "weather"}]}, "tools.0.custom.input_schema: Field required"),
        ({"tools": TOOLS, "tool_choice": {"type": "tool", "name": "x"}}, "not found in provided"),
        ({"thinking": THINKING | {"budget_tokens": 1023}}, "greater than or equal to 1024"),
        ({"thinking": THINKING, "max_tokens": 1024}, "must be greater than `thinking.budget"),
        ({"thinking": THINKING, "temperature": 0.5}, "`temperature` may only be set to 1"),
        (
            {"thinking": THINKING, "tools": TOOLS, "tool_choice": {"type": "any"}},
            "Thinking may not be enabled when tool_choice forces tool use.",
        ),
        (
            {"messages": [TURN, assistant(USE), user(TEXT)], "tools": TOOLS},
            "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after:"
            " toolu_1.",
        ),
        (
            {"messages": [TURN, assistant(USE, OTHER_USE), user(RESULT)], "tools": TOOLS},
            "immediately after: toolu_2.",
        ),
        ({"messages": [TURN, assistant(USE)], "tools": TOOLS}, "immediately after: toolu_1."),
        (
            {"messages": [TURN, assistant(USE), user(TEXT, RESULT)], "tools": TOOLS},
            "immediately after: toolu_1.",
        ),
        ({"messages": [user(RESULT)]}, "messages.0.content.0: unexpected `tool_use_id`"),
        (
            {"messages": [TURN, assistant(USE, USE), user(RESULT)], "tools": TOOLS},
            "`tool_use` ids must be unique",
        ),
        (
            {
                "messages": [TURN, assistant(USE), user(RESULT)],
                "tools": TOOLS,
                "thinking": THINKING,
            },
            "Expected `thinking` or `redacted_thinking`, but found `tool_use`.",
        ),
        (
            {"messages": [TURN, assistant({"type": "thinking", "thinking": "x"}), TURN]},
            "messages.1.content.0.thinking.signature: Field required",
        ),
    ],
)
def test_a_broken_rule_is_named(standin: StandIn, fields: dict[str, Any], message: str) -> None:
    answer = standin.messages(**fields)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert message in error["message"]


def test_a_maximum_is_required(standin: StandIn) -> None:
    answer = standin.post("messages", {"model": "echo", "messages": [TURN]})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "max_tokens: Field required"


def test_results_may_be_spread_over_neighbouring_messages(standin: StandIn) -> None:
    other = RESULT | {"tool_use_id": "toolu_2", "content": "rainy"}
    turns = [TURN, assistant(USE, OTHER_USE), user(RESULT), user(other)]
    body = standin.messages(messages=turns, tools=TOOLS).json()
    assert body["content"] == [{"type": "text", "text": "rainy"}]


def test_adaptive_thinking_asks_for_no_earlier_thought(standin: StandIn) -> None:
    turns = [TURN, assistant(USE), user(RESULT)]
    answer = standin.messages(messages=turns, tools=TOOLS, thinking={"type": "adaptive"})
    assert answer.status_code == 200


def test_the_new_version_refuses_sampling_parameters(standin: StandIn) -> None:
    body = {"model": "echo", "max_tokens": 9, "messages": [TURN], "temperature": 1}
    for version, status in (("2023-06-01", 200), ("2026-10-21", 400), ("2020-01-01", 400)):
        answer = standin.post("messages", body, HEADERS | {"anthropic-version": version})
        assert answer.status_code == status


def test_a_huge_body_is_too_large(standin: StandIn) -> None:
    answer = standin.messages(messages=[user({"type": "text", "text": "x" * (33 << 20)})])
    assert answer.status_code == 413
    assert answer.json()["error"]["type"] == "request_too_large"
