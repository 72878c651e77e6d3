"""Everybody is told by mail of a material change, once, at least 14 days ahead."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from smtplib import SMTPServerDisconnected

import pytest
from django.core import mail as outbox
from django.core.mail.backends.locmem import EmailBackend
from django.test import override_settings
from django.utils import timezone

from accounts.models import User
from lumyx.celery import app
from privacy import notices, policies
from privacy.models import Notice
from tests.customers import Customer
from tests.privacy.editions import add_version, copy_of_documents

TODAY = timezone.now().date()
EFFECTIVE = TODAY + timedelta(days=20)


@pytest.fixture
def version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A version that was announced today and takes effect in 20 days."""
    place = copy_of_documents(tmp_path)
    monkeypatch.setattr(policies, "TEXTS", place)
    return add_version(place, effective=EFFECTIVE, announced=TODAY, text="All is new.")


@pytest.fixture
def reader(customer: Customer, version: str, monkeypatch: pytest.MonkeyPatch) -> User:
    """Somebody with an address who wants no news; others of these tests have been told."""
    user = customer.user
    User.objects.filter(pk=user.pk).update(email=f"{user.username}@example.com", mail_news=False)
    user.refresh_from_db()
    monkeypatch.setattr(outbox, "outbox", [], raising=False)
    waiting = notices.waiting
    monkeypatch.setattr(
        notices, "waiting", lambda policy, now=None: waiting(policy, now=now).filter(pk=user.pk)
    )
    return user


def sent(user: User) -> list[outbox.EmailMessage]:
    return [message for message in outbox.outbox if message.to == [user.email]]


def at(days: int) -> datetime:
    """Return noon (UTC) so many days before it takes effect."""
    return datetime(EFFECTIVE.year, EFFECTIVE.month, EFFECTIVE.day, 12, tzinfo=UTC) - timedelta(
        days=days
    )


@pytest.fixture(autouse=True)
def mailed_to_memory() -> object:
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        yield


def test_whoever_has_an_address_is_told_once(reader: User, version: str) -> None:
    assert notices.send() == 1
    assert notices.send() == 0
    [message] = sent(reader)
    assert "A new privacy policy takes effect" in message.subject
    assert f"/privacy/versions/{version}" in message.body
    assert "- We now say it more clearly." in message.body
    assert Notice.objects.get(user=reader).mailed_at is not None


def test_nobody_is_told_of_it_once_it_is_in_effect(reader: User) -> None:
    assert notices.send(now=at(0)) == 0
    assert sent(reader) == []


def test_who_has_no_address_is_no_obstacle(reader: User) -> None:
    User.objects.filter(pk=reader.pk).update(email="")
    assert notices.send() == 0
    assert not Notice.objects.filter(user=reader).exists()
    assert notices.late(now=at(10)) == 0


def test_mail_that_cannot_be_sent_is_tried_again(
    reader: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: EmailBackend, messages: object) -> int:
        raise SMTPServerDisconnected

    with monkeypatch.context() as away:
        away.setattr(EmailBackend, "send_messages", refuse)
        assert notices.send() == 0
    assert notices.send() == 1
    assert len(sent(reader)) == 1


def test_a_worker_that_died_is_followed_by_another(reader: User, version: str) -> None:
    Notice.objects.create(user=reader, kind="privacy", version=version)
    assert notices.send() == 0, "it may still be sending"
    assert notices.send(now=timezone.now() + notices.SILENT + timedelta(seconds=1)) == 1
    assert len(sent(reader)) == 1


def test_who_was_not_reached_14_days_ahead_is_counted(reader: User) -> None:
    User.objects.filter(pk=reader.pk).update(created_at=at(300))
    assert notices.late(now=at(15)) == 0
    assert notices.late(now=at(14)) == 1
    notices.send()
    assert notices.late(now=at(14)) == 0


def test_beat_sends_them_every_minute() -> None:
    tasks = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert "privacy.tasks.send_notices" in tasks
