"""What a customer writes into the head of a call goes no further than us."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests

from tests.customers import Customer
from tests.processes import PROVIDER_KEY, ProviderProcess, Server

CANARY = "smuggled-canary"
STRANGE = {
    "X-Evil": CANARY,
    "Cookie": f"session={CANARY}",
    "OpenAI-Organization": CANARY,
    "X-Forwarded-For": f"10.0.0.1, {CANARY}",
    "Forwarded": f"for={CANARY}",
    "User-Agent": CANARY,
    "Referer": f"https://{CANARY}/",
    "Accept-Encoding": CANARY,
    "Proxy-Authorization": CANARY,
    "anthropic-beta": CANARY,
    "X-Stainless-Lang": CANARY,
    "Connection": "close, X-Evil",
}
OURS = {"host", "content-length", "content-type", "accept", "accept-encoding", "user-agent"}
SLOW = 40


@pytest.mark.parametrize(
    ("model", "own"),
    [("echo", {"authorization"}), ("anthropic/echo", {"x-api-key", "anthropic-version"})],
)
def test_a_provider_sees_our_headers_alone(
    server: Server, provider: ProviderProcess, customer: Customer, model: str, own: set[str]
) -> None:
    answer = requests.post(
        f"{server.api}/chat/completions?{CANARY}=1",
        json={
            "model": model,
            "messages": [{"role": "user", "content": "Hello"}],
            "user": f"u\r\nX-Evil: {CANARY}-in-body",
        },
        headers={**STRANGE, **customer.headers},
        timeout=20,
    )
    assert answer.ok, answer.text
    seen = provider.last()
    headers = seen["headers"]
    assert isinstance(headers, dict)
    assert headers.keys() <= OURS | own
    assert PROVIDER_KEY in " ".join(headers.values())
    assert CANARY not in " ".join(headers.values()) + str(seen["query"])


def test_uploads_that_never_end_are_ended_and_keep_nobody_else_waiting(
    environment: dict[str, str], provider: ProviderProcess, customer: Customer
) -> None:
    server = Server(environment={**environment, "BODY_SECONDS": "2"}, workers=1)
    port = int(urlsplit(server.url).port or 0)

    def upload(_: int) -> tuple[bytes, float]:
        begun = time.monotonic()
        with socket.create_connection(("127.0.0.1", port), timeout=15) as wire:
            wire.sendall(
                b"POST /api/v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                b"Content-Length: 9000\r\n\r\n{"
            )
            return wire.recv(4_096).split(b"\r\n")[0], time.monotonic() - begun

    try:
        with ThreadPoolExecutor(SLOW) as pool:
            uploads = pool.map(upload, range(SLOW))
            assert all(customer.chat(server).ok for _ in range(20))
            for status, took in uploads:
                assert status == b"HTTP/1.1 408 Request Timeout"
                assert 1.9 < took < 6
    finally:
        server.stop()
