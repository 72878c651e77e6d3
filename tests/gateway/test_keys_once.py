"""A form that makes a key or gives one a new text is taken once, however often it is sent."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
import requests
from django.utils import timezone

from accounts.models import User
from gateway import keys
from tests.accounts.people import new_member
from tests.people import Browser, NabzClanProcess
from tests.processes import Server

KEY = re.compile(r"lx-[0-9A-Za-z]{39}")
ONCE = re.compile(r'name="once" value="([^"]+)"')
CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
NEW = {"name": "Laptop", "scopes": ["inference", "usage"]}
DAY = {"overlap": "86400"}
SAID = "This form was sent already"


@pytest.fixture
def browser(server: Server) -> Browser:
    return Browser(server)


@pytest.fixture
def member(browser: Browser, nabzclan: NabzClanProcess) -> User:
    return new_member(browser, nabzclan)


def form(browser: Browser, path: str) -> dict[str, Any]:
    """Open a form, and return what the page hides in it."""
    page = browser.open(path).text
    found = [CSRF.search(page), ONCE.search(page)]
    names = ("csrfmiddlewaretoken", "once")
    return {name: one[1] for name, one in zip(names, found, strict=True) if one is not None}


def send(browser: Browser, path: str, data: dict[str, Any]) -> requests.Response:
    return browser.post(f"{browser.server.url}{path}", data=data, timeout=20)


def press(browser: Browser, sent: dict[str, Any], together: Barrier) -> int:
    together.wait()
    return send(browser, "/keys/new", sent).status_code


def refused(page: requests.Response) -> bool:
    """Return whether a page says that nothing was done, shows no text, and leads to the keys."""
    said = page.status_code == 409 and SAID in page.text and 'href="/keys"' in page.text
    return said and not KEY.search(page.text)


def not_complete(page: requests.Response) -> bool:
    """Return whether a page says that the form was not whole, and nothing of a text shown once."""
    said = page.status_code == 400 and "This form was not complete" in page.text
    return said and "shown once" not in page.text and not KEY.search(page.text)


def test_reloading_the_page_of_a_new_key_makes_no_second_one(
    browser: Browser, member: User
) -> None:
    sent = form(browser, "/keys/new") | NEW
    assert KEY.search(send(browser, "/keys/new", sent).text)
    assert refused(send(browser, "/keys/new", sent))
    assert refused(send(browser, "/keys/new", sent))
    assert member.api_keys.count() == 1


def test_reloading_the_page_of_a_new_text_leaves_both_texts_as_they_are(
    browser: Browser, member: User
) -> None:
    row, old = keys.issue(member, name="Laptop")
    path = f"/keys/{row.pk}/rotate"
    sent = form(browser, path) | DAY
    found = KEY.search(send(browser, path, sent).text)
    assert found is not None
    assert refused(send(browser, path, sent))
    assert keys.find(found[0]) == keys.find(old) == row
    row.refresh_from_db()
    assert row.previous_until is not None
    assert row.previous_until > timezone.now() + timedelta(hours=23)


def test_going_back_to_a_form_that_was_sent_does_nothing_until_it_is_opened_anew(
    browser: Browser, member: User
) -> None:
    sent = form(browser, "/keys/new") | NEW
    send(browser, "/keys/new", sent)
    assert refused(send(browser, "/keys/new", sent | {"name": "Another"}))
    assert member.api_keys.count() == 1
    send(browser, "/keys/new", form(browser, "/keys/new") | NEW | {"name": "Another"})
    assert set(member.api_keys.values_list("name", flat=True)) == {"Laptop", "Another"}


def test_forms_in_two_tabs_are_both_taken(browser: Browser, member: User) -> None:
    with ThreadPoolExecutor(8) as tabs:
        sent = [one | NEW for one in tabs.map(lambda _: form(browser, "/keys/new"), range(8))]
    assert len({one["once"] for one in sent}) == 8
    texts = [KEY.findall(send(browser, "/keys/new", one).text) for one in sent]
    assert all(texts)
    assert member.api_keys.count() == 8


def test_a_form_sent_twice_at_the_same_time_makes_one_key(browser: Browser, member: User) -> None:
    sent, together = form(browser, "/keys/new") | NEW, Barrier(6)
    with ThreadPoolExecutor(6) as hands:
        pressed = hands.map(lambda _: press(browser, sent, together), range(6))
        assert sorted(pressed) == [200] + [409] * 5
    assert member.api_keys.count() == 1


@pytest.mark.parametrize("token", [None, "", "made-up", "WyJ4IiwieSJd:1wAAAA:0"])
def test_a_form_without_a_token_of_ours_does_nothing(
    browser: Browser, member: User, token: str | None
) -> None:
    row, text = keys.issue(member, name="Laptop")
    for path, fields in (("/keys/new", NEW), (f"/keys/{row.pk}/rotate", DAY)):
        sent = form(browser, path) | fields
        del sent["once"]
        if token is not None:
            sent["once"] = token
        assert not_complete(send(browser, path, sent))
    assert member.api_keys.get() == keys.find(text)


def test_anothers_token_does_nothing(
    browser: Browser, member: User, nabzclan: NabzClanProcess
) -> None:
    stranger = Browser(browser.server)
    new_member(stranger, nabzclan)
    theirs = form(stranger, "/keys/new")["once"]
    sent = form(browser, "/keys/new") | NEW | {"once": theirs}
    assert not_complete(send(browser, "/keys/new", sent))
    # Nor is it spent by that.
    sent = form(stranger, "/keys/new") | NEW | {"once": theirs}
    assert send(stranger, "/keys/new", sent).status_code == 200


def test_a_form_with_a_mistake_is_not_spent(browser: Browser, member: User) -> None:
    sent = form(browser, "/keys/new") | NEW
    assert send(browser, "/keys/new", sent | {"name": ""}).status_code == 400
    assert send(browser, "/keys/new", sent).status_code == 200


def test_who_rotates_again_is_told_that_an_older_text_stops(browser: Browser, member: User) -> None:
    row, _ = keys.issue(member, name="Laptop")
    path = f"/keys/{row.pk}/rotate"
    assert "An older text still works" not in browser.open(path).text
    browser.submit(path, **DAY)
    assert "An older text still works" in browser.open(path).text
