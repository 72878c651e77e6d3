"""One essential cookie; sessions end when they should, and people see and end their own."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import requests
from django.utils import timezone

from accounts import sessions
from accounts.models import Session
from privacy import retention
from tests.accounts.people import new_member
from tests.people import Browser, NabzClanProcess
from tests.processes import Server

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def browser(server: Server) -> Browser:
    return Browser(server)


def test_the_only_cookie_is_the_session_and_it_ends_with_the_browser(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    seen: list[str] = []

    def note(answer: requests.Response, *_: object, **__: object) -> None:
        if answer.url.startswith(browser.server.url):
            seen.extend(answer.raw.headers.getlist("Set-Cookie"))

    browser.hooks["response"].append(note)
    new_member(browser, nabzclan)
    for path in ("/dashboard", "/account", "/account/sessions", "/keys"):
        browser.open(path)
    assert seen
    for cookie in seen:
        assert cookie.startswith("session=")
        assert "Max-Age" not in cookie
        assert "expires" not in cookie.lower()
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie


def test_in_production_the_cookie_is_bound_to_https_and_to_this_host(
    environment: dict[str, str],
) -> None:
    production = {"PUBLIC_URL": "https://lumyx.test", "TRUSTED_PROXY_COUNT": "1"}
    server = Server(environment=environment | production, workers=1)
    try:
        plain = requests.get(f"{server.url}/sign-in", timeout=10, allow_redirects=False)
        answer = requests.get(
            f"{server.url}/sign-in", headers={"X-Forwarded-Proto": "https"}, timeout=10
        )
    finally:
        server.stop()
    assert plain.status_code == 301
    assert plain.headers["Location"].startswith("https://")
    (cookie,) = answer.raw.headers.getlist("Set-Cookie")
    name, *attributes = cookie.split("; ")
    assert name.startswith("__Host-session=")
    assert sorted(attributes) == ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]


@pytest.mark.parametrize("path", ["/", "/docs/charges", "/privacy", "/terms", "/healthz"])
def test_public_pages_set_no_cookie_and_do_not_redirect(server: Server, path: str) -> None:
    answer = requests.get(server.url + path, timeout=10, allow_redirects=False)
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers


def test_signing_out_deletes_the_row(browser: Browser, nabzclan: NabzClanProcess) -> None:
    user = new_member(browser, nabzclan)
    assert user.sessions.count() == 1
    browser.open("/account")
    page = browser.submit("/sign-out")
    assert urlsplit(page.url).path == "/"
    assert user.sessions.count() == 0
    assert urlsplit(browser.open("/dashboard").url).path == "/sign-in"


def test_signing_out_needs_the_form(browser: Browser, nabzclan: NabzClanProcess) -> None:
    user = new_member(browser, nabzclan)
    assert browser.get(f"{browser.server.url}/sign-out", timeout=10).status_code == 405
    assert browser.post(f"{browser.server.url}/sign-out", timeout=10).status_code == 403
    assert user.sessions.count() == 1


def test_a_session_ends_a_fixed_time_after_the_sign_in_however_it_is_used(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    user = new_member(browser, nabzclan)
    row = user.sessions.get()
    assert row.expire_date - row.created_at == timedelta(hours=168)
    before = row.expire_date
    browser.open("/account")
    browser.submit("/account/mail", mail_news="on")
    assert user.sessions.get().expire_date == before
    user.sessions.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert urlsplit(browser.open("/dashboard").url).path == "/sign-in"
    retention.sweep()
    assert user.sessions.count() == 0


def test_the_page_lists_families_and_never_addresses_or_keys(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    browser.headers["User-Agent"] = FIREFOX
    user = new_member(browser, nabzclan)
    page = browser.open("/account/sessions").text
    assert "Firefox" in page
    assert "on Linux" in page
    assert "this one" in page
    row = user.sessions.get()
    assert row.session_key not in page
    assert "127.0.0.1" not in page
    assert FIREFOX not in str(vars(row))
    assert (row.client, row.system, row.device) == ("Firefox", "Linux", "Desktop")


def test_one_other_session_can_be_ended_and_all_others_and_all(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    user = new_member(browser, nabzclan)
    person = int(user.nabzclan_id or 0)
    others = [Browser(browser.server) for _ in range(3)]
    for other in others:
        other.sign_in(person)
    assert len(sessions.open_sessions(user)) == 4
    victim = Session.objects.get(pk=others[0].cookies["session"])
    browser.open("/account/sessions")
    browser.submit("/account/sessions/end", which=victim.public_id)
    assert urlsplit(others[0].open("/dashboard").url).path == "/sign-in"
    assert urlsplit(others[1].open("/dashboard").url).path == "/dashboard"
    browser.submit("/account/sessions/end", which="others")
    assert urlsplit(others[1].open("/dashboard").url).path == "/sign-in"
    assert len(sessions.open_sessions(user)) == 1
    others[2].sign_in(person)
    browser.open("/account/sessions")
    browser.submit("/account/sessions/end", which="all")
    assert user.sessions.count() == 0
    assert urlsplit(others[2].open("/dashboard").url).path == "/sign-in"


def test_nobody_ends_the_session_of_another(browser: Browser, nabzclan: NabzClanProcess) -> None:
    user = new_member(browser, nabzclan)
    stranger = Browser(browser.server)
    new_member(stranger, nabzclan)
    stranger.open("/account/sessions")
    for which in (user.sessions.get().public_id, user.sessions.get().session_key):
        stranger.submit("/account/sessions/end", which=which)
    assert user.sessions.count() == 1


def test_the_session_key_changes_at_sign_in(browser: Browser, nabzclan: NabzClanProcess) -> None:
    browser.open("/sign-in")
    before = browser.cookies["session"]
    new_member(browser, nabzclan)
    assert browser.cookies["session"] != before
    assert not Session.objects.filter(pk=before).exists()


def test_an_ended_session_is_not_made_again_by_a_page_that_was_under_way(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    user = new_member(browser, nabzclan)
    row = user.sessions.get()
    Session.objects.all().filter(pk=row.pk).delete()
    browser.open("/dashboard")
    assert not Session.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("path", ["/", "/sign-in", "/privacy", "/nope"])
def test_the_policy_allows_nothing_foreign_and_nothing_inline(server: Server, path: str) -> None:
    answer = requests.get(server.url + path, timeout=10)
    policy = dict(
        part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert set(policy["script-src"].split()) <= {"'self'"} | {
        word for word in policy["script-src"].split() if word.startswith("'nonce-")
    }
    for inline in ("<style", " style=", " onclick=", "<script>"):
        assert inline not in answer.text


@pytest.mark.parametrize(
    "path", ["/account", "/account/sessions", "/keys", "/dashboard", "/billing"]
)
def test_no_page_of_somebody_signed_in_is_stored(
    browser: Browser, nabzclan: NabzClanProcess, path: str
) -> None:
    new_member(browser, nabzclan)
    assert "no-store" in browser.open(path).headers["Cache-Control"]
