"""The health checks and the public page."""

import socket
import time
from urllib.parse import urlsplit

import pytest
import requests
from django.conf import settings

from gateway.models import ChargeBasis
from tests.processes import Server, free_port


def test_a_running_server_is_healthy_and_ready(server: Server) -> None:
    assert requests.get(f"{server.url}/healthz", timeout=10).json() == {"status": "ok"}
    ready = requests.get(f"{server.url}/readyz", timeout=10).json()
    assert ready == {"status": "ok", "postgresql": True, "redis": True}


def test_a_probe_by_address_and_with_a_cookie_is_answered(server: Server) -> None:
    strange = {"Host": "10.0.0.7", "Cookie": f"{settings.SESSION_COOKIE_NAME}=nonsense"}
    for path in ("/healthz", "/readyz"):
        answer = requests.head(f"{server.url}{path}", headers=strange, timeout=5)
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
        assert requests.post(f"{server.url}{path}", timeout=5).status_code == 405


@pytest.mark.parametrize("silent", [False, True], ids=["refuses", "is silent"])
def test_a_probe_names_an_engine_that_is_away_within_two_seconds(
    environment: dict[str, str], silent: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        # It takes connections and never says a word.
        port = listening.getsockname()[1] if silent else free_port()
        known = urlsplit(environment["DATABASE_URL"])
        nowhere = known._replace(netloc=known.netloc.replace(f":{known.port}", f":{port}"))
        away = {**environment, "DATABASE_URL": nowhere.geturl()}
        alone = Server(environment=away, workers=1, up="/healthz")
        try:
            begun = time.monotonic()
            ready = requests.get(f"{alone.url}/readyz", timeout=10)
            assert time.monotonic() - begun < 2
            assert ready.status_code == 503
            assert ready.json() == {"status": "unavailable", "postgresql": False, "redis": True}
            assert requests.get(f"{alone.url}/healthz", timeout=1).ok
        finally:
            alone.stop()


def test_the_public_page_sets_no_cookie_and_names_the_api(server: Server) -> None:
    page = requests.get(f"{server.url}/", timeout=10)
    assert page.status_code == 200
    assert "/api/v1" in page.text
    assert "Set-Cookie" not in page.headers


def test_the_charge_matrix_is_published_and_names_every_basis(server: Server) -> None:
    page = requests.get(f"{server.url}/docs/charges", timeout=10)
    assert page.status_code == 200
    assert "Set-Cookie" not in page.headers
    for basis in ChargeBasis.values:
        assert f"<code>{basis}</code>" in page.text


def test_the_only_cookie_is_the_session_and_it_goes_with_the_browser(server: Server) -> None:
    page = requests.get(f"{server.url}/admin/login/", timeout=10)
    assert [cookie.name for cookie in page.cookies] == ["session"]
    assert "max-age" not in page.headers["Set-Cookie"].lower()
    assert "expires" not in page.headers["Set-Cookie"].lower()
    assert "httponly" in page.headers["Set-Cookie"].lower()
