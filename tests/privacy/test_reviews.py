"""Security is reviewed every 92 days: a register that only grows, a clock, and an alarm."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from lumyx import demo
from lumyx.celery import app
from privacy import reviews
from privacy.models import SecurityReview
from tests.staff import make_staff, staff_client

ADD = reverse("admin:privacy_securityreview_add")
LIST = reverse("admin:privacy_securityreview_changelist")
HELD = date(2026, 3, 1)
SAID = {"scope": "All doors", "findings": "One stood open", "actions": "It was closed"}


@pytest.fixture(autouse=True)
def register(database: None) -> Iterator[None]:
    """Nobody else's reviews, and no memory of an alarm."""
    SecurityReview.objects.all().delete()
    cache.delete(f"security-review-asked-for-{on(0).date()}")
    mail.outbox = []
    yield
    SecurityReview.objects.all().delete()


def on(days: int, hour: int = 12) -> datetime:
    """Return an hour of the day so many days after the review."""
    return datetime(HELD.year, HELD.month, HELD.day, hour, tzinfo=UTC) + timedelta(days=days)


def held() -> SecurityReview:
    return reviews.enter(held_on=HELD, **SAID, by=None, now=on(0))


def test_after_91_days_all_is_well_and_after_92_it_is_overdue() -> None:
    held()
    assert not reviews.overdue(on(91, hour=23))
    assert reviews.overdue(on(92, hour=0))
    assert reviews.overdue_on() == HELD + timedelta(days=92)


def test_without_any_review_it_is_overdue() -> None:
    assert reviews.latest() is None
    assert reviews.overdue()
    assert reviews.overdue_on() is None


def test_the_latest_is_the_one_held_last_and_not_the_one_entered_last() -> None:
    newer = held()
    reviews.enter(held_on=HELD - timedelta(days=100), **SAID, by=None, now=on(1))
    assert reviews.latest() == newer
    assert not reviews.overdue(on(91))


def test_it_is_asked_for_14_days_ahead_once(caplog: pytest.LogCaptureFixture) -> None:
    held()
    assert not reviews.alarm(now=on(77))
    assert reviews.alarm(now=on(78))
    assert not reviews.alarm(now=on(78, hour=13))
    assert not reviews.alarm(now=on(91))
    [sent] = mail.outbox
    assert sent.to == [settings.PRIVACY_CONTACT]
    assert "01 June 2026" in sent.body
    assert [line for line in caplog.messages if line.startswith("alarm:")] == [
        "alarm: the next security review is due before 2026-06-01"
    ]


def test_a_day_that_was_missed_is_made_up_for() -> None:
    held()
    assert reviews.alarm(now=on(85))


def test_while_it_is_overdue_the_alarm_is_raised_once_a_day(
    caplog: pytest.LogCaptureFixture,
) -> None:
    held()
    raised = [reviews.alarm(now=on(day, hour)) for day in (92, 93) for hour in (6, 18)]
    assert raised == [True, False, True, False]
    assert [one.subject for one in mail.outbox] == ["The security review is overdue"] * 2
    assert sum(line.startswith("alarm:") for line in caplog.messages) == 2
    reviews.enter(held_on=on(93).date(), **SAID, by=None, now=on(93))
    assert not reviews.alarm(now=on(94))


def test_without_any_review_the_alarm_is_raised_once_a_day_too() -> None:
    assert reviews.alarm(now=on(0))
    assert not reviews.alarm(now=on(0, hour=18))


def test_mail_that_does_not_go_out_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
    monkeypatch.setattr(settings, "EMAIL_HOST", "127.0.0.1")
    monkeypatch.setattr(settings, "EMAIL_PORT", 1)
    held()
    assert reviews.alarm(now=on(92))


def test_beat_looks_every_day() -> None:
    entry = app.conf.beat_schedule["see that security is reviewed"]
    assert entry["task"] == "privacy.tasks.alarm_reviews"
    assert (entry["schedule"].hour, entry["schedule"].minute) == ({6}, {50})


@pytest.mark.parametrize("role", ["operator", "privacy officer"])
def test_operators_and_privacy_officers_add_reviews_which_stay(role: str) -> None:
    client = staff_client([role])
    said = {**SAID, "held_on": str(timezone.now().date())}
    assert client.post(ADD, said).status_code == 302
    row = SecurityReview.objects.get()
    assert row.by == User.objects.get(pk=client.session["_auth_user_id"])
    assert "All doors" in client.get(LIST).content.decode()
    page = reverse("admin:privacy_securityreview_change", args=[row.pk])
    assert "One stood open" in client.get(page).content.decode()
    for who in (client, staff_client(superuser=True)):
        assert who.post(page, {**said, "findings": "None"}).status_code == 403
        delete = reverse("admin:privacy_securityreview_delete", args=[row.pk])
        assert who.post(delete, {"post": "yes"}).status_code == 403
    row.refresh_from_db()
    assert row.findings == "One stood open"


@pytest.mark.parametrize("role", ["support", "finance"])
def test_nobody_else_sees_or_adds_them(role: str) -> None:
    client = staff_client([role])
    assert client.get(LIST).status_code == client.get(ADD).status_code == 403
    assert client.post(ADD, {**SAID, "held_on": "2026-01-01"}).status_code == 403


@pytest.mark.parametrize(
    "change",
    [
        {"held_on": "2999-01-01"},
        {"held_on": ""},
        {"scope": " "},
        {"findings": ""},
        {"scope": "x" * 10_001},
    ],
    ids=lambda change: str(change)[:30],
)
def test_what_is_no_review_is_refused(change: dict[str, str]) -> None:
    client: Client = staff_client(["operator"])
    said = {**SAID, "held_on": "2026-01-01", **change}
    assert client.post(ADD, said).status_code == 200
    assert not SecurityReview.objects.exists()


def test_a_review_cannot_be_held_tomorrow() -> None:
    with pytest.raises(ValidationError):
        reviews.enter(held_on=HELD + timedelta(days=1), **SAID, by=None, now=on(0))


PAGE = Path(__file__).parents[2] / "docs" / "security-review.md"
SHOWN_BY = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def test_the_written_review_is_entered_once_by_who_answers_for_it() -> None:
    by, _ = make_staff("operator")
    for _ in range(2):
        call_command("enter_review", str(PAGE), by=by.username)
    row = SecurityReview.objects.get()
    assert row.by == by
    assert f"Held on {row.held_on}." in PAGE.read_text()
    assert "Header smuggling" in row.scope
    assert row.findings.startswith("- ")
    assert row.actions.startswith("- ")


def test_a_review_without_a_part_or_a_name_is_refused(tmp_path: Path) -> None:
    by, _ = make_staff("operator")
    page = tmp_path / "page.md"
    page.write_text(PAGE.read_text().replace("## Findings", "## Else"))
    with pytest.raises(CommandError, match="findings"):
        call_command("enter_review", str(page), by=by.username)
    with pytest.raises(CommandError, match="member of staff"):
        call_command("enter_review", str(PAGE), by="nobody")
    assert not SecurityReview.objects.exists()


def test_every_test_that_the_written_review_names_is_there() -> None:
    named = SHOWN_BY.findall(PAGE.read_text())
    assert len(named) > 20
    for file, test in named:
        text = (PAGE.parents[1] / file).read_text()
        assert f"def {test or 'test_'}" in text, (file, test)


def test_the_demo_begins_the_clock_and_calls_it_no_review() -> None:
    demo.load()
    row = SecurityReview.objects.get()
    assert not reviews.overdue()
    assert "no review was held" in row.scope
    demo.load()
    assert SecurityReview.objects.get() == row
