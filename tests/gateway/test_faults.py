"""Providers and clients at their worst, in every pair of dialects.

Each time: the right end in the client's dialect, the right charge, no hold left open, and the
provider's connection closed.
"""

import contextlib
import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
import requests

from gateway.models import Dialect
from tests.customers import Customer
from tests.dialects import CHAT, MESSAGES, STREAMING, Endpoint
from tests.models import add_provider, add_routes, offer
from tests.processes import ProviderProcess, Server, wait_until

WORDS = "one two three four five six seven eight nine ten eleven twelve"
PROMPTLY = 0.5
"""Seconds after which a provider's connection is closed at the latest, once its client left."""

every_endpoint = pytest.mark.parametrize("endpoint", STREAMING, ids=lambda e: e.path)
both_providers = pytest.mark.parametrize(
    "at", ["", "anthropic/"], ids=["from openai", "from anthropic"]
)


def assert_books_agree(customer: Customer) -> None:
    """The ledger's sum is the balance, nothing is held, and the rows say what was charged."""
    wait_until(lambda: customer.holds_open() == 0, seconds=5, what="the hold to close")
    assert customer.balance() == 10_000_000 - sum(customer.spent())
    assert customer.account.held == 0
    wait_until(
        lambda: sum(row.charge for row in customer.logged()) == sum(customer.spent()),
        seconds=5,
        what="the rows",
    )


@every_endpoint
@both_providers
@pytest.mark.parametrize(
    "framing", ["crlf", "multi-data", "comments", "drip-5", "drip-7+crlf", "late-usage"]
)
def test_however_a_stream_is_framed_it_arrives_whole(
    server: Server, customer: Customer, endpoint: Endpoint, at: str, framing: str
) -> None:
    came = endpoint.stream(server, customer, f"{at}echo-{framing}", WORDS)
    assert (came.text, came.whole, came.error) == (WORDS, True, None)
    assert customer.wait_for_log(1)[0].charge_basis == "reported"
    assert_books_agree(customer)


@every_endpoint
@both_providers
@pytest.mark.parametrize(
    "fault",
    ["cut", "reset", "reset-700", "silent-end", "error-mid", "garbage", "oversized"],
)
def test_a_stream_that_breaks_ends_with_an_error_and_costs_what_came(
    server: Server, customer: Customer, endpoint: Endpoint, at: str, fault: str
) -> None:
    came = endpoint.stream(server, customer, f"{at}echo-{fault}", WORDS)
    assert not came.whole
    assert came.error is not None
    assert "one" not in json.dumps(came.error).split()
    assert WORDS.startswith(came.text.rstrip())
    row = customer.wait_for_log(1)[0]
    assert row.status == 502
    if came.text:
        assert (row.charge_basis, row.charge > 0) == ("estimated", True)
    assert_books_agree(customer)


@every_endpoint
@both_providers
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("fail-400", 400),
        ("fail-401", 502),
        ("fail-404", 502),
        ("fail-429", 429),
        ("fail-500", 502),
        ("fail-529", 503),
        ("200-error", 502),
        ("close-head", 502),
        ("reset-1", 502),
    ],
)
def test_what_fails_before_the_first_byte_is_an_error_and_free(
    server: Server,
    customer: Customer,
    endpoint: Endpoint,
    at: str,
    stream: bool,
    fault: str,
    status: int,
) -> None:
    answer = endpoint.post(server, customer, f"{at}echo-{fault}", WORDS, stream=stream)
    if endpoint is MESSAGES:
        status = {503: 529}.get(status, status)
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert (body.get("type") == "error") is (endpoint is MESSAGES)
    assert WORDS not in answer.text
    assert answer.headers["x-request-id"].startswith("req_")
    assert (customer.spent(), customer.holds_open()) == ([], 0)
    assert customer.wait_for_log(1)[0].status == status
    assert_books_agree(customer)


@both_providers
@pytest.mark.parametrize("endpoint", [CHAT, MESSAGES], ids=lambda e: e.path)
@pytest.mark.parametrize("fault", ["garbage", "cut", "silent-end", "oversized"])
def test_a_whole_answer_that_is_none_is_an_error_and_free(
    server: Server, customer: Customer, endpoint: Endpoint, at: str, fault: str
) -> None:
    answer = endpoint.post(server, customer, f"{at}echo-{fault}", WORDS, stream=False)
    assert answer.status_code == 502, answer.text
    assert customer.spent() == []
    assert_books_agree(customer)


@pytest.mark.parametrize("dialect", [Dialect.OPENAI, Dialect.ANTHROPIC])
@pytest.mark.parametrize("endpoint", [CHAT, MESSAGES], ids=lambda e: e.path)
def test_a_provider_that_is_too_slow_is_a_timeout_in_every_phase(
    server: Server,
    customer: Customer,
    provider: ProviderProcess,
    dialect: Dialect,
    endpoint: Endpoint,
) -> None:
    def model(behaviour: str, **seconds: float) -> str:
        row = add_provider(provider.url, dialect=dialect, **seconds)
        return offer(server, customer, add_routes((row, behaviour)))

    for name, stream in [
        (model("echo-hang", first_byte_seconds=0.3), True),
        (model("echo-hang", whole_seconds=0.3), False),
        (model("echo-stall", whole_seconds=0.3), False),
    ]:
        answer = endpoint.post(server, customer, name, WORDS, stream=stream)
        assert answer.status_code == 504, answer.text
        error = answer.json()["error"]
        assert error["type"] == ("timeout_error" if endpoint is MESSAGES else "api_error")
    assert customer.spent() == []
    for name in (
        model("echo-stall", idle_seconds=0.3),
        model("echo-slow+tokens-100", total_seconds=1),
    ):
        came = endpoint.stream(server, customer, name, WORDS)
        assert came.text
        assert not came.whole
        assert came.error is not None
    assert len(customer.spent()) == 2
    assert_books_agree(customer)


@pytest.mark.parametrize("endpoint", [CHAT, MESSAGES], ids=lambda e: e.path)
@both_providers
@pytest.mark.parametrize(
    ("behaviour", "stream"),
    [("hang", True), ("hang", False), ("head-only", True), ("stall", True), ("stall", False)],
)
def test_whoever_leaves_in_whatever_phase_closes_the_providers_connection(
    server: Server,
    customer: Customer,
    provider: ProviderProcess,
    endpoint: Endpoint,
    at: str,
    behaviour: str,
    stream: bool,
) -> None:
    waits = []
    for _ in range(3):
        before = provider.last()["cancelled"]
        # The body of a stream is read until nothing comes.
        model = f"{at}echo-{behaviour}"
        with (
            contextlib.suppress(requests.RequestException),
            endpoint.post(server, customer, model, WORDS, stream=stream, timeout=0.4) as answer,
        ):
            for _line in answer.iter_lines(chunk_size=1):
                pass
        left = time.monotonic()
        wait_until(lambda b=before: provider.last()["cancelled"] != b, seconds=5)  # type: ignore[misc]
        waits.append(time.monotonic() - left)
        if waits[-1] < PROMPTLY:
            break
    assert min(waits) < PROMPTLY
    for row in customer.wait_for_log(len(waits)):
        assert row.status == 499
        assert (row.charge > 0) is (stream and behaviour == "stall")
    assert_books_agree(customer)


@pytest.mark.parametrize("endpoint", STREAMING, ids=lambda e: e.path)
@both_providers
def test_whoever_leaves_a_stream_pays_for_what_came(
    server: Server, customer: Customer, provider: ProviderProcess, endpoint: Endpoint, at: str
) -> None:
    before = provider.last()["cancelled"]
    came = 0
    with endpoint.post(server, customer, f"{at}echo-slow", WORDS) as answer:
        for line in answer.iter_lines(chunk_size=1, decode_unicode=True):
            came += line.startswith("data: ") and bool(endpoint.delta(line[6:]))
            if came == 3:
                break
    wait_until(lambda: provider.last()["cancelled"] != before, seconds=2)
    row = customer.wait_for_log(1)[0]
    assert (row.status, row.charge_basis) == (499, "estimated")
    assert 3 <= row.output_tokens <= 5
    assert_books_agree(customer)


@pytest.mark.parametrize(("endpoint", "at"), [(CHAT, "anthropic/"), (MESSAGES, "")])
def test_a_stream_gives_signs_of_life_while_its_provider_is_silent(
    environment: dict[str, str],
    provider: ProviderProcess,
    customer: Customer,
    endpoint: Endpoint,
    at: str,
) -> None:
    lively = Server(environment={**environment, "KEEP_ALIVE_SECONDS": "1"}, workers=1)
    try:
        slow = add_provider(
            provider.url, dialect="anthropic" if at else "openai", first_byte_seconds=20
        )
        model = offer(lively, customer, add_routes((slow, "echo-pace-2200")))
        came = endpoint.stream(lively, customer, model, "one two")
    finally:
        lively.stop()
    assert (came.text, came.whole) == ("one two", True)
    sign = "event: ping" if endpoint is MESSAGES else ": keep-alive"
    assert sign in came.comments
    assert_books_agree(customer)


@pytest.mark.parametrize("endpoint", [CHAT, MESSAGES], ids=lambda e: e.path)
@both_providers
def test_a_slow_reader_holds_its_provider_back_and_costs_no_memory(
    environment: dict[str, str],
    provider: ProviderProcess,
    customer: Customer,
    endpoint: Endpoint,
    at: str,
) -> None:
    own = Server(environment=environment, workers=1)

    def memory() -> int:
        tree = [psutil.Process(own.pid), *psutil.Process(own.pid).children(recursive=True)]
        return sum(process.memory_info().rss for process in tree)

    try:
        # What the first calls load stays for all that follow.
        endpoint.stream(own, customer, f"{at}echo", WORDS)
        with unread(own, customer, endpoint, f"{at}echo-tokens-60000"):
            time.sleep(1)
        customer.wait_for_log(2)
        before = memory()
        with contextlib.ExitStack() as stack:
            for _ in range(10):
                stack.enter_context(unread(own, customer, endpoint, f"{at}echo-tokens-60000"))
            time.sleep(1.5)
            grown = memory() - before
        # Ten streams of some 10 MB each wait for their readers.
        assert grown < 30 * 1024 * 1024
        customer.wait_for_log(12)
    finally:
        own.stop()
    assert_books_agree(customer)


def unread(server: Server, customer: Customer, endpoint: Endpoint, model: str) -> socket.socket:
    """Ask for a stream over a connection that nobody reads."""
    wire = socket.socket()
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    wire.connect(("127.0.0.1", urlsplit(server.url).port))
    body: dict[str, Any] = endpoint.body(model, WORDS) | {"max_tokens": 16_000}
    content = json.dumps(body).encode()
    wire.sendall(
        f"POST /api/v1/{endpoint.path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
        f"{customer.key}\r\nContent-Length: {len(content)}\r\n\r\n".encode()
        + content
    )
    return wire
