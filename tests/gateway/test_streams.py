"""Streams that break, are cut or left: the right end, the right charge, no open hold."""

import json
import socket
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import requests

from tests.customers import Customer
from tests.processes import ProviderProcess, Server, wait_until

WORDS = "one two three four five six seven eight nine ten eleven twelve"
BROKEN = ["echo-cut", "echo-reset", "echo-silent-end", "echo-error-mid", "echo-garbage"]


def events(text: str) -> list[str]:
    return [line[6:] for line in text.split("\n") if line.startswith("data: ")]


def delivered(text: str) -> int:
    """How many events brought text."""
    found = 0
    for event in events(text):
        if event != "[DONE]":
            for choice in json.loads(event).get("choices", []):
                found += bool(choice["delta"].get("content"))
    return found


@pytest.mark.parametrize("model", BROKEN)
def test_a_broken_stream_ends_with_an_error_and_never_with_done(
    server: Server, customer: Customer, model: str
) -> None:
    text = customer.stream(server, model, text=WORDS)
    assert "[DONE]" not in text
    error = json.loads(events(text)[-1])["error"]
    assert error["code"] == "provider_stream_error"
    assert WORDS not in json.dumps(error)


@pytest.mark.parametrize("model", BROKEN)
def test_a_broken_stream_costs_what_was_delivered(
    server: Server, customer: Customer, model: str
) -> None:
    text = customer.stream(server, model, text=WORDS)
    row = customer.wait_for_log(1)[0]
    assert customer.holds_open() == 0
    assert row.status == 502
    assert row.output_tokens == delivered(text)
    if delivered(text):
        assert row.charge_basis == "estimated"
        assert customer.spent() == [row.charge] == [row.input_tokens * 2 + row.output_tokens * 8]
    else:
        assert row.charge_basis == "nothing"
        assert customer.spent() == []


def test_usage_on_the_last_chunk_that_has_choices_is_found(
    server: Server, customer: Customer
) -> None:
    assert "[DONE]" in customer.stream(server, "echo-usage-last", text=WORDS)
    assert customer.wait_for_log(1)[0].charge_basis == "reported"


def test_without_usage_the_delivered_tokens_are_charged_and_marked(
    server: Server, customer: Customer
) -> None:
    text = customer.stream(server, "echo-no-usage", text=WORDS)
    assert text.endswith("data: [DONE]\n\n")
    row = customer.wait_for_log(1)[0]
    assert row.charge_basis == "estimated"
    assert row.output_tokens == delivered(text)
    assert customer.spent() == [row.charge]


@pytest.mark.parametrize(
    "kind", ["negative", "boolean", "string", "fraction", "huge", "cached", "reasoning"]
)
@pytest.mark.parametrize("stream", [True, False])
def test_impossible_counts_are_replaced_by_an_estimate(
    server: Server, customer: Customer, kind: str, stream: bool
) -> None:
    assert customer.chat(server, f"echo-bad-usage-{kind}", text=WORDS, stream=stream).ok
    row = customer.wait_for_log(1)[0]
    assert row.charge_basis == "estimated"
    assert 0 < row.charge < 2_000
    assert customer.spent() == [row.charge]


def test_comments_of_the_provider_do_not_disturb(server: Server, customer: Customer) -> None:
    text = customer.stream(server, "echo-comments", text=WORDS)
    assert text.endswith("data: [DONE]\n\n")
    assert customer.wait_for_log(1)[0].charge_basis == "reported"


def leave_after(server: Server, customer: Customer, model: str, count: int) -> int:
    """Leave a stream after so many events with text, and return how many came."""
    body = {"model": model, "stream": True, "messages": [{"role": "user", "content": WORDS}]}
    came = 0
    with requests.post(
        f"{server.api}/chat/completions",
        json=body,
        headers=customer.headers,
        stream=True,
        timeout=30,
    ) as response:
        for line in response.iter_lines(chunk_size=1):
            if line.startswith(b"data: "):
                choice = json.loads(line[6:])["choices"][0]
                came += bool(choice["delta"].get("content"))
                if came >= count:
                    break
    return came


def test_a_client_that_leaves_pays_for_what_was_delivered(
    server: Server, customer: Customer, provider: ProviderProcess
) -> None:
    before = provider.last()["cancelled"]
    came = leave_after(server, customer, "echo-slow", 3)
    wait_until(lambda: provider.last()["cancelled"] != before, seconds=1.5, what="cancellation")
    row = customer.wait_for_log(1)[0]
    assert row.status == 499
    assert came <= row.output_tokens <= came + 2
    assert row.charge_basis == "estimated"
    assert customer.spent() == [row.charge]
    assert customer.holds_open() == 0


def test_a_client_that_leaves_before_any_output_pays_nothing(
    server: Server, customer: Customer, provider: ProviderProcess
) -> None:
    before = provider.last()["cancelled"]
    for stream in (True, False):
        with pytest.raises(requests.Timeout):
            requests.post(
                f"{server.api}/chat/completions",
                json={
                    "model": "echo-hang",
                    "stream": stream,
                    "messages": [{"role": "user", "content": WORDS}],
                },
                headers=customer.headers,
                timeout=0.6,
            )
    rows = customer.wait_for_log(2)
    assert {row.charge_basis for row in rows} == {"nothing"}
    assert customer.spent() == []
    assert customer.holds_open() == 0
    wait_until(
        lambda: int(provider.last()["cancelled"]) >= int(before) + 2,  # type: ignore[call-overload]
        seconds=1.5,
        what="the provider's connections to close",
    )


def test_a_client_that_stops_reading_is_left_and_charged(
    environment: dict[str, str], provider: ProviderProcess, customer: Customer
) -> None:
    impatient = Server(environment={**environment, "CLIENT_STALL_SECONDS": "1"}, workers=1)
    try:
        body = json.dumps(
            {
                "model": "echo-tokens-60000",
                "stream": True,
                "messages": [{"role": "user", "content": WORDS}],
            }
        ).encode()
        with socket.socket() as wire:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            wire.connect(("127.0.0.1", urlsplit(impatient.url).port))
            wire.sendall(
                b"POST /api/v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                + customer.key.encode()
                + b"\r\nContent-Length: %d\r\n\r\n" % len(body)
                + body
            )
            wait_until(lambda: len(customer.logged()) == 1, seconds=20, what="the end")
        row = customer.logged()[0]
        assert row.status == 499
        assert row.charge_basis == "estimated"
        assert [row.charge] == customer.spent()
        assert row.charge > 0
    finally:
        impatient.stop()


def test_an_answer_never_costs_more_than_the_account_has(
    server: Server, new_customer: Callable[..., Customer]
) -> None:
    poor = new_customer(credit=300)
    text = poor.stream(server, "echo-long", text="Hi")
    assert json.loads(events(text)[-1])["error"]["code"] == "insufficient_credits"
    assert "[DONE]" not in text
    assert poor.balance() >= 0
    assert 200 <= sum(poor.spent()) <= 300
    assert poor.holds_open() == 0


def test_a_provider_that_ignores_the_output_cap_is_cut(
    server: Server, new_customer: Callable[..., Customer]
) -> None:
    poor = new_customer(credit=300)
    text = poor.stream(server, "echo-long+ignores-max", text="Hi")
    assert json.loads(events(text)[-1])["error"]["code"] == "insufficient_credits"
    assert poor.balance() == 0
    assert poor.holds_open() == 0


def test_many_calls_and_faults_at_once_leave_the_ledger_exact(
    server: Server, new_customer: Callable[..., Customer]
) -> None:
    customers = [new_customer() for _ in range(3)]
    models = ["echo", "echo-cached", "echo-fail-500", "nope", *BROKEN, "echo-no-usage"]

    def work(number: int) -> None:
        customer = customers[number % 3]
        for n in range(10):
            model = models[(number + n) % len(models)]
            if (number + n) % 7 == 0:
                leave_after(server, customer, "echo-slow", 2)
            else:
                customer.chat(server, model, text=WORDS, stream=n % 2 == 0)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for customer in customers:
        wait_until(lambda c=customer: c.holds_open() == 0, seconds=5)  # type: ignore[misc]
        rows = customer.wait_for_log(100)
        assert len(rows) == 100
        assert sum(row.charge for row in rows) == sum(customer.spent())
        assert customer.balance() == 10_000_000 - sum(customer.spent())
        customer.account.refresh_from_db()
        assert customer.account.held == 0
