"""People correct what NabzClan sends; a correction survives it and can be undone."""

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from unittest.mock import patch
from urllib.parse import unquote, urlsplit

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone

from accounts import mail, vip
from accounts.models import User
from tests.accounts.people import new_member
from tests.customers import Customer
from tests.people import MAIL, Browser, NabzClanProcess
from tests.processes import Server
from tests.staff import staff_client


@pytest.fixture
def browser(server: Server) -> Browser:
    return Browser(server)


def mailed_link(email: str) -> str:
    """Return the last link that was mailed to an address."""
    for file in sorted(MAIL.iterdir(), key=lambda f: f.stat().st_mtime, reverse=True):
        text = file.read_text()
        if f"To: {email}" in text:
            found = re.findall(r"(/account/email/confirm\?token=\S+)", text.replace("=\n", ""))
            if found:
                return str(found[-1])
    raise AssertionError(f"no mail to {email}")


def test_a_corrected_name_survives_the_next_sync_and_can_be_undone(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    user = new_member(browser, nabzclan)
    person = int(user.nabzclan_id or 0)
    browser.open("/account")
    browser.submit("/account/username", username=f"corrected-{person}")
    nabzclan.control(f"people/{person}", name=f"renamed-{person}")
    assert vip.sync(user) == "synced"
    user.refresh_from_db()
    assert user.username == f"corrected-{person}"
    page = browser.open("/account")
    assert f"NabzClan sends renamed-{person}" in page.text
    browser.submit("/account/undo/username")
    user.refresh_from_db()
    assert user.username == f"renamed-{person}"


def test_an_email_changes_only_once_its_owner_opens_the_mailed_link(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    user = new_member(browser, nabzclan)
    old, new = user.email, f"new-{user.nabzclan_id}@example.com"
    browser.open("/account")
    browser.submit("/account/email", email=new)
    user.refresh_from_db()
    assert user.email == old
    link = mailed_link(new)
    browser.open(link)
    user.refresh_from_db()
    assert user.email == old, "opening alone, as mail scanners do, changes nothing"
    token = unquote(link.split("token=")[1])
    browser.submit("/account/email/confirm", token=token)
    user.refresh_from_db()
    assert user.email == new
    assert vip.sync(user) == "synced"
    user.refresh_from_db()
    assert user.email == new
    browser.open("/account")
    browser.submit("/account/undo/email")
    user.refresh_from_db()
    assert user.email == old


def test_a_mailed_link_works_once_for_its_owner_and_for_a_day(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    user = new_member(browser, nabzclan)
    new = f"once-{user.nabzclan_id}@example.com"
    browser.open("/account")
    browser.submit("/account/email", email=new)
    token = unquote(mailed_link(new).split("token=")[1])
    stranger = Browser(browser.server)
    other = new_member(stranger, nabzclan)
    stranger.open("/account")
    assert stranger.submit("/account/email/confirm", token=token).status_code == 400
    other.refresh_from_db()
    assert other.email != new
    browser.submit("/account/email/confirm", token=token)
    browser.open("/account")
    assert browser.submit("/account/email/confirm", token=token).status_code == 400
    with patch(
        "time.time", return_value=timezone.now().timestamp() - timedelta(hours=25).total_seconds()
    ):
        old = signing.dumps(
            {"user": str(user.pk), "to": "late@example.com", "from": new},
            salt="accounts.corrections.email",
        )
    browser.open("/account")
    assert browser.submit("/account/email/confirm", token=old).status_code == 400
    for wrong in ("", "garbage", token[:-1]):
        browser.open("/account")
        assert browser.submit("/account/email/confirm", token=wrong).status_code == 400


def test_a_name_that_somebody_else_has_is_refused(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    user = new_member(browser, nabzclan)
    taken = new_member(Browser(browser.server), nabzclan).username
    browser.open("/account")
    page = browser.submit("/account/username", username=taken)
    assert page.status_code == 400
    assert "Somebody else has this name here." in page.text
    assert User.objects.get(pk=user.pk).username == user.username


@pytest.mark.parametrize("bad", ["", " ", "x" * 151, "a\x07b"])
def test_a_bad_name_is_a_field_error(browser: Browser, nabzclan: NabzClanProcess, bad: str) -> None:
    new_member(browser, nabzclan)
    browser.open("/account")
    assert browser.submit("/account/username", username=bad).status_code == 400


@pytest.mark.parametrize("bad", ["", "nobody", "a@b", "a@example.com\nBcc: x@example.com"])
def test_a_bad_address_gets_no_mail(browser: Browser, nabzclan: NabzClanProcess, bad: str) -> None:
    new_member(browser, nabzclan)
    before = set(MAIL.iterdir()) if MAIL.exists() else set()
    browser.open("/account")
    assert browser.submit("/account/email", email=bad).status_code == 400
    after = set(MAIL.iterdir()) if MAIL.exists() else set()
    assert after == before


def test_too_many_mails_are_stopped(browser: Browser, nabzclan: NabzClanProcess) -> None:
    new_member(browser, nabzclan)
    browser.open("/account")
    statuses = []
    for number in range(8):
        page = browser.submit("/account/email", email=f"a{number}@example.com")
        statuses.append(page.status_code)
        browser.open("/account")
    assert statuses[:6] == [200] * 6
    assert statuses[6:] == [429, 429]


def test_choices_of_mail_are_kept_and_news_is_off_at_first(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    user = new_member(browser, nabzclan)
    assert (user.mail_low_balance, user.mail_receipts, user.mail_news) == (True, True, False)
    browser.open("/account")
    page = browser.submit("/account/mail", mail_news="on")
    assert urlsplit(page.url).path == "/account"
    user.refresh_from_db()
    assert (user.mail_low_balance, user.mail_receipts, user.mail_news) == (False, False, True)


def test_unknown_fields_cannot_be_undone(browser: Browser, nabzclan: NabzClanProcess) -> None:
    new_member(browser, nabzclan)
    browser.open("/account")
    assert browser.submit("/account/undo/vip").status_code == 404


def test_a_used_link_is_void_although_its_correction_was_undone(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    user = new_member(browser, nabzclan)
    old, new = user.email, f"twice-{user.nabzclan_id}@example.com"
    browser.open("/account")
    browser.submit("/account/email", email=new)
    token = unquote(mailed_link(new).split("token=")[1])
    browser.open("/account")
    browser.submit("/account/email/confirm", token=token)
    browser.submit("/account/undo/email")
    assert browser.submit("/account/email/confirm", token=token).status_code == 400
    user.refresh_from_db()
    assert user.email == old


@pytest.mark.parametrize("change", [str.upper, str.title, lambda name: name.replace("p", "ｐ")])
def test_a_name_like_anothers_is_taken(
    browser: Browser, nabzclan: NabzClanProcess, change: Callable[[str], str]
) -> None:
    other = User.objects.create_customer(
        nabzclan_id=f"other-{uuid.uuid4().hex}", username=f"person-{uuid.uuid4().hex}", email=""
    )
    new_member(browser, nabzclan)
    browser.open("/account")
    page = browser.submit("/account/username", username=change(other.username))
    assert "Somebody else has this name here." in page.text


@pytest.mark.parametrize("blank", ["\u2800", "\u3164", "---", "\u00a0"])
def test_a_name_that_cannot_be_seen_is_refused(
    browser: Browser, nabzclan: NabzClanProcess, blank: str
) -> None:
    new_member(browser, nabzclan)
    browser.open("/account")
    assert browser.submit("/account/username", username=blank).status_code == 400


def test_mail_that_does_not_go_out_is_said_beside_the_field(
    database: None, monkeypatch: pytest.MonkeyPatch, customer: Customer
) -> None:
    def refuse(*_: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(mail, "send_mail", refuse)
    client = Client()
    customer.user.nabzclan_id = None
    customer.user.save(update_fields=["nabzclan_id"])
    client.force_login(customer.user)
    page = client.post("/account/email", {"email": "new@example.com"})
    assert page.status_code == 503
    assert "Our mail does not go out right now." in page.content.decode()


def test_who_is_not_of_nabzclan_has_nothing_to_undo(database: None) -> None:
    client = staff_client(["support"])
    for field in ("email", "username", "avatar"):
        assert client.post(f"/account/undo/{field}").status_code == 302
