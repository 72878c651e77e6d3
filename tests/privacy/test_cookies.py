"""One cookie, for who signs in or opens a form; whoever reads public pages gets none."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings

from privacy import acceptances, policies
from privacy.conformance import site as site_pages
from tests.customers import Customer

WITH_FORMS = ("/sign-in", "/contact", "/privacy/receipts", "/accounts/", "/admin/")
"""What begins a session, since its form needs one."""
FILES = ("/static/", "/account/avatar/")
LINK = re.compile(r'href="(/[^"#?]*)')
MOST = 60
"""How many pages a walk opens: there are as many as there are models."""


def walk(site: Client, begin: str, *, without: tuple[str, ...]) -> Iterator[Any]:
    """Open a page, and every page that it leads to."""
    seen, waiting, opened = {begin}, [begin], 0
    while waiting and opened < MOST:
        answer = site.get(waiting.pop(0))
        opened += 1
        yield answer
        if not answer.get("Content-Type", "").startswith("text/html"):
            continue
        found = set(LINK.findall(answer.content.decode())) - seen
        fresh = sorted(link for link in found if not link.startswith(without))
        seen.update(fresh)
        waiting += fresh


def test_no_public_page_sets_a_cookie(database: None) -> None:
    walked = list(walk(Client(), "/", without=(*WITH_FORMS, *FILES)))
    walked += [Client().get(where) for where in ("/status", "/cookies", "/status/feed", "/nowhere")]
    assert len(walked) >= 12
    for answer in walked:
        assert not answer.cookies, answer.wsgi_request.path


def test_no_cache_keeps_a_form_with_its_token(database: None) -> None:
    for where in (*WITH_FORMS, *site_pages.WITH_FORMS):
        answer = Client().get(where, follow=True)
        assert answer.status_code == 200, where
        assert "csrfmiddlewaretoken" in answer.content.decode(), where
        assert {"no-store", "private"} <= set(re.split(r",\s*", answer["Cache-Control"])), where


def signed_in(customer: Customer) -> Client:
    """Return the client of somebody who has accepted the documents."""
    acceptances.affirm_age(customer.user)
    acceptances.record(customer.user, policies.all_current())
    site = Client()
    site.force_login(customer.user)
    return site


def test_who_is_signed_in_has_the_session_and_nothing_else(customer: Customer) -> None:
    site = signed_in(customer)
    names = {settings.SESSION_COOKIE_NAME}
    walked = list(walk(site, "/dashboard", without=("/admin/", *FILES)))
    assert len(walked) >= 12
    for answer in walked:
        assert set(answer.cookies) <= names, answer.wsgi_request.path
    assert set(site.cookies) == names


@pytest.mark.parametrize(
    ("changed", "there", "missing"),
    [
        ({}, "<code>session</code>", "Secure"),
        (
            {
                "SESSION_COOKIE_NAME": "__Host-session",
                "SESSION_COOKIE_SECURE": True,
                "SESSION_HOURS": 12,
                "PUBLIC_URL": "https://lumyx.test",
            },
            "<code>__Host-session</code>",
            "168 hours",
        ),
    ],
)
def test_the_page_says_what_the_settings_are(
    database: None, changed: dict[str, object], there: str, missing: str
) -> None:
    with override_settings(**changed):
        page = Client().get("/cookies").content.decode()
    assert there in page
    assert missing not in page
    for mark in ("HttpOnly", "SameSite=Lax", "No Max-Age", "30 minutes"):
        assert mark in page
    if changed:
        assert "12 hours after you signed in" in page
        assert "<code>Secure</code>" in page
        assert '<span class="id">lumyx.test</span>' in page
