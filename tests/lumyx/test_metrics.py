"""What Prometheus reads at /metrics: exact, of all processes, for a token, of nobody."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
import redis
import requests
from django.conf import settings
from django.test import Client, override_settings
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from billing.models import LedgerCheck
from gateway import call_counts
from gateway.models import Provider
from tests.customers import Customer
from tests.models import add_routes, offer
from tests.processes import ProviderProcess, Server, wait_until

TOKEN = secrets.token_hex(24)
CANARY = f"canary{secrets.token_hex(8)}"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture(scope="module")
def watched(environment: dict[str, str], provider: ProviderProcess) -> Iterator[Server]:
    """A server of two processes whose metrics can be read."""
    process = Server(environment={**environment, "METRICS_TOKEN": TOKEN})
    yield process
    process.stop()


@pytest.fixture
def standin(provider: ProviderProcess) -> Provider:
    return Provider.objects.get(name="standin")


def scrape(server: Server, token: str = TOKEN, **headers: str) -> requests.Response:
    sent = {"Authorization": f"Bearer {token}", **headers}
    return requests.get(f"{server.url}/metrics", headers=sent, timeout=10)


def read(text: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    """Add up what has these labels."""
    wanted = set(labels.items())
    return sum(n for (at, has), n in samples.items() if at == name and wanted <= has)


def after_calls(server: Server, model: str, number: int) -> Samples:
    """Wait until so many calls of a model are counted."""
    seen: list[Samples] = [{}]

    def counted() -> bool:
        seen[0] = read(scrape(server).text)
        return value(seen[0], "lumyx_calls_total", model=model) >= number

    wait_until(counted, seconds=15, what=f"{number} calls", seen=lambda: str(seen[0])[:2_000])
    return seen[0]


def test_calls_of_all_processes_are_counted_exactly(
    watched: Server, customer: Customer, standin: Provider
) -> None:
    model = offer(watched, customer, add_routes((standin, "echo")))
    used: list[dict[str, Any]] = []
    for _ in range(8):
        # Each connection may reach another process.
        used.append(customer.chat(watched, model).json()["usage"])
    for _ in range(5):
        assert "[DONE]" in customer.stream(watched, model)
    assert customer.chat(watched, model, max_tokens=-1).status_code == 400
    samples = after_calls(watched, model, 13)
    calls = {"model": model, "endpoint": "chat/completions", "dialect": "openai"}
    assert value(samples, "lumyx_calls_total", **calls, status="2xx", streamed="false") == 8
    assert value(samples, "lumyx_calls_total", **calls, status="2xx", streamed="true") == 5
    assert value(samples, "lumyx_calls_total", model=model) == 13
    rows = customer.wait_for_log(14)
    for bucket in ("input", "output"):
        told = value(samples, "lumyx_tokens_total", model=model, bucket=bucket)
        assert told == sum(getattr(row, f"{bucket}_tokens") for row in rows)
        assert told >= 8
    charged = value(samples, "lumyx_charged_micro_credits_total", model=model)
    assert charged == sum(customer.spent()) > 0
    for streamed, number in (("false", 8), ("true", 5)):
        at = {"model": model, "streamed": streamed}
        assert value(samples, "lumyx_call_seconds_count", **at) == number
        assert value(samples, "lumyx_call_seconds_bucket", **at, le="600.0") == number
        assert value(samples, "lumyx_call_seconds_bucket", **at, le="+Inf") == number
        took = sum(row.latency_ms for row in rows if row.streamed == (streamed == "true"))
        assert value(samples, "lumyx_call_seconds_sum", **at) == pytest.approx(took / 1e3, abs=0.1)
        assert value(samples, "lumyx_first_token_seconds_count", **at) == number


def test_failures_refusals_and_free_counts_are_calls_too(
    watched: Server, customer: Customer, standin: Provider
) -> None:
    model = offer(watched, customer, add_routes((standin, "echo-fail-503")))
    before = read(scrape(watched).text)
    assert customer.chat(watched, model).status_code == 503
    body = {"model": model, "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]}
    counted = requests.post(
        f"{watched.api}/messages/count_tokens", json=body, headers=customer.headers, timeout=30
    )
    assert counted.status_code == 200
    assert customer.chat(watched, f"no-{CANARY}").status_code == 404
    stranger = {"Authorization": f"Bearer lumyx-{CANARY}"}
    refused = requests.post(f"{watched.api}/messages", json=body, headers=stranger, timeout=10)
    assert refused.status_code == 401
    samples = after_calls(watched, model, 2)
    assert value(samples, "lumyx_calls_total", model=model, status="5xx") == 1
    free = {"endpoint": "messages/count_tokens", "dialect": "anthropic", "status": "2xx"}
    assert value(samples, "lumyx_calls_total", model=model, **free) == 1

    def unnamed(endpoint: str) -> bool:
        at = {"model": "", "endpoint": endpoint, "status": "4xx"}
        now = read(scrape(watched).text)
        return value(now, "lumyx_calls_total", **at) > value(before, "lumyx_calls_total", **at)

    wait_until(lambda: unnamed("messages"), seconds=10, what="the unknown key")
    wait_until(lambda: unnamed("chat/completions"), seconds=10, what="the unknown model")


def test_nothing_tells_of_a_person(watched: Server, customer: Customer) -> None:
    customer.chat(watched, "echo", text=CANARY, user=CANARY)
    customer.chat(watched, f"no-{CANARY}", text=CANARY)
    customer.wait_for_log(2)
    after_calls(watched, "echo", 1)
    text = scrape(watched).text
    user = customer.user
    told = (CANARY, customer.key, customer.key[-4:], user.username, user.email, "127.0.0.1")
    assert [one for one in (*told, str(customer.key_row.pk)) if one in text] == []
    allowed = {"model", "endpoint", "dialect", "status", "streamed", "bucket", "le", "part"}
    allowed |= {"state", "provider", "job"}
    assert {name for _, labels in read(text) for name, _ in labels} <= allowed


def test_what_waits_is_told(watched: Server) -> None:
    at = timezone.now()
    LedgerCheck.objects.create(began_at=at, ended_at=at, broken=["nothing negative is held"])
    samples = read(scrape(watched).text)
    assert value(samples, "lumyx_part_up", part="postgresql") == 1
    assert value(samples, "lumyx_part_up", part="redis") == 1
    assert value(samples, "lumyx_ledger_invariants_broken") == 1
    assert value(samples, "lumyx_ledger_check_timestamp_seconds") == pytest.approx(at.timestamp())
    assert value(samples, "lumyx_breakers", provider="standin") > 10
    LedgerCheck.objects.all().delete()
    names = {name for name, _ in samples}
    assert names >= {
        *("lumyx_holds_open", "lumyx_holds_open_micro_credits", "lumyx_holds_expired"),
        *("lumyx_celery_queue", "lumyx_stripe_events", "lumyx_stripe_event_oldest_seconds"),
        *("lumyx_erasure_errands", "lumyx_request_log_oldest_seconds"),
        *("lumyx_privacy_requests_open", "lumyx_privacy_requests_late", "lumyx_job_troubled"),
    }


def test_a_call_under_way_is_an_open_hold(
    watched: Server, customer: Customer, standin: Provider
) -> None:
    before = value(read(scrape(watched).text), "lumyx_holds_open")
    answer = requests.post(
        f"{watched.api}/chat/completions",
        json={
            "model": "echo-slow",
            "stream": True,
            "messages": [{"role": "user", "content": "one " * 40}],
        },
        headers=customer.headers,
        stream=True,
        timeout=10,
    )
    assert answer.status_code == 200
    assert value(read(scrape(watched).text), "lumyx_holds_open") == before + 1
    answer.close()


WRONG = {
    "nothing": "",
    "shorter": TOKEN[:-1],
    "longer": f"{TOKEN}x",
    "not ASCII": "é" * 40,
    "another": CANARY,
}


@pytest.mark.parametrize("token", WRONG.values(), ids=WRONG)
def test_a_wrong_token_is_refused(watched: Server, token: str) -> None:
    sent = {"Authorization": f"Bearer {token}".encode()}
    answer = requests.get(f"{watched.url}/metrics", headers=sent, timeout=10)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "lumyx_" not in answer.text


def test_no_token_and_other_schemes_are_refused(watched: Server) -> None:
    assert requests.get(f"{watched.url}/metrics", timeout=10).status_code == 401
    basic = requests.get(f"{watched.url}/metrics", auth=("prometheus", TOKEN), timeout=10)
    assert basic.status_code == 401
    assert requests.get(f"{watched.url}/metrics?token={TOKEN}", timeout=10).status_code == 401


def test_the_answer_is_kept_nowhere_and_comes_in_both_formats(watched: Server) -> None:
    answer = scrape(watched)
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Content-Type"].startswith("text/plain")
    modern = scrape(watched, Accept="application/openmetrics-text;version=1.0.0")
    assert modern.headers["Content-Type"].startswith("application/openmetrics-text")
    assert modern.text.endswith("# EOF\n")


def test_without_a_token_in_the_settings_there_is_no_such_address(server: Server) -> None:
    for token in ("", TOKEN):
        assert scrape(server, token).status_code == 404


def test_while_redis_is_away_the_rest_is_told() -> None:
    away = "redis://127.0.0.1:1/0"
    with override_settings(METRICS_TOKEN=TOKEN, REDIS_URL=away):
        answer = Client().get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    samples = read(answer.text)
    assert value(samples, "lumyx_part_up", part="redis") == 0
    assert value(samples, "lumyx_part_up", part="postgresql") == 1
    assert not [name for name, _ in samples if name.startswith("lumyx_calls")]


def test_after_redis_was_emptied_counting_begins_anew(
    watched: Server, customer: Customer, standin: Provider
) -> None:
    model = offer(watched, customer, add_routes((standin, "echo")))
    customer.chat(watched, model)
    after_calls(watched, model, 1)
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.delete(call_counts.NAME)
    customer.chat(watched, model)
    assert value(after_calls(watched, model, 1), "lumyx_calls_total", model=model) == 1
