"""A call finds a provider that answers, before its first byte and never after."""

import concurrent.futures
import json
import time
import uuid

import pytest

from gateway.models import Route
from tests.customers import Customer
from tests.models import add_provider, add_routes, offer
from tests.processes import ProviderProcess, Server, free_port

WORDS = "one two three four five six seven eight nine ten"


def reasons(customer: Customer) -> list[str]:
    """The reasons of the last call's attempts; the one that answered has none."""
    return [attempt.get("reason", "") for attempt in customer.logged()[-1].attempts]


FAILING = [
    ("echo-fail-500", "status_500"),
    ("echo-fail-503", "status_503"),
    ("echo-fail-529", "status_529"),
    ("echo-fail-429", "status_429"),
    ("echo-fail-401", "status_401"),
    ("echo-fail-404", "status_404"),
    ("echo-200-error", ""),
    ("echo-close-head", "connection_lost"),
]


@pytest.mark.parametrize(
    ("failing", "reason", "stream"),
    [
        *((failing, reason, stream) for failing, reason in FAILING for stream in (False, True)),
        # In a stream it comes after the first byte.
        ("echo-garbage", "", False),
    ],
)
def test_the_next_provider_answers_where_the_first_fails(
    server: Server,
    customer: Customer,
    provider: ProviderProcess,
    failing: str,
    reason: str,
    stream: bool,
) -> None:
    first, second = add_provider(provider.url), add_provider(provider.url)
    model = offer(server, customer, add_routes((first, failing), (second, "echo")))
    answer = customer.chat(server, model, text=WORDS, stream=stream)
    assert answer.status_code == 200
    assert "[DONE]" in answer.text if stream else answer.json()["choices"]
    row = customer.wait_for_log(1)[0]
    assert (row.provider, row.charge_basis) == (second.name, "reported")
    assert [attempt["provider"] for attempt in row.attempts] == [first.name, second.name]
    assert row.attempts[0]["reason"] == (reason or row.attempts[0]["reason"])
    assert "reason" not in row.attempts[1]
    assert customer.spent() == [row.charge]


def test_a_provider_that_cannot_be_reached_is_passed_over(
    server: Server, customer: Customer, provider: ProviderProcess
) -> None:
    nobody = add_provider(f"http://127.0.0.1:{free_port()}/v1")
    model = offer(
        server, customer, add_routes((nobody, "echo"), (add_provider(provider.url), "echo"))
    )
    assert customer.chat(server, model).ok
    customer.wait_for_log(1)
    assert reasons(customer) == ["unreachable", ""]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("failing", ["echo-hang", "echo-head-only"])
def test_a_provider_that_is_silent_too_long_is_passed_over(
    server: Server, customer: Customer, provider: ProviderProcess, failing: str, stream: bool
) -> None:
    silent = add_provider(provider.url, first_byte_seconds=0.4, whole_seconds=0.4, idle_seconds=0.4)
    model = offer(
        server, customer, add_routes((silent, failing), (add_provider(provider.url), "echo"))
    )
    assert customer.chat(server, model, stream=stream).ok
    row = customer.wait_for_log(1)[0]
    assert row.attempts[0]["reason"] in {"no_answer_in_time", "answer_stalled"}
    assert row.attempts[0]["ms"] < 3_000


def test_after_the_first_byte_no_other_provider_is_asked(
    server: Server, customer: Customer, provider: ProviderProcess
) -> None:
    first, second = add_provider(provider.url), add_provider(provider.url)
    model = offer(server, customer, add_routes((first, "echo-cut"), (second, "echo")))
    text = customer.stream(server, model, text=WORDS)
    assert "provider_stream_error" in text
    assert "[DONE]" not in text
    row = customer.wait_for_log(1)[0]
    assert [attempt["provider"] for attempt in row.attempts] == [first.name]
    assert (row.provider, row.charge_basis) == (first.name, "estimated")


def test_what_the_client_did_wrong_is_not_tried_elsewhere(
    server: Server, customer: Customer, provider: ProviderProcess
) -> None:
    first, second = add_provider(provider.url), add_provider(provider.url)
    model = offer(server, customer, add_routes((first, "echo-fail-400"), (second, "echo")))
    assert customer.chat(server, model).status_code == 400
    row = customer.wait_for_log(1)[0]
    assert [attempt["reason"] for attempt in row.attempts] == ["status_400"]
    assert row.charge_basis == "nothing"


def test_when_every_provider_fails_the_last_error_is_told_and_nothing_is_charged(
    server: Server, customer: Customer, provider: ProviderProcess
) -> None:
    routes = [(add_provider(provider.url), f"echo-fail-{s}") for s in (500, 503, 429, 500)]
    model = offer(server, customer, add_routes(*routes))
    answer = customer.chat(server, model)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"]
    customer.wait_for_log(1)
    assert reasons(customer) == ["status_500", "status_503", "status_429"]
    assert customer.spent() == []
    assert customer.holds_open() == 0


def test_the_only_provider_is_asked_twice_before_its_failure_is_told(
    server: Server, customer: Customer, provider: ProviderProcess
) -> None:
    once = f"echo-flaky-1+tokens-{uuid.uuid4().int % 900 + 20}"
    model = offer(server, customer, add_routes((add_provider(provider.url), once)))
    assert customer.chat(server, model).ok
    customer.wait_for_log(1)
    assert reasons(customer) == ["status_503", ""]


def test_a_provider_that_fails_again_and_again_is_left_alone_for_a_while(
    server: Server, customer: Customer, provider: ProviderProcess
) -> None:
    first, second = add_provider(provider.url), add_provider(provider.url)
    model = offer(server, customer, add_routes((first, "echo-fail-500"), (second, "echo")))
    for _ in range(12):
        assert customer.chat(server, model).ok
    rows = customer.wait_for_log(12)
    tried = [len(row.attempts) for row in rows]
    # Each of the two processes needs five failures at the most to learn it.
    assert 5 <= tried.count(2) <= 10
    assert tried[-2:] == [1, 1]


def test_a_provider_that_refuses_our_key_is_left_alone_at_once(
    server: Server, customer: Customer, provider: ProviderProcess
) -> None:
    first, second = add_provider(provider.url), add_provider(provider.url)
    model = offer(server, customer, add_routes((first, "echo-fail-401"), (second, "echo")))
    assert customer.chat(server, model).ok
    time.sleep(0.3)
    for _ in range(6):
        assert customer.chat(server, model).ok
    rows = customer.wait_for_log(7)
    assert [len(row.attempts) for row in rows] == [2, 1, 1, 1, 1, 1, 1]


def test_a_provider_that_asks_for_a_pause_gets_it_and_then_a_probe(
    server: Server, customer: Customer, provider: ProviderProcess
) -> None:
    # The first call gets 429 with Retry-After: 1, later ones an answer.
    first, second = add_provider(provider.url), add_provider(provider.url)
    model = add_routes((first, "echo-retry-after-1"), (second, "echo"))
    name = offer(server, customer, model)
    for _ in range(4):
        assert customer.chat(server, name).ok
    time.sleep(0.2)
    assert customer.chat(server, name).ok
    rows = customer.wait_for_log(5)
    assert len(rows[0].attempts) == 2
    assert len(rows[-1].attempts) == 1
    time.sleep(1.2)
    assert customer.chat(server, name).ok
    assert len(customer.wait_for_log(6)[-1].attempts) == 2


def test_a_route_that_is_left_alone_is_still_the_last_resort(
    server: Server, customer: Customer, provider: ProviderProcess
) -> None:
    model = offer(server, customer, add_routes((add_provider(provider.url), "echo-fail-401")))
    for _ in range(3):
        assert customer.chat(server, model).status_code == 502
    assert all(len(row.attempts) >= 1 for row in customer.wait_for_log(3))


def test_routes_of_one_position_share_calls_by_their_weight(
    server: Server, customer: Customer, provider: ProviderProcess
) -> None:
    heavy, light = add_provider(provider.url), add_provider(provider.url)
    model = add_routes((heavy, "echo"), (light, "echo"))
    Route.objects.filter(model=model).update(position=0)
    Route.objects.filter(model=model, provider=heavy).update(weight=900)
    Route.objects.filter(model=model, provider=light).update(weight=100)
    name = offer(server, customer, model)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda _: customer.chat(server, name).ok, range(120)))
    rows = customer.wait_for_log(120)
    shares = [sum(row.provider == p.name for row in rows) for p in (heavy, light)]
    assert sum(shares) == 120
    assert 85 <= shares[0] <= 119


def test_a_provider_gets_no_more_calls_at_once_than_it_may_have(
    server: Server, customer: Customer, provider: ProviderProcess
) -> None:
    narrow, wide = add_provider(provider.url, most_concurrent=2), add_provider(provider.url)
    model = offer(server, customer, add_routes((narrow, "echo-slow"), (wide, "echo")))
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: customer.chat(server, model, text=WORDS), range(6)))
    assert all(answer.ok for answer in answers)
    rows = customer.wait_for_log(6)
    assert sum(row.provider == narrow.name for row in rows) == 2
    assert customer.chat(server, model).ok
    assert customer.wait_for_log(7)[-1].provider == narrow.name


def test_when_all_providers_are_full_the_client_is_told_to_come_back(
    server: Server, customer: Customer, provider: ProviderProcess
) -> None:
    narrow = add_provider(provider.url, most_concurrent=1)
    model = offer(server, customer, add_routes((narrow, "echo-slow")))
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: customer.chat(server, model, text=WORDS), range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 503, 503]
    busy = next(answer for answer in answers if answer.status_code == 503)
    assert busy.json()["error"]["code"] == "providers_busy"
    assert len(customer.spent()) == 1
    assert customer.holds_open() == 0


def test_a_stream_that_begins_slowly_is_not_taken_for_dead(
    server: Server, customer: Customer, provider: ProviderProcess
) -> None:
    patient = add_provider(provider.url, first_byte_seconds=5, idle_seconds=5)
    model = offer(server, customer, add_routes((patient, "echo-slow-start")))
    text = customer.stream(server, model, text=WORDS)
    assert text.endswith("data: [DONE]\n\n")
    events = [line[6:] for line in text.split("\n") if line.startswith("data: {")]
    assert "".join(json.loads(e)["choices"][0]["delta"].get("content") or "" for e in events) == (
        WORDS
    )


def test_a_stream_that_falls_silent_is_cut_with_an_error(
    server: Server, customer: Customer, provider: ProviderProcess
) -> None:
    impatient = add_provider(provider.url, idle_seconds=0.5)
    model = offer(server, customer, add_routes((impatient, "echo-stall")))
    text = customer.stream(server, model, text=WORDS)
    assert "provider_timeout" in text
    assert "[DONE]" not in text
    row = customer.wait_for_log(1)[0]
    assert (row.status, row.charge_basis) == (504, "estimated")
    assert customer.spent() == [row.charge]
    assert customer.holds_open() == 0


def test_a_call_that_takes_too_long_in_all_is_ended(
    server: Server, customer: Customer, provider: ProviderProcess
) -> None:
    short = add_provider(provider.url, total_seconds=1)
    model = offer(server, customer, add_routes((short, "echo-slow+tokens-100")))
    begun = time.monotonic()
    assert "provider_timeout" in customer.stream(server, model, text=WORDS)
    assert time.monotonic() - begun < 5
    assert customer.wait_for_log(1)[0].charge_basis == "estimated"
