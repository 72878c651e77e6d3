"""Newcomers are old enough and accept the documents, or nothing of them is kept."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import requests
from django.utils import timezone

from accounts import sessions
from accounts.models import Avatar, NabzClanLink, Session, User
from billing.models import Account
from privacy import policies
from privacy.models import Acceptance
from tests.accounts.people import new_member
from tests.people import Browser, NabzClanProcess
from tests.processes import Server


@pytest.fixture
def browser(server: Server) -> Browser:
    return Browser(server)


def test_a_child_is_turned_away_and_nothing_is_kept(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    person = nabzclan.new_person(name="Canary-Child")
    counts = [m.objects.count() for m in (User, NabzClanLink, Account, Acceptance, Avatar)]
    browser.go_to_nabzclan()
    browser.consent(person["id"])
    key = browser.cookies["session"]
    page = browser.submit("/welcome", age="under")
    assert page.status_code == 403
    assert "Nothing about you was kept" in page.text
    assert not Session.objects.filter(pk=key).exists()
    assert [m.objects.count() for m in (User, NabzClanLink, Account, Acceptance, Avatar)] == counts
    page = browser.open("/welcome")
    assert urlsplit(page.url).path == "/sign-in"


@pytest.mark.parametrize(
    "answers", [{}, {"age": "13"}, {"accept": "on"}, {"age": "x", "accept": "on"}]
)
def test_without_both_answers_no_account_is_made(
    browser: Browser, nabzclan: NabzClanProcess, answers: dict[str, str]
) -> None:
    person = nabzclan.new_person()
    browser.go_to_nabzclan()
    browser.consent(person["id"])
    page = browser.submit("/welcome", **answers)
    assert page.status_code == 400
    assert not User.objects.filter(nabzclan_id=str(person["id"])).exists()


def test_acceptances_name_version_hash_and_time(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    user = new_member(browser, nabzclan)
    rows = {row.kind: row for row in user.acceptances.all()}
    assert set(rows) == {"age", "privacy", "terms"}
    for kind, row in rows.items():
        assert row.accepted_at >= user.created_at
        if kind == "age":
            continue
        current = policies.current(kind)
        assert (row.version, row.sha256) == (current.version, current.sha256)


def test_a_new_version_is_asked_for_once(browser: Browser, nabzclan: NabzClanProcess) -> None:
    user = new_member(browser, nabzclan)
    user.acceptances.filter(kind="terms").update(version="2020-01-01")
    again = Browser(browser.server)
    again.go_to_nabzclan()
    page = again.consent(int(user.nabzclan_id or 0))
    assert urlsplit(page.url).path == "/welcome"
    assert "How old are you" not in page.text
    assert urlsplit(again.open("/account").url).path == "/welcome"
    page = again.submit("/welcome", accept="on")
    assert urlsplit(page.url).path == "/dashboard"
    assert user.acceptances.filter(kind="terms").count() == 2
    assert urlsplit(again.open("/account").url).path == "/account"


def test_the_welcome_page_is_only_for_those_who_wait(browser: Browser) -> None:
    page = browser.open(f"{browser.server.url}/welcome")
    assert urlsplit(page.url).path == "/sign-in"


def test_the_tokens_of_a_child_are_revoked(browser: Browser, nabzclan: NabzClanProcess) -> None:
    person = nabzclan.new_person()
    browser.go_to_nabzclan()
    browser.consent(person["id"])
    calls = requests.get(f"{nabzclan.url}/_calls", timeout=5).json()
    since = max(call["n"] for call in calls)
    browser.submit("/welcome", age="under")
    made = requests.get(f"{nabzclan.url}/_calls", params={"since": since}, timeout=5).json()
    assert [call["path"] for call in made] == ["/oauth/revoke", "/oauth/revoke"]


def test_who_never_answers_is_forgotten_within_half_an_hour(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    browser.go_to_nabzclan()
    browser.consent(nabzclan.new_person()["id"])
    row = Session.objects.get(pk=browser.cookies["session"])
    assert row.expire_date <= timezone.now() + timedelta(minutes=30)
    Session.objects.filter(pk=row.pk).update(expire_date=timezone.now() - timedelta(seconds=1))
    assert browser.open("/welcome").url.endswith("/sign-in")
    sessions.delete_expired()
    assert not Session.objects.filter(pk=row.pk).exists()
