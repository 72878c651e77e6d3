"""Operators say something on every page for a while, without a restart."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from gateway import site_notices
from gateway.models import SiteNotice
from tests.staff import staff_client

ADD = "/admin/gateway/sitenotice/add/"
TEXT = "We move the database on Sunday, 02:00 to 03:00 UTC."


@pytest.fixture(autouse=True)
def none_before_and_after(database: None) -> object:
    SiteNotice.objects.all().delete()
    site_notices.forget()
    yield
    SiteNotice.objects.all().delete()
    site_notices.forget()


def form(text: str, begin: timedelta, end: timedelta) -> dict[str, str]:
    now = timezone.now()
    fields = {"text": text, "level": "warn"}
    for name, at in (("begins_at", now + begin), ("ends_at", now + end)):
        fields |= {f"{name}_0": f"{at:%Y-%m-%d}", f"{name}_1": f"{at:%H:%M:%S}"}
    return fields


def test_a_banner_is_on_every_page_as_soon_as_it_is_saved_and_sets_no_cookie() -> None:
    operator, stranger = staff_client(["operator"]), Client()
    assert TEXT not in stranger.get("/").content.decode()
    sent = operator.post(ADD, form(TEXT, timedelta(minutes=-1), timedelta(hours=1)))
    assert sent.status_code == 302
    for path in ("/", "/pricing", "/docs", "/status", "/privacy"):
        answer = stranger.get(path)
        assert TEXT in answer.content.decode(), path
        assert not answer.cookies, path
    SiteNotice.objects.all().delete()
    site_notices.forget()
    assert TEXT not in stranger.get("/").content.decode()


def test_it_comes_and_goes_by_the_clock_without_asking_the_database(
    django_assert_num_queries: object,
) -> None:
    now = timezone.now()
    begin, end = now + timedelta(minutes=1), now + timedelta(minutes=2)
    row = SiteNotice.objects.create(text=TEXT, begins_at=begin, ends_at=end)
    site_notices.forget()
    assert site_notices.shown() is None
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert site_notices.shown(now=begin) == row
        assert site_notices.shown(now=end - timedelta(seconds=1)) == row
        assert site_notices.shown(now=end) is None


def test_the_one_that_began_last_is_shown() -> None:
    now = timezone.now()
    for hours, text in ((1, "newer"), (2, "older")):
        SiteNotice.objects.create(
            text=text, begins_at=now - timedelta(hours=hours), ends_at=now + timedelta(hours=1)
        )
    site_notices.forget()
    assert str(site_notices.shown()) == "newer"


def test_what_it_says_is_text_and_its_end_comes_after_its_start() -> None:
    operator = staff_client(["operator"])
    wrong = form("x", timedelta(hours=1), timedelta(hours=1))
    assert operator.post(ADD, wrong).status_code == 200
    operator.post(ADD, form("<b>bold</b>", timedelta(minutes=-1), timedelta(hours=1)))
    assert "&lt;b&gt;bold" in Client().get("/").content.decode()


@pytest.mark.parametrize("role", ["support", "finance", "privacy officer"])
def test_nobody_but_operators_sets_it(role: str) -> None:
    assert staff_client([role]).get(ADD).status_code == 403
