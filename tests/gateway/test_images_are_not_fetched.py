"""Addresses in a prompt are words: nothing of ours asks them, wherever they point."""

import socket
from collections.abc import Iterator

import pytest
import requests

from tests.customers import Customer
from tests.dialects import MESSAGES
from tests.processes import Server

HOSTS = [
    *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "0.0.0.0"),
    *("localhost", "localhost.", "[::1]", "[::ffff:127.0.0.1]", "user@127.0.0.1", "127。0。0。1"),
]
PATHS = ["/x.png", "/latest/meta-data", "/%2e%2e/admin"]
ELSEWHERE = ["file:///etc/passwd", "gopher://127.0.0.1:{port}/x", "//127.0.0.1:{port}/x"]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True) as wire:
        wire.settimeout(0.5)
        yield wire


def test_no_address_of_an_image_is_asked_for(
    server: Server, customer: Customer, listener: socket.socket
) -> None:
    port = listener.getsockname()[1]
    urls = [f"http://{host}:{port}{path}" for host in HOSTS for path in PATHS]
    urls += [url.format(port=port) for url in ELSEWHERE]
    assert len(urls) >= 40
    statuses = set()
    for url in urls:
        seen = [{"type": "image_url", "image_url": {"url": url}}]
        for model in ("echo", "anthropic/echo"):
            answer = customer.chat(server, model, messages=[{"role": "user", "content": seen}])
            statuses.add(answer.status_code)
        source = {"type": "image", "source": {"type": "url", "url": url}}
        body = MESSAGES.body("echo", "") | {"messages": [{"role": "user", "content": [source]}]}
        answer = requests.post(
            f"{server.api}/messages", json=body, headers=customer.headers, timeout=30
        )
        statuses.add(answer.status_code)
    assert statuses <= {200, 400}
    with pytest.raises(TimeoutError):
        listener.accept()
