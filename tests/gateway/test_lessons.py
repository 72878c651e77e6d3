"""The eighteen lessons of other gateways' issue trackers, one test each.

The name of each is the mistake that others made, turned into what happens here.
"""

import concurrent.futures
import json
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import psutil
import pytest
import requests
from django.utils import timezone

from gateway import partitions
from tests.customers import Customer
from tests.models import add_model, add_provider, add_routes, offer
from tests.processes import PROVIDER_KEY, ProviderProcess, Server, wait_until

WORDS = "one two three four five six seven eight nine ten"


def opened(
    server: Server, customer: Customer, model: str, *, timeout: float = 30
) -> requests.Response:
    """Begin a stream and return it unread."""
    return requests.post(
        f"{server.api}/chat/completions",
        json={"model": model, "stream": True, "messages": [{"role": "user", "content": WORDS}]},
        headers=customer.headers,
        stream=True,
        timeout=timeout,
    )


def payloads(response: requests.Response) -> Iterator[dict[str, object]]:
    """The chunks of a stream as they come."""
    for line in response.iter_lines(chunk_size=1):
        if line.startswith(b"data: {"):
            yield json.loads(line[6:])


def test_01_a_client_that_leaves_before_the_last_chunk_is_still_in_the_books(
    server: Server, customer: Customer
) -> None:
    with opened(server, customer, "echo-slow") as response:
        for _ in zip(range(4), payloads(response), strict=False):
            pass
    row = customer.wait_for_log(1)[0]
    assert row.charge > 0
    assert customer.spent() == [row.charge]


def test_02_a_call_that_is_left_without_output_is_not_billed_for_its_prompt(
    server: Server, customer: Customer
) -> None:
    with pytest.raises(requests.Timeout):
        opened(server, customer, "echo-hang", timeout=0.5)
    row = customer.wait_for_log(1)[0]
    assert (row.charge, row.charge_basis, row.input_tokens) == (0, "nothing", 0)


def test_03_a_whole_answer_whose_client_is_gone_at_the_end_is_charged_as_reported(
    server: Server, customer: Customer
) -> None:
    body = {"model": "echo", "stream": True, "messages": [{"role": "user", "content": WORDS}]}
    content = json.dumps(body).encode()
    with socket.create_connection(("127.0.0.1", urlsplit(server.url).port or 0)) as wire:
        wire.sendall(
            b"POST /api/v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
            + customer.key.encode()
            + b"\r\nContent-Length: %d\r\n\r\n" % len(content)
            + content
        )
        # Nothing is read: when the answer comes, whoever asked is about to go.
    row = customer.wait_for_log(1)[0]
    assert row.charge_basis in {"reported", "nothing"}
    assert row.charge_basis == "nothing" or row.charge == customer.spent()[0] > 0
    with opened(server, customer, "echo-late-usage") as response:
        for chunk in payloads(response):
            if chunk["choices"][0]["finish_reason"]:  # type: ignore[index]
                break
    row = customer.wait_for_log(2)[-1]
    assert row.charge > 0


def test_04_leaving_gives_back_what_was_not_used_and_nothing_else(
    server: Server, customer: Customer
) -> None:
    with opened(server, customer, "echo-slow") as response:
        for _ in zip(range(4), payloads(response), strict=False):
            pass
    wait_until(lambda: customer.holds_open() == 0, seconds=5)
    row = customer.wait_for_log(1)[0]
    assert customer.balance() == 10_000_000 - row.charge
    assert 0 < row.charge < 500


def test_05_a_model_without_a_price_cannot_be_called(
    server: Server, customer: Customer, provider: ProviderProcess
) -> None:
    at = add_provider(provider.url)
    add_model("unpriced", at, upstream_name="echo", prices=None)
    # Once this one is offered, the catalogue has been read after both were written.
    priced = offer(server, customer, add_routes((at, "echo")))
    assert customer.chat(server, priced).ok
    assert customer.chat(server, "unpriced").status_code == 404


def test_06_usage_on_the_last_chunk_that_has_choices_is_not_dropped(
    server: Server, customer: Customer
) -> None:
    customer.stream(server, "echo-usage-last", text=WORDS)
    plain = customer.stream(server, "echo", text=WORDS)
    assert "[DONE]" in plain
    first, second = customer.wait_for_log(2)
    assert first.charge_basis == "reported"
    assert first.charge == second.charge


def test_07_reasoning_is_charged_as_reported_though_the_client_asked_for_no_usage(
    server: Server, customer: Customer
) -> None:
    customer.stream(server, "echo-reasoning", text=WORDS)
    row = customer.wait_for_log(1)[0]
    assert row.charge_basis == "reported"
    assert row.reasoning_tokens > 0
    assert row.output_tokens > row.reasoning_tokens


def test_08_more_cached_than_sent_never_makes_a_negative_charge(
    server: Server, customer: Customer
) -> None:
    customer.chat(server, "echo-bad-usage-cached", text=WORDS)
    row = customer.wait_for_log(1)[0]
    assert row.charge > 0
    assert row.charge_basis == "estimated"


def test_09_calls_at_once_cannot_spend_the_same_credits(
    server: Server, new_customer: Callable[..., Customer]
) -> None:
    poor = new_customer(credit=900)
    with concurrent.futures.ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda _: poor.chat(server, text=WORDS, max_tokens=20), range(30)))
    assert {answer.status_code for answer in answers} == {200, 402}
    assert poor.balance() >= 0
    assert poor.balance() == 900 - sum(poor.spent())


def test_10_failures_before_the_first_byte_leave_no_hold(
    server: Server, customer: Customer
) -> None:
    for model in ("echo-fail-500", "echo-reset", "echo-garbage", "echo-200-error"):
        for stream in (True, False):
            customer.chat(server, model, stream=stream)
    wait_until(lambda: customer.holds_open() == 0, seconds=5)


@pytest.mark.parametrize("stream", [True, False])
def test_11_a_count_of_zero_is_believed(
    server: Server, customer: Customer, provider: ProviderProcess, stream: bool
) -> None:
    model = add_routes((add_provider(provider.url), "echo-zero-usage"))
    name = offer(server, customer, model)
    assert customer.chat(server, name, text=WORDS, stream=stream).ok
    row = customer.wait_for_log(1)[0]
    assert (row.charge, row.charge_basis, row.output_tokens) == (0, "reported", 0)


def test_12_two_processes_spend_one_budget(
    server: Server, new_customer: Callable[..., Customer]
) -> None:
    limited = new_customer(total_spend=900)
    with concurrent.futures.ThreadPoolExecutor(30) as pool:
        answers = list(
            pool.map(lambda _: limited.chat(server, text=WORDS, max_tokens=20), range(40))
        )
    assert {answer.status_code for answer in answers} == {200, 402}
    assert sum(limited.spent()) <= 900


def test_13_refused_calls_use_up_no_limit(
    server: Server, new_customer: Callable[..., Customer]
) -> None:
    limited = new_customer(minute_limit=5)
    for _ in range(10):
        assert limited.chat(server, "nope").status_code == 404
        assert limited.chat(server, max_tokens=0).status_code == 400
    assert limited.chat(server).ok


@pytest.mark.parametrize(
    "model", ["echo-silent-end", "echo-cut", "echo-reset", "echo-error-mid", "echo-garbage"]
)
def test_14_a_provider_that_died_is_never_shown_as_a_clean_end(
    server: Server, customer: Customer, model: str
) -> None:
    text = customer.stream(server, model, text=WORDS)
    assert "[DONE]" not in text
    assert "provider_stream_error" in text.strip().split("\n\n")[-1]


def test_15_an_error_in_mid_stream_ends_it_and_tries_nobody_again(
    server: Server, customer: Customer, provider: ProviderProcess
) -> None:
    first, second = add_provider(provider.url), add_provider(provider.url)
    model = offer(server, customer, add_routes((first, "echo-error-mid"), (second, "echo")))
    assert "provider_stream_error" in customer.stream(server, model, text=WORDS)
    assert len(customer.wait_for_log(1)[0].attempts) == 1


def test_16_long_streams_take_no_more_memory_than_short_ones(
    environment: dict[str, str], provider: ProviderProcess, customer: Customer
) -> None:
    own = Server(environment=environment, workers=1)
    try:
        model = offer(own, customer, add_routes((add_provider(provider.url), "echo-tokens-60000")))

        def memory() -> int:
            tree = [psutil.Process(own.pid), *psutil.Process(own.pid).children(recursive=True)]
            return sum(process.memory_info().rss for process in tree)

        def stream() -> None:
            with opened(own, customer, model) as response:
                for _ in response.iter_content(1 << 20):
                    pass

        stream()
        before = memory()
        threads = [threading.Thread(target=stream) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # Eight streams of some 14 MB each passed through.
        assert memory() - before < 40 * 1024 * 1024
    finally:
        own.stop()


def test_17_no_key_is_in_any_line_of_output(
    environment: dict[str, str], provider: ProviderProcess, customer: Customer
) -> None:
    own = Server(environment=environment, workers=1)
    try:
        for model in ("echo-fail-401", "echo-fail-500", "echo-reset", "echo-garbage", "nope"):
            customer.chat(own, model)
            customer.stream(own, model)
        requests.get(f"{own.api}/models", headers={"x-api-key": f"{customer.key}x"}, timeout=5)
        output = own.text()
    finally:
        own.stop()
    assert customer.key not in output
    assert PROVIDER_KEY not in output


def test_18_the_log_is_kept_in_days_that_can_be_dropped_whole() -> None:
    days = partitions.days_kept()
    today = timezone.now().date()
    assert today in days
    assert today + timedelta(days=1) in days
