"""A customer is made up each day, uses every right, and leaves nothing but how long it took."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from accounts import corrections, states
from accounts.models import User
from billing.models import Books, LedgerEntry
from lumyx.celery import app
from privacy import canary
from privacy.models import CanaryRun, DataRequest, Erasure
from tests.processes import Server, forget_queue


@pytest.fixture(autouse=True)
def at_this_server(server: Server, exports_directory: Path) -> Iterator[None]:
    forget_queue()
    with override_settings(PUBLIC_URL=server.url, CANARY_MODEL="echo"):
        yield
    # What was found here is nothing that other tests should meet on the page.
    CanaryRun.objects.all().delete()


def left() -> list[object]:
    """Return whatever of made-up customers is there."""
    return [
        *User.objects.filter(nabzclan_id__startswith=canary.PREFIX),
        *LedgerEntry.objects.filter(reference__startswith="canary "),
        *Erasure.objects.filter(why="canary"),
    ]


def test_it_goes_through_everything_and_leaves_nothing() -> None:
    requests, books = DataRequest.objects.count(), Books.objects.count()
    row = canary.run()
    assert row.passed, (row.said, row.steps)
    assert [step["name"] for step in row.steps] == ["created", *canary.STEPS]
    assert all(step["passed"] and step["ms"] >= 0 for step in row.steps)
    assert left() == []
    assert (DataRequest.objects.count(), Books.objects.count()) == (requests, books)


def test_the_measured_times_are_on_the_public_page() -> None:
    row = canary.run()
    page = Client().get("/privacy/conformance").content.decode()
    assert "Made-up customer" in page
    for step in row.steps:
        assert step["name"] in page
    told = Client().get("/privacy/conformance.json").json()["canary"]
    assert told["passed"]
    assert [step["name"] for step in told["steps"]] == ["created", *canary.STEPS]


def test_a_correction_that_does_not_stay_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corrections, "correct_username", lambda user, name: None)
    row = canary.run()
    assert not row.passed
    assert "undid their correction" in row.said
    assert row.steps[-1]["name"] == "corrected"
    assert left() == []


def test_a_key_that_goes_on_working_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(states, "begin_closing", lambda user: None)
        broken.setattr(canary, "REFUSED_WITHIN", 0.3)
        row = canary.run()
    assert not row.passed
    assert "their key went on working" in row.said
    assert left() == []


def test_a_call_that_is_not_answered_is_found() -> None:
    with override_settings(CANARY_MODEL="echo-fail-500"):
        row = canary.run()
    assert not row.passed
    assert "answered with" in row.said
    assert left() == []


def test_where_no_model_is_set_none_is_called_and_that_is_said() -> None:
    with override_settings(CANARY_MODEL="", STANDINS=False):
        row = canary.run()
    assert row.passed, row.said
    assert "No model is set" in row.said
    assert not {step["name"] for step in row.steps} & canary.CALLING


def test_what_a_killed_run_left_is_removed_by_the_next() -> None:
    canary.create()
    assert left()
    canary.clean_up()
    assert left() == []


def test_it_is_due_a_day_after_a_good_run_and_an_hour_after_a_bad_one() -> None:
    CanaryRun.objects.all().delete()
    assert canary.due()
    now = timezone.now()
    for passed, pause in ((True, timedelta(days=1)), (False, timedelta(hours=1))):
        CanaryRun.objects.create(ran_at=now, passed=passed)
        assert not canary.due(now=now + pause - timedelta(seconds=1))
        assert canary.due(now=now + pause)
        CanaryRun.objects.all().delete()
    entry = app.conf.beat_schedule["let a made-up customer use every right"]
    assert entry["task"] == "privacy.tasks.run_canary"
