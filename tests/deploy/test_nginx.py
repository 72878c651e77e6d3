"""The site that we ship, in a real nginx."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from django.conf import settings

from accounts.addresses import client_address
from tests.customers import Customer
from tests.deploy.site import NGINX, Fake, Site, broken, well
from tests.processes import Server, free_port, wait_until

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")

Make = Callable[..., Site]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Make]:
    """Return what starts our site in front of processes on ports."""
    made: list[Site] = []

    def make(*ports: int) -> Site:
        found = Site(tmp_path, ports=list(ports))
        made.append(found)
        found.start()
        return found

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def fakes() -> Iterator[Callable[..., Fake]]:
    """Return what starts a web process that is none."""
    made: list[Fake] = []

    def make(answer: Callable[..., None]) -> Fake:
        made.append(Fake(answer))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def test_nginx_takes_the_site_as_it_is(tmp_path: Path) -> None:
    said = Site(tmp_path, ports=[8001, 8002]).check()
    assert "syntax is ok" in said
    assert "warn" not in said


def test_a_stream_comes_chunk_by_chunk_as_the_provider_sends_it(
    site: Make, server: Server, customer: Customer
) -> None:
    at = site(urlsplit(server.url).port)
    body = {
        "model": "echo-slow",
        "stream": True,
        "messages": [{"role": "user", "content": "Hi " * 9}],
    }
    begun = time.monotonic()
    with requests.post(
        f"{at.url}/api/v1/chat/completions",
        json=body,
        headers=customer.headers,
        stream=True,
        timeout=30,
        verify=str(at.certificate),
    ) as answer:
        assert answer.status_code == 200, answer.text
        times = [time.monotonic() - begun for line in answer.iter_lines() if line]
    gaps = [after - before for before, after in pairwise(times)]
    assert len(times) > 5
    assert times[0] < times[-1] / 2
    assert max(gaps) < times[-1] / 2


def test_a_process_that_is_away_is_passed_over_for_every_kind_of_call(
    site: Make, fakes: Callable[..., Fake]
) -> None:
    up = fakes(well)
    at = site(free_port(), up.port)
    for _ in range(6):
        answer = requests.post(f"{at.url}/api/v1/messages", data=b"x", verify=str(at.certificate))
        assert (answer.status_code, answer.text) == (200, "ok")
    assert len(up.heads) == 6


def test_a_call_that_was_sent_is_never_sent_again(site: Make, fakes: Callable[..., Fake]) -> None:
    first, second = fakes(broken), fakes(broken)
    at = site(first.port, second.port)
    answer = requests.post(f"{at.url}/api/v1/messages", data=b"x", verify=str(at.certificate))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "2"
    assert answer.json()["error"]["code"] == "unavailable"
    assert len(first.heads) + len(second.heads) == 1


def test_what_only_reads_is_sent_to_another_process(site: Make, fakes: Callable[..., Fake]) -> None:
    one, other = fakes(broken), fakes(well)
    at = site(one.port, other.port)
    found = {requests.get(f"{at.url}/models", verify=str(at.certificate)).text for _ in range(4)}
    assert found == {"ok"}
    assert one.heads


def test_the_address_is_what_nginx_saw_whatever_the_client_says(
    site: Make, fakes: Callable[..., Fake], monkeypatch: pytest.MonkeyPatch
) -> None:
    up = fakes(well)
    at = site(up.port)
    forged = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "for=203.0.113.9",
    }
    requests.get(at.url, headers=forged, verify=str(at.certificate))
    [head] = up.heads
    monkeypatch.setattr(settings, "TRUSTED_PROXY_COUNT", 1)
    assert client_address("127.0.0.1", head["x-forwarded-for"]) == "127.0.0.1"
    assert head["x-forwarded-proto"] == "https"
    assert head["host"] == at.url.removeprefix("https://").split(":")[0]
    assert not {"x-forwarded-host", "forwarded"} & head.keys()


def test_a_body_is_let_through_up_to_the_limit_and_not_above(
    site: Make, fakes: Callable[..., Fake]
) -> None:
    up = fakes(well)
    at = site(up.port)
    url = f"{at.url}/api/v1/messages"
    whole = b"x" * settings.MAX_BODY_BYTES
    assert requests.post(url, data=whole, verify=str(at.certificate)).text == "ok"
    answer = requests.post(url, data=whole + b"x", verify=str(at.certificate))
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "request_too_large"
    assert f"{settings.MAX_BODY_BYTES:,} bytes" in answer.json()["error"]["message"]


def test_a_prompt_reaches_the_service_before_it_is_whole_and_never_the_disk(
    site: Make, fakes: Callable[..., Fake]
) -> None:
    up = fakes(well)
    at = site(up.port)
    port = urlsplit(at.url).port
    context = ssl.create_default_context(cafile=str(at.certificate))
    with (
        socket.create_connection(("127.0.0.1", port), 5) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as client,
    ):
        head = b"POST /api/v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
        client.sendall(head + b"prompt" * 50_000)
        wait_until(lambda: bool(up.heads), seconds=5, what="the first half of a body")
        client.sendall(b"x" * 700_000)
        assert b" 200 " in client.recv(100)
    kept = [file for name in ("body", "proxy") for file in (at.directory / name).rglob("*")]
    assert [file for file in kept if file.is_file()] == []


def test_metrics_are_not_for_the_public(site: Make, fakes: Callable[..., Fake]) -> None:
    up = fakes(well)
    at = site(up.port)
    assert requests.get(f"{at.url}/metrics", verify=str(at.certificate)).status_code == 404
    assert up.heads == []


def test_what_came_without_tls_is_sent_to_tls(site: Make, fakes: Callable[..., Fake]) -> None:
    at = site(fakes(well).port)
    answer = requests.get(f"{at.plain}/pricing?a=b", allow_redirects=False)
    assert answer.status_code == 308
    assert answer.headers["Location"] == "https://127.0.0.1/pricing?a=b"


def test_what_nginx_writes_down_names_nobody(site: Make, fakes: Callable[..., Fake]) -> None:
    at = site(fakes(broken).port)
    requests.post(f"{at.url}/api/v1/messages?canary=word", data=b"x", verify=str(at.certificate))
    log = at.directory / "lumyx-failed.log"
    wait_until(lambda: log.read_text() != "", seconds=5, what="a line in the log")
    written = log.read_text() + (at.directory / "lumyx-error.log").read_text()
    assert " 503 POST " in written
    assert "canary" not in written
    assert "messages" not in written
