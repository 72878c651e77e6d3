"""What goes wrong is said in words, with what to do next: to people, to programs, and by htmx."""

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path
from playwright.sync_api import Page, Route

from accounts.sessions import SessionStore
from lumyx import errors
from lumyx.asgi import gateway
from lumyx.urls import handler400, handler403, handler404, handler500
from lumyx.urls import urlpatterns as of_the_site
from tests.customers import Customer, visit
from tests.journeys.browsers import chromium, watch
from tests.processes import Server, free_port

__all__ = ["handler400", "handler403", "handler404", "handler500"]


def boom(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a secret that nobody should read")


def away(request: HttpRequest) -> HttpResponse:
    raise OperationalError("connection refused")


def denied(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


urlpatterns = [
    *(path("boom", boom), path("away", away), path("denied", denied), path("api/boom", boom)),
    *of_the_site,
]
broken = override_settings(ROOT_URLCONF=__name__)


@pytest.fixture
def site(database: None) -> Iterator[Client]:
    with broken:
        yield Client(raise_request_exception=False)


@pytest.mark.parametrize(("method", "where"), [("get", "/nowhere"), ("get", "/billing/portal")])
def test_whoever_is_signed_in_finds_their_way_back(
    site: Client, customer: Customer, method: str, where: str
) -> None:
    door = '<a class="button" data-size="s" href="/dashboard">Dashboard</a>'
    assert door not in getattr(site, method)("/nowhere").content.decode()
    page = getattr(visit(customer), method)(where)
    assert page.status_code in (404, 405)
    assert door in page.content.decode()


@pytest.mark.parametrize(
    ("method", "where", "how", "status", "words"),
    [
        ("get", "/nowhere", {}, 404, "There is nothing here"),
        ("get", "/", {"headers": {"host": "elsewhere.example"}}, 400, "could not read"),
        ("get", "/denied", {}, 403, "not yours to open"),
        ("delete", "/privacy", {}, 405, "It takes GET, HEAD only"),
        ("get", "/boom", {}, 500, "Something failed on our side"),
        ("get", "/away", {}, 503, "cannot be shown right now"),
    ],
)
def test_each_error_has_a_page_with_a_way_on_and_no_cookie(
    site: Client, method: str, where: str, how: dict[str, Any], status: int, words: str
) -> None:
    answer = getattr(site, method)(where, **how)
    page = answer.content.decode()
    assert answer.status_code == status
    assert words in page
    assert re.search(r'class="button" data-kind="primary" href="/', page)
    assert "secret" not in page
    assert not answer.cookies
    assert not re.search(r"style=|<script(?! type=.module)|onclick", page)


def test_a_form_without_its_token_was_open_for_too_long(database: None) -> None:
    answer = Client(enforce_csrf_checks=True).post("/contact", {"words": "x"})
    assert (answer.status_code, list(answer.cookies)) == (403, [])
    assert "open for too long" in answer.content.decode()
    assert "'none'" in answer["Content-Security-Policy"]


def test_too_much_at_once_is_said_to_be_too_much(site: Client) -> None:
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=2_048):
        answer = site.post("/contact", {"words": "x" * 5_000})
    assert answer.status_code == 413
    assert "over the limit of 2 kB" in answer.content.decode()


def test_an_error_page_that_cannot_be_drawn_is_plain(
    site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errors, "render_to_string", boom)
    answer = site.get("/boom")
    assert (answer.status_code, answer.content.decode()) == (500, errors.PLAIN)


def test_programs_get_json(site: Client) -> None:
    for where, status in (("/api", 404), ("/api/boom", 500)):
        answer = site.get(where)
        assert answer.status_code == status
        assert answer["Content-Type"] == "application/json"
        assert "API's base is /api/v1" in answer.json()["error"]["message"]


def test_who_is_stopped_by_a_limit_reads_for_how_long(database: None) -> None:
    said = {"topic": "question", "email": "often@example.com", "words": "again"}
    answers = [Client().post("/contact", said, REMOTE_ADDR="203.0.113.77") for _ in range(6)]
    last = answers[-1]
    seconds = int(last["Retry-After"])
    assert (last.status_code, 0 < seconds <= 3_600) == (429, True)
    assert f"Try again in {errors.in_words(seconds)}" in last.content.decode()
    assert re.search(r"\d\d:\d\d UTC", last.content.decode())


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 second"), (59, "59 seconds"), (61, "2 minutes"), (3_600, "1 hour"), (7_000, "2 hours")],
)
def test_a_wait_is_never_said_to_be_shorter(seconds: int, words: str) -> None:
    assert errors.in_words(seconds) == words


def test_a_part_of_a_page_whose_sign_in_ended_reloads_the_page(database: None) -> None:
    answer = Client().get("/dashboard/live", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers.get("HX-Refresh")) == (200, "true")


@pytest.fixture(scope="module")
def cut_off(environment: dict[str, str]) -> Iterator[Server]:
    """A server whose PostgreSQL is away."""
    nowhere = f"postgresql://lumyx:x@127.0.0.1:{free_port()}/lumyx"
    process = Server(environment=environment | {"DATABASE_URL": nowhere}, workers=1, up="/healthz")
    yield process
    process.stop()


@pytest.mark.parametrize("session", ["", "a-session-that-cannot-be-read-now"])
def test_pages_that_need_no_database_go_on_without_it(cut_off: Server, session: str) -> None:
    for where in ("/docs/charges", "/privacy", "/cookies", "/static/lumyx/css/tokens.css"):
        answer = requests.get(f"{cut_off.url}{where}", cookies=cookie(session), timeout=20)
        assert answer.status_code == 200, where
        assert "Set-Cookie" not in answer.headers, "nobody is signed out"


def cookie(session: str) -> dict[str, str]:
    return {"session": session} if session else {}


def test_pages_that_need_the_database_say_so(cut_off: Server) -> None:
    signed_in = cookie("a-session-that-cannot-be-read-now")
    for where in ("/dashboard", "/billing", "/sign-in", "/contact"):
        answer = requests.get(
            f"{cut_off.url}{where}", cookies=signed_in, timeout=20, allow_redirects=False
        )
        assert answer.status_code == 503, where
        assert answer.headers["Retry-After"] == "30"
        assert "does not answer" in answer.text
        assert "Set-Cookie" not in answer.headers
    form = requests.post(f"{cut_off.url}/contact", {"words": "x"}, cookies=signed_in, timeout=20)
    assert form.status_code == 503
    status = requests.get(f"{cut_off.url}/status", timeout=20)
    assert (status.status_code, "Something is down" in status.text) == (503, True)
    assert requests.get(f"{cut_off.url}/nowhere", cookies=signed_in, timeout=20).status_code == 404


def test_a_session_that_was_not_read_is_never_overwritten() -> None:
    store = SessionStore("some-key")
    store.away = True
    store["x"] = 1
    with pytest.raises(OperationalError):
        store.save()


@pytest.mark.parametrize("hours", [None, 2])
def test_maintenance_closes_pages_and_nothing_else(site: Client, hours: int | None) -> None:
    until = datetime.now(UTC) + timedelta(hours=hours) if hours else None
    with override_settings(MAINTENANCE="site", MAINTENANCE_UNTIL=until):
        for where in ("/", "/dashboard", "/docs/charges", "/sign-in"):
            page = site.get(where)
            assert page.status_code == 503, where
            assert not page.cookies
            assert "calls of the API go on" in page.content.decode()
            if until:
                assert f"{until:%H:%M} UTC" in page.content.decode()
            assert int(page["Retry-After"]) > (7_000 if until else 0)
        for where in ("/status", "/accounts/staff/"):
            assert site.get(where).status_code == 200, where
        assert site.get("/admin/").status_code == 302
        assert site.get("/sign-in?next=/admin/").status_code == 200
        assert site.post("/billing/webhooks/stripe/", {}).status_code != 503
    assert site.get("/").status_code == 200


async def ask_api(where: str) -> tuple[int, dict[str, str], Any]:
    """Ask the API's own handler, as the web process does."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": where, "query_string": b"", "headers": []}
    await gateway(scope | {"client": ("127.0.0.1", 1)}, receive, send)  # type: ignore[arg-type]
    head = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], head, json.loads(sent[1]["body"])


def test_maintenance_of_all_refuses_calls_in_the_shape_of_their_dialect() -> None:
    with override_settings(MAINTENANCE="all", MAINTENANCE_UNTIL=None):
        openai = asyncio.run(ask_api("/api/v1/chat/completions"))
        anthropic = asyncio.run(ask_api("/api/v1/messages"))
    # Anthropic's clients know 529 for what is overloaded.
    assert (openai[0], anthropic[0]) == (503, 529)
    assert openai[1]["retry-after"] == anthropic[1]["retry-after"] == "300"
    assert openai[2]["error"]["code"] == "maintenance"
    assert "You were not charged" in anthropic[2]["error"]["message"]
    assert anthropic[2]["type"] == "error"
    with override_settings(MAINTENANCE="site"):
        assert asyncio.run(ask_api("/api/v1/chat/completions"))[0] == 401


def test_what_htmx_could_not_do_is_said_once_and_taken_back(
    server: Server, customer: Customer
) -> None:
    with chromium() as browser:
        page = browser.new_page()
        wrong = watch(page, allowed={server.url})
        page.goto(f"{server.url}/status")
        page.route("**/status/live", lambda route: route.fulfill(status=500))
        renew(page)
        renew(page)
        toast = page.locator(".toasts .toast")
        assert toast.count() == 1
        assert "failed on our side" in toast.inner_text()
        page.unroute("**/status/live")
        page.route("**/status/live", lambda route: refuse(route))
        renew(page)
        assert "could not be reached" in toast.inner_text()
        toast.get_by_role("button", name="Close").click()
        assert toast.count() == 0
        renew(page)
        page.unroute("**/status/live")
        renew(page)
        assert toast.count() == 0
        assert page.locator("h1").count() == 1
        assert wrong == []


def refuse(route: Route) -> None:
    route.abort()


def renew(page: Page) -> None:
    page.evaluate("htmx.ajax('GET', '/status/live', '#status-live').catch(() => {})")


def test_a_host_that_is_not_ours_is_refused_under_our_policy() -> None:
    answer = Client().get("/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "DENY"
    assert "evil" not in answer.content.decode()


def test_who_is_signed_in_can_leave_while_the_website_is_closed(site: Client) -> None:
    with override_settings(MAINTENANCE="site"):
        for where in ("/privacy", "/terms", "/cookies"):
            assert site.get(where).status_code == 200, where
        assert site.post("/sign-out").status_code == 302
