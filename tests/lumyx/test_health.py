"""The health checks and the public page."""

import requests

from gateway.models import ChargeBasis
from tests.processes import Server


def test_a_running_server_is_healthy_and_ready(server: Server) -> None:
    assert requests.get(f"{server.url}/healthz", timeout=10).json() == {"status": "ok"}
    ready = requests.get(f"{server.url}/readyz", timeout=10).json()
    assert ready == {"status": "ok", "postgresql": True, "redis": True}


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
