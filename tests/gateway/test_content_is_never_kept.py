"""A canary prompt through every way a call can end is found nowhere afterwards."""

import secrets
from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests
from django.db import connection

from gateway import keys
from privacy import absence_elsewhere
from tests.customers import Customer
from tests.dialects import MESSAGES, STREAMING
from tests.processes import PROVIDER_KEY, ProviderProcess, Server

CANARY = f"canary{secrets.token_hex(12)}"
CANARY_KEYS = 50
MODELS = [
    "echo", "echo-cached", "echo-no-usage", "echo-usage-last", "echo-bad-usage", "echo-reasoning",
    "echo-fail-400", "echo-fail-401", "echo-fail-404", "echo-fail-429", "echo-fail-500",
    "echo-fail-503", "echo-fail-529", "echo-cut", "echo-reset", "echo-silent-end",
    "echo-error-mid", "echo-garbage", "echo-200-error", "echo-comments", f"no-{CANARY}",
]  # fmt: skip


@pytest.fixture(scope="module")
def own_server(environment: dict[str, str], provider: ProviderProcess) -> Iterator[Server]:
    """A server whose whole output is ours to read."""
    process = Server(environment=environment)
    yield process
    process.stop()


def everything_stored() -> Iterator[tuple[str, str]]:
    """Every row of every table as text, and every key and value in Redis."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select quote_ident(table_schema) || '.' || quote_ident(table_name) "
            "from information_schema.tables where table_type = 'BASE TABLE' "
            "and table_schema not in ('pg_catalog', 'information_schema')"
        )
        tables = [row[0] for row in cursor.fetchall()]
        assert len(tables) > 20
        for table in tables:
            cursor.execute(f"select t::text from {table} t")
            for (row,) in cursor:
                yield table, row
    for place, value in absence_elsewhere.in_redis():
        yield place, value.decode("utf-8", "replace")


def ask_everything(server: Server, customer: Customer, prompt: str) -> int:
    """Send the prompt to every endpoint, of both dialects' providers; return how many calls."""
    asked = 0
    for endpoint in STREAMING:
        for model in MODELS:
            for prefix in ("", "anthropic/"):
                for stream in (True, False):
                    endpoint.post(server, customer, prefix + model, prompt, stream=stream).close()
                    asked += 1
    asks = {
        "embeddings": {"model": "echo-embed", "input": [prompt], "user": CANARY},
        "messages/count_tokens": {
            "model": "anthropic/echo",
            "messages": [{"role": "user", "content": prompt}],
        },
        "messages": {
            **MESSAGES.body("echo", prompt),
            "metadata": {"user_id": CANARY},
            "tools": [{"name": CANARY, "input_schema": {"type": "object"}}],
        },
    }
    headers = {**customer.headers, "Idempotency-Key": CANARY, "anthropic-beta": CANARY}
    for path, body in asks.items():
        answer = requests.post(f"{server.api}/{path}", json=body, headers=headers, timeout=30)
        assert answer.ok or answer.status_code == 422, answer.text
        asked += 1
    return asked


def test_no_table_key_or_log_line_holds_content_or_secrets(
    own_server: Server, customer: Customer
) -> None:
    prompt = f"{CANARY} " * 20
    asked = ask_everything(own_server, customer, prompt)
    for model in MODELS:
        for stream in (True, False):
            customer.chat(
                own_server,
                model,
                text=prompt,
                stream=stream,
                user=CANARY,
                metadata={"user_id": CANARY},
                tools=[{"type": "function", "function": {"name": CANARY}}],
            )
    for fields in ({"max_tokens": CANARY}, {"messages": CANARY}, {"stream": CANARY}):
        refused = customer.chat(own_server, **{"text": prompt, **fields})
        assert refused.status_code == 400
        assert CANARY not in refused.text
    requests.post(
        f"{own_server.api}/{CANARY}?q={CANARY}",
        data=CANARY,
        headers={**customer.headers, "User-Agent": f"{CANARY}/1.0"},
        timeout=10,
    )
    for model in ("echo-slow", "echo-hang"):
        for stream in (True, False):
            with pytest.raises(requests.RequestException):
                requests.post(
                    f"{own_server.api}/chat/completions",
                    json={
                        "model": model,
                        "messages": [{"role": "user", "content": prompt}],
                        "stream": stream,
                    },
                    headers=customer.headers,
                    timeout=(1, 0.05 if stream and model == "echo-slow" else 0.5),
                )
    customer.wait_for_log(asked + 2 * len(MODELS))
    canaries = [
        keys.issue(customer.user, name="Canary", minute_limit=1_000)[1] for _ in range(CANARY_KEYS)
    ]
    for key in canaries:
        assert replace(customer, key=key).chat(own_server).ok
    customer.wait_for_log(asked + 2 * len(MODELS) + CANARY_KEYS)

    whole = (customer.key, *canaries)
    secrets_ = (CANARY, PROVIDER_KEY, *whole, *(key[7:-4] for key in whole))
    found = [
        (place, secret)
        for place, text in everything_stored()
        for secret in secrets_
        if secret in text
    ]
    assert found == []
    output = own_server.text()
    assert "alarm" in output, "the log must be there to be searched"
    assert [secret for secret in secrets_ if secret in output] == []
