"""Per-key limits by minute and UTC day: exact, shared, and never used up by a refusal."""

import concurrent.futures
import time
from collections.abc import Callable

import requests

from tests.customers import Customer
from tests.processes import ProviderProcess, Server, free_port, wait_until

HEADERS = [
    f"X-RateLimit-{what}-{window}"
    for what in ("Limit", "Remaining", "Reset")
    for window in ("Minute", "Day")
]


def await_a_quiet_minute() -> None:
    """Wait until the clock minute has room for a test."""
    while time.time() % 60 > 50:
        time.sleep(0.5)


def test_every_response_shows_how_the_key_stands(server: Server, customer: Customer) -> None:
    await_a_quiet_minute()
    now = time.time()
    responses = [
        customer.chat(server),
        customer.chat(server, stream=True),
        customer.chat(server, "nope"),
        customer.chat(server, "echo-fail-500"),
        customer.chat(server, max_tokens=-1),
        requests.get(f"{server.api}/models", headers=customer.headers, timeout=10),
        requests.get(f"{server.api}/models/echo", headers=customer.headers, timeout=10),
        requests.get(f"{server.api}/credits", headers=customer.headers, timeout=10),
        requests.delete(f"{server.api}/key", headers=customer.headers, timeout=10),
    ]
    for response in responses:
        assert [h for h in HEADERS if h not in response.headers] == [], response.text
    last = responses[-1].headers
    assert last["X-RateLimit-Limit-Minute"] == "1000"
    # Two calls were answered and one failed at the provider; the others do not count.
    assert last["X-RateLimit-Remaining-Minute"] == "997"
    assert last["X-RateLimit-Remaining-Day"] == "9997"
    assert 0 < int(last["X-RateLimit-Reset-Minute"]) - now <= 61
    assert int(last["X-RateLimit-Reset-Minute"]) % 60 == 0
    assert int(last["X-RateLimit-Reset-Day"]) % 86_400 == 0


def test_calls_at_once_on_two_processes_share_one_limit(
    server: Server, new_customer: Callable[..., Customer]
) -> None:
    await_a_quiet_minute()
    customer = new_customer(minute_limit=10)
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(lambda _: customer.chat(server).status_code, range(40)))
    assert statuses.count(200) == 10
    assert statuses.count(429) == 30
    assert len(customer.spent()) == 10


def test_a_used_up_minute_says_when_to_come_back(
    server: Server, new_customer: Callable[..., Customer]
) -> None:
    await_a_quiet_minute()
    customer = new_customer(minute_limit=1)
    assert customer.chat(server).ok
    refused = customer.chat(server)
    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "rate_limit_exceeded"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert "x-should-retry" not in refused.headers
    assert refused.headers["X-RateLimit-Remaining-Minute"] == "0"


def test_a_used_up_day_tells_clients_not_to_retry(
    server: Server, new_customer: Callable[..., Customer]
) -> None:
    customer = new_customer(day_limit=1)
    assert customer.chat(server).ok
    refused = customer.chat(server)
    assert refused.status_code == 429
    assert refused.headers["x-should-retry"] == "false"
    assert int(refused.headers["Retry-After"]) <= 86_400


def test_refused_calls_use_up_nothing(
    server: Server, new_customer: Callable[..., Customer]
) -> None:
    broke = new_customer(credit=0)
    for _ in range(3):
        assert broke.chat(server).status_code == 402
    assert broke.chat(server, "nope").status_code == 404
    assert broke.chat(server, n=0).headers["X-RateLimit-Remaining-Day"] == "10000"


def test_without_redis_each_process_counts_for_itself(
    environment: dict[str, str], provider: ProviderProcess, new_customer: Callable[..., Customer]
) -> None:
    await_a_quiet_minute()
    customer = new_customer(minute_limit=5)
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    alone = Server(environment={**environment, "REDIS_URL": nowhere}, workers=1, up="/healthz")
    try:
        assert requests.get(f"{alone.url}/readyz", timeout=10).json()["status"] == "degraded"
        wait_until(lambda: customer.chat(alone, "nope").status_code == 404, seconds=5)
        statuses = [customer.chat(alone).status_code for _ in range(7)]
        assert statuses == [200] * 5 + [429] * 2
        assert len(customer.spent()) == 5
    finally:
        alone.stop()
