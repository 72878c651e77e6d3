"""The provider stand-in speaks Messages as Anthropic does."""

from typing import Any

import pytest
import requests

from tests.lumyx.standin import CANARY, HEADERS, TURN, StandIn, messages_events, rebuild

THINKING = {"type": "enabled", "budget_tokens": 1024}


def streamed(standin: StandIn, model: str = "echo", **fields: Any) -> list[dict[str, Any]]:
    return messages_events(standin.messages(model, stream=True, **fields))


def test_it_echoes_with_anthropics_shape_and_counts(standin: StandIn) -> None:
    answer = standin.messages()
    assert answer.headers["request-id"].startswith("req_")
    body = answer.json()
    assert body.pop("id").startswith("msg_01")
    usage = body.pop("usage")
    assert body == {
        "type": "message",
        "role": "assistant",
        "model": "echo",
        "content": [{"type": "text", "text": CANARY}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
    }
    assert (usage["input_tokens"], usage["output_tokens"]) == (16, 9)
    assert usage["cache_read_input_tokens"] == usage["cache_creation_input_tokens"] == 0


def test_a_stream_has_anthropics_events_in_order(standin: StandIn) -> None:
    events = streamed(standin)
    kinds = [event["type"] for event in events]
    assert kinds[:3] == ["message_start", "content_block_start", "ping"]
    assert kinds[3:12] == ["content_block_delta"] * 9
    assert kinds[12:] == ["content_block_stop", "message_delta", "message_stop"]
    start = events[0]["message"]
    assert (start["stop_reason"], start["usage"]["output_tokens"]) == (None, 1)
    assert start["usage"]["input_tokens"] == events[-2]["usage"]["input_tokens"] == 16
    message = rebuild(events)
    assert message["content"] == [{"type": "text", "text": CANARY}]
    assert (message["stop_reason"], message["usage"]["output_tokens"]) == ("end_turn", 9)


def test_the_maximum_cuts_the_answer(standin: StandIn) -> None:
    body = standin.messages(max_tokens=3).json()
    assert (body["content"][0]["text"], body["stop_reason"]) == ("the quick brown", "max_tokens")
    whole = standin.messages("echo-ignores-max", max_tokens=3).json()
    assert whole["usage"]["output_tokens"] == 9


def test_the_system_prompt_is_counted(standin: StandIn) -> None:
    blocks = [{"type": "text", "text": "Be brief."}]
    found = [standin.messages(system=s).json()["usage"] for s in ("Be brief.", blocks)]
    assert found[0] == found[1]
    assert found[0]["input_tokens"] > 16


def test_tokens_are_counted_without_a_maximum(standin: StandIn) -> None:
    body = {"model": "echo", "messages": [TURN]}
    assert standin.post("messages/count_tokens", body).json() == {"input_tokens": 16}
    failed = standin.post("messages/count_tokens", body | {"model": "echo-fail-529"})
    assert failed.json()["error"]["type"] == "overloaded_error"


@pytest.mark.parametrize(("model", "read", "written"), [("echo-cached", 8, 4), ("echo", 0, 0)])
def test_cached_tokens_are_apart_from_the_rest(
    standin: StandIn, model: str, read: int, written: int
) -> None:
    content = [{"type": "text", "text": CANARY, "cache_control": {"type": "ephemeral"}}]
    for message in (
        standin.messages(model, messages=[{"role": "user", "content": content}]).json(),
        rebuild(streamed(standin, model, messages=[{"role": "user", "content": content}])),
    ):
        usage = message["usage"]
        assert usage["cache_read_input_tokens"] == read
        assert usage["cache_creation_input_tokens"] == written
        assert usage["cache_creation"]["ephemeral_5m_input_tokens"] == written
        assert usage["input_tokens"] == 16 - read - written
    without = standin.messages(model).json()["usage"]
    assert without["cache_creation_input_tokens"] == 0


@pytest.mark.parametrize(
    ("model", "thinking", "thinks"),
    [
        ("echo", None, False),
        ("echo", THINKING, True),
        ("echo", {"type": "adaptive"}, True),
        ("echo-reasoning", None, True),
        ("echo-reasoning", {"type": "disabled"}, False),
    ],
)
def test_it_thinks_where_it_is_asked_to(
    standin: StandIn, model: str, thinking: Any, thinks: bool
) -> None:
    fields = {"thinking": thinking} if thinking else {}
    whole = standin.messages(model, **fields).json()
    message = rebuild(streamed(standin, model, **fields))
    assert message["content"] == whole["content"]
    assert message["usage"] == whole["usage"]
    kinds = [block["type"] for block in whole["content"]]
    assert kinds == (["thinking", "text"] if thinks else ["text"])
    if thinks:
        assert whole["content"][0]["signature"]
        assert whole["usage"]["output_tokens_details"]["thinking_tokens"] > 0
        # What it thought is accepted back, and only that.
        turns = [TURN, {"role": "assistant", "content": whole["content"]}, TURN]
        assert standin.messages(model, messages=turns).status_code == 200
        whole["content"][0]["signature"] = "forged"
        refused = standin.messages(model, messages=turns)
        assert refused.status_code == 400
        assert "Invalid `signature` in `thinking` block" in refused.text


def test_thoughts_may_be_hidden(standin: StandIn) -> None:
    thinking = {"type": "adaptive", "display": "omitted"}
    block = standin.messages(thinking=thinking).json()["content"][0]
    assert block["thinking"] == ""
    assert block["signature"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (402, "billing_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (413, "request_too_large"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (504, "timeout_error"),
        (529, "overloaded_error"),
    ],
)
def test_errors_have_anthropics_shape_and_quote_the_prompt(
    standin: StandIn, status: int, kind: str
) -> None:
    answer = standin.messages(f"echo-fail-{status}", stream=True)
    body = answer.json()
    assert answer.status_code == status
    assert set(body) == {"type", "error", "request_id"}
    assert (body["type"], body["error"]["type"]) == ("error", kind)
    assert CANARY in body["error"]["message"]
    assert ("Retry-After" in answer.headers) == (status == 429)


def test_a_stream_may_end_with_an_error(standin: StandIn) -> None:
    events = streamed(standin, "echo-error-mid")
    assert [event["type"] for event in events].count("content_block_delta") == 5
    assert events[-1]["error"]["type"] == "overloaded_error"


def test_a_stream_may_end_silently(standin: StandIn) -> None:
    assert streamed(standin, "echo-silent-end")[-1]["type"] == "content_block_delta"
    assert standin.messages("echo-silent-end").json()["content"] == []


def test_pings_come_before_every_event_where_comments_do(standin: StandIn) -> None:
    events = streamed(standin, "echo-comments")
    assert {event["type"] for event in events[::2]} == {"ping"}
    assert events[1]["type"] == "message_start"


def test_usage_may_be_missing_late_or_wrong(standin: StandIn) -> None:
    assert "usage" not in standin.messages("echo-no-usage").json()
    events = streamed(standin, "echo-no-usage")
    assert "usage" not in events[0]["message"]
    assert "usage" not in events[-2]
    events = streamed(standin, "echo-usage-last")
    assert events[0]["message"]["usage"] == {"input_tokens": 0, "output_tokens": 0}
    assert events[-2]["usage"]["input_tokens"] == 16
    bad = standin.messages("echo-bad-usage").json()["usage"]
    assert (bad["input_tokens"], bad["output_tokens"]) == (-7, True)
    huge = streamed(standin, "echo-bad-usage-huge")
    assert huge[0]["message"]["usage"]["input_tokens"] == huge[-2]["usage"]["output_tokens"]


def test_a_stop_sequence_ends_the_answer_and_is_named(standin: StandIn) -> None:
    for message in (
        standin.messages(stop_sequences=["lazy", " fox"]).json(),
        rebuild(streamed(standin, stop_sequences=["lazy", " fox"])),
    ):
        assert message["content"][0]["text"] == "the quick brown"
        assert (message["stop_reason"], message["stop_sequence"]) == ("stop_sequence", " fox")


def test_the_key_and_the_version_are_wanted(standin: StandIn) -> None:
    body = {"model": "echo", "max_tokens": 9, "messages": [TURN]}

    def refused(*without: str) -> requests.Response:
        headers = {name: value for name, value in HEADERS.items() if name not in without}
        return standin.post("messages", body, headers)

    answer = refused("x-api-key")
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "authentication_error"
    answer = refused("anthropic-version")
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "anthropic-version: header is required"
    assert refused("Authorization").status_code == 200


def test_an_unknown_model_is_not_found(standin: StandIn) -> None:
    answer = standin.messages("claude")
    assert (answer.status_code, answer.json()["error"]["type"]) == (404, "not_found_error")


def test_models_are_listed_in_the_dialect_of_the_client(standin: StandIn) -> None:
    shown = requests.get(f"{standin.url}/models", headers=HEADERS, timeout=5).json()
    assert (shown["has_more"], shown["data"][0]["type"]) == (False, "model")
    assert shown["data"][-1]["id"] == shown["last_id"]
