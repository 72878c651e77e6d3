"""Each run of a periodic job is noted, and those that are late or fail are told apart."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery.schedules import crontab
from django.db import DatabaseError
from django.db.models import QuerySet
from django.utils import timezone

from billing import ledger
from billing.tasks import handle_event, sweep_holds
from gateway import jobs
from gateway.models import JobRun
from lumyx.celery import app
from privacy.tasks import alarm_reviews

TASK = sweep_holds.name


@pytest.fixture(autouse=True)
def no_runs(database: None) -> None:
    JobRun.objects.all().delete()


def job(task: str = TASK, now: datetime | None = None) -> jobs.Job:
    [found] = [one for one in jobs.every(now=now) if one.task == task]
    return found


def test_a_run_is_noted_with_its_begin_its_end_and_how_it_ended() -> None:
    before = timezone.now()
    assert jobs.heartbeat() is None
    sweep_holds.apply()
    run = JobRun.objects.get(pk=TASK)
    assert run.begun_at is not None
    assert run.ended_at is not None
    assert run.duration_ms is not None
    assert before <= run.begun_at <= run.ended_at == run.succeeded_at
    assert job().state == ("OK", "good")
    assert jobs.heartbeat() == run.begun_at


def test_a_failure_keeps_the_exceptions_name_and_nothing_it_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sweep_holds.apply()
    succeeded = JobRun.objects.get(pk=TASK).succeeded_at

    def fail() -> int:
        raise LookupError("somebody@example.com")

    monkeypatch.setattr(ledger, "release_expired", fail)
    sweep_holds.apply()
    run = JobRun.objects.get(pk=TASK)
    assert (run.problem, run.succeeded_at) == ("LookupError", succeeded)
    assert "somebody" not in str(JobRun.objects.filter(pk=TASK).values())
    assert job().state == ("Failed: LookupError", "bad")
    assert TASK in {one.task for one in jobs.troubled()}
    monkeypatch.undo()
    sweep_holds.apply()
    assert job().state == ("OK", "good")


def test_a_task_that_is_on_no_timetable_is_not_noted() -> None:
    handle_event.apply(args=("evt_unknown",))
    assert not JobRun.objects.exists()


def test_a_job_runs_until_its_end_and_was_cut_off_where_none_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[tuple[str, str]] = []

    def look() -> int:
        seen.append(job().state)
        return 0

    monkeypatch.setattr(ledger, "release_expired", look)
    sweep_holds.apply()
    assert seen == [("Runs now", "good")]
    now = timezone.now()
    name = alarm_reviews.name
    JobRun.objects.create(task=name, begun_at=now - timedelta(minutes=12))
    late = datetime.combine(now, datetime.min.time(), UTC) + timedelta(hours=6, minutes=50)
    JobRun.objects.filter(pk=name).update(begun_at=late)
    assert job(name, late + timedelta(minutes=10)).state == ("Runs now", "good")
    assert job(name, late + timedelta(minutes=12)).state == ("Was cut off", "bad")


@pytest.mark.parametrize(("minutes", "late"), [(0, False), (5, False), (7, True), (3_000, True)])
def test_a_job_of_each_minute_is_overdue_after_five(minutes: int, late: bool) -> None:
    now = timezone.now()
    JobRun.objects.create(task=TASK, begun_at=now - timedelta(minutes=minutes), ended_at=now)
    assert job(now=now).overdue is late
    assert (TASK in {one.task for one in jobs.overdue(now=now)}) is late


def test_a_job_of_each_day_is_overdue_after_its_own_time() -> None:
    task = "billing.tasks.check_invariants"
    day = datetime(2026, 3, 20, tzinfo=UTC)
    ran = day + timedelta(hours=3, minutes=20, seconds=1)
    JobRun.objects.create(task=task, begun_at=ran, ended_at=ran)
    next_due = day + timedelta(days=1, hours=3, minutes=20)
    assert job(task, day + timedelta(hours=12)).due_at == next_due
    assert not job(task, next_due + timedelta(minutes=5)).overdue
    assert job(task, next_due + timedelta(minutes=6)).state == ("Overdue", "bad")


def test_a_job_that_never_ran_is_overdue_once_beat_expects_it() -> None:
    later = timezone.now() + timedelta(days=2)
    assert jobs.overdue(now=later) == []
    assert job().state == ("Has not run yet", "")
    JobRun.objects.create(task="gone.from.the.timetable")
    jobs.expect()
    jobs.expect()
    assert {run.task for run in JobRun.objects.all()} == {
        entry["task"] for entry in app.conf.beat_schedule.values()
    }
    assert jobs.overdue() == []
    assert len(jobs.overdue(now=later)) == len(app.conf.beat_schedule)


def test_a_job_does_its_work_though_its_run_cannot_be_noted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(*_: object, **__: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(QuerySet, "bulk_create", away)
    assert sweep_holds.apply().successful()


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (crontab(minute="*"), "Every minute"),
        (crontab(minute="*/15"), "Every 15 minutes"),
        (crontab(minute="5"), "Hourly at :05"),
        (crontab(hour="3", minute="20"), "Daily at 03:20"),
        (timedelta(hours=1), "1:00:00"),
    ],
)
def test_schedules_are_said_in_words(schedule: Any, words: str) -> None:
    assert jobs.in_words(schedule) == words


def test_each_task_stands_on_the_timetable_once() -> None:
    tasks = [entry["task"] for entry in app.conf.beat_schedule.values()]
    assert len(tasks) == len(set(tasks)), "a run is known by its task"
    assert jobs.HEARTBEAT in tasks
