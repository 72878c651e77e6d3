"""The unmodified OpenAI SDK calls models, and the charge is exact."""

import json
from typing import Any

import openai
import requests

from billing.models import MICRO
from gateway import invalidation
from gateway.models import Provider, Route
from tests.customers import Customer
from tests.models import add_model
from tests.processes import ProviderProcess, Server, wait_until

HELLO = "Hello there, how are you today?"


def sdk(server: Server, customer: Customer) -> openai.OpenAI:
    return openai.OpenAI(base_url=server.api, api_key=customer.key, max_retries=0)


def cost(usage: openai.types.CompletionUsage) -> int:
    return usage.prompt_tokens * 2 + usage.completion_tokens * 8


def test_a_chat_is_answered_and_charged_exactly(server: Server, customer: Customer) -> None:
    answer = sdk(server, customer).chat.completions.create(
        model="echo", messages=[{"role": "user", "content": HELLO}]
    )
    assert answer.choices[0].message.content == HELLO
    assert answer.usage is not None
    assert answer.usage.completion_tokens > 3
    assert customer.spent() == [cost(answer.usage)]
    assert customer.balance() == 10 * MICRO - cost(answer.usage)
    assert customer.holds_open() == 0


def test_a_stream_arrives_in_pieces_and_is_charged_exactly(
    server: Server, customer: Customer
) -> None:
    stream = sdk(server, customer).chat.completions.create(
        model="echo",
        messages=[{"role": "user", "content": HELLO}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == HELLO
    assert len(chunks) > 5
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [c.choices[0].finish_reason for c in chunks if c.choices].count("stop") == 1
    assert len({c.id for c in chunks}) == 1
    usage = chunks[-1].usage
    assert chunks[-1].choices == []
    assert usage is not None
    assert customer.spent() == [cost(usage)]


def test_usage_is_not_shown_to_a_client_that_did_not_ask_and_is_charged_all_the_same(
    server: Server, customer: Customer
) -> None:
    text = customer.stream(server, text=HELLO)
    events = [line[6:] for line in text.split("\n") if line.startswith("data: ")]
    assert events[-1] == "[DONE]"
    assert all(json.loads(event)["choices"] for event in events[:-1])
    assert all(not json.loads(event).get("usage") for event in events[:-1])
    assert len(customer.spent()) == 1


def test_a_charge_is_in_the_ledger_before_the_stream_ends(
    server: Server, customer: Customer
) -> None:
    body = {"model": "echo", "stream": True, "messages": [{"role": "user", "content": HELLO}]}
    with requests.post(
        f"{server.api}/chat/completions",
        json=body,
        headers=customer.headers,
        stream=True,
        timeout=30,
    ) as response:
        for line in response.iter_lines():
            if line == b"data: [DONE]":
                assert len(customer.spent()) == 1
                break
        else:
            raise AssertionError("no [DONE]")


def test_the_answer_names_the_model_as_the_client_does(
    server: Server, customer: Customer, provider: ProviderProcess
) -> None:
    row = add_model("lumyx-test_v1", Provider.objects.get(name="standin"))
    Route.objects.filter(model=row).update(upstream_name="echo")
    invalidation.publish_catalogue()
    wait_until(lambda: customer.chat(server, "lumyx-test_v1").ok, seconds=8)
    assert customer.chat(server, "lumyx-test_v1").json()["model"] == "lumyx-test_v1"
    assert '"model":"lumyx-test_v1"' in customer.stream(server, "lumyx-test_v1")
    assert provider.last()["body"]["model"] == "echo"  # type: ignore[index]


def test_fields_that_we_do_not_know_reach_the_provider_untouched(
    server: Server, customer: Customer, provider: ProviderProcess
) -> None:
    extra: dict[str, Any] = {
        "logit_bias": {"50256": -100},
        "x_new_thing": {"deep": [1, 2.5, None, "é\u2028"]},
    }
    assert customer.chat(server, seed=7, **extra).ok
    body = provider.last()["body"]
    assert isinstance(body, dict)
    assert {k: body[k] for k in extra} == extra
    assert body["seed"] == 7


def test_the_provider_learns_nothing_of_who_calls(
    server: Server, customer: Customer, provider: ProviderProcess
) -> None:
    fields = {"user": "user-canary", "metadata": {"user_id": "user-canary", "kept": "yes"}}
    answer = requests.post(
        f"{server.api}/chat/completions",
        json={"model": "echo", "messages": [{"role": "user", "content": "Hi"}], **fields},
        headers={
            **customer.headers,
            "OpenAI-Organization": "user-canary",
            "X-Forwarded-For": "203.0.113.9",
            "Cookie": "a=user-canary",
        },
        timeout=30,
    )
    assert answer.ok
    seen = provider.last()
    assert "user-canary" not in json.dumps(seen)
    assert "203.0.113.9" not in json.dumps(seen)
    assert customer.key not in json.dumps(seen)
    assert set(seen["headers"]) <= {  # type: ignore[call-overload]
        "host",
        "authorization",
        "content-type",
        "content-length",
        "accept",
        "accept-encoding",
        "user-agent",
    }
    assert seen["body"]["metadata"] == {"kept": "yes"}  # type: ignore[index]


def test_cached_tokens_cost_their_own_price(server: Server, customer: Customer) -> None:
    answer = customer.chat(server, "echo-cached", text="word " * 40).json()
    usage = answer["usage"]
    cached = usage["prompt_tokens_details"]["cached_tokens"]
    assert cached > 10
    expected = (usage["prompt_tokens"] - cached) * 20 + cached * 5 + usage["completion_tokens"] * 80
    assert customer.spent() == [-(-expected // 10)]
    row = customer.wait_for_log(1)[0]
    assert (row.input_tokens, row.cache_read_tokens) == (usage["prompt_tokens"] - cached, cached)


def test_reasoning_is_part_of_the_output_and_shown_apart(
    server: Server, customer: Customer
) -> None:
    usage = customer.chat(server, "echo-reasoning").json()["usage"]
    row = customer.wait_for_log(1)[0]
    assert row.output_tokens == usage["completion_tokens"]
    assert row.reasoning_tokens == usage["completion_tokens_details"]["reasoning_tokens"] > 0


def test_tools_are_called_through_the_sdk(server: Server, customer: Customer) -> None:
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
    for stream in (False, True):
        answer = sdk(server, customer).chat.completions.create(  # type: ignore[call-overload]
            model="echo",
            messages=[{"role": "user", "content": HELLO}],
            tools=[tool],
            tool_choice="required",
            stream=stream,
        )
        if isinstance(answer, openai.Stream):
            names = [
                call.function.name
                for chunk in answer
                for choice in chunk.choices
                for call in choice.delta.tool_calls or ()
                if call.function and call.function.name
            ]
        else:
            calls = answer.choices[0].message.tool_calls or []
            names = [call.function.name for call in calls]
        assert names == ["look"]


def test_a_body_may_come_in_pieces(server: Server, customer: Customer) -> None:
    body = json.dumps({"model": "echo", "messages": [{"role": "user", "content": "é" * 9_000}]})
    raw = body.encode()
    parts = (raw[n : n + 1_000] for n in range(0, len(raw), 1_000))
    answer = requests.post(
        f"{server.api}/chat/completions", data=parts, headers=customer.headers, timeout=30
    )
    assert answer.json()["choices"][0]["message"]["content"] == "é" * 9_000


def test_an_x_api_key_header_serves_as_well(server: Server, customer: Customer) -> None:
    answer = requests.get(f"{server.api}/models", headers={"x-api-key": customer.key}, timeout=10)
    assert answer.ok
