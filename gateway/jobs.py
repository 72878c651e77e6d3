"""The timetable's jobs: when each last ran, how that ended, and which are late (UTC).

A row a job, written when it begins and when it ends. What is kept of a failure is the name of
the exception: its words may quote what somebody sent.
"""

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from celery import current_app, signals, states
from celery.schedules import crontab
from django.conf import settings
from django.db import DatabaseError, connections, transaction
from django.utils import timezone

from gateway.models import JobRun

log = logging.getLogger("lumyx.gateway")

HEARTBEAT = "billing.tasks.sweep_holds"
"""A job of each minute that nobody but beat sends: where it begins, beat and a worker live."""
LATE = timedelta(minutes=5)
"""How long after its time a job may begin: workers are busy at times."""
LONGEST = timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT) + timedelta(minutes=1)
"""After which a run that has not ended was cut off."""
SECOND_MS = 1_000
CRONTAB = re.compile(r"crontab: (\S+ \S+)")

_begun: dict[str, tuple[datetime, float]] = {}
"""When the runs of this process began: by the clock, and in monotonic seconds."""


@dataclass(frozen=True)
class Job:
    """An entry of the timetable, and its last run."""

    name: str
    task: str
    schedule: Any
    run: JobRun | None
    now: datetime

    @property
    def every(self) -> str:
        """Return the schedule in words."""
        return in_words(self.schedule)

    @property
    def due_at(self) -> datetime:
        """Return when it is to begin next: in the past where it has not."""
        since = (self.run.begun_at or self.run.known_since) if self.run else self.now
        return _due_after(self.schedule, since)

    @property
    def overdue(self) -> bool:
        """Whether it should have begun and has not."""
        return self.now - self.due_at > LATE

    @property
    def running(self) -> bool:
        """Whether its last run has not ended."""
        if self.run is None or self.run.begun_at is None:
            return False
        return self.run.ended_at is None or self.run.ended_at < self.run.begun_at

    @property
    def took(self) -> str:
        """Return how long the last run took, in ms or seconds."""
        ms = self.run.duration_ms if self.run else None
        if ms is None:
            return "–"
        return f"{ms} ms" if ms < SECOND_MS else f"{ms / SECOND_MS:.1f} s"

    @property
    def state(self) -> tuple[str, str]:
        """Return how it stands in a few words, and the mood of that."""
        run = self.run
        if self.overdue:
            return "Overdue", "bad"
        if run is None or run.begun_at is None:
            return "Has not run yet", ""
        if self.running:
            cut_off = self.now - run.begun_at > LONGEST
            return ("Was cut off", "bad") if cut_off else ("Runs now", "good")
        return (f"Failed: {run.problem}", "bad") if run.problem else ("OK", "good")


def every(*, now: datetime | None = None) -> list[Job]:
    """Return all of the timetable, by name."""
    moment = now or timezone.now()
    runs = JobRun.objects.in_bulk()
    return [
        Job(name, entry["task"], entry["schedule"], runs.get(entry["task"]), moment)
        for name, entry in sorted(_timetable().items())
    ]


def overdue(*, now: datetime | None = None) -> list[Job]:
    """Return the jobs that should have begun and have not."""
    return [job for job in every(now=now) if job.overdue]


def troubled(*, now: datetime | None = None) -> list[Job]:
    """Return the jobs that are late, failed the last time, or were cut off."""
    return [job for job in every(now=now) if job.state[1] == "bad"]


@contextmanager
def claim(task: str, schedule: Any) -> Iterator[bool]:
    """Give True to the first of all beats that is to send a job this time.

    The others wait for it; where the block raises, one of them is to send it.
    """
    JobRun.objects.bulk_create([JobRun(task=task)], ignore_conflicts=True)
    with transaction.atomic():
        run = JobRun.objects.select_for_update().get(pk=task)
        now = timezone.now()
        mine = run.sent_at is None or _due_after(schedule, run.sent_at) <= now
        yield mine
        if mine:
            JobRun.objects.filter(pk=task).update(sent_at=now)


def heartbeat() -> datetime | None:
    """Return when beat and a worker were last seen to live, or None where they never were."""
    return JobRun.objects.filter(pk=HEARTBEAT).values_list("begun_at", flat=True).first()


def in_words(schedule: Any) -> str:
    """Return a schedule as people say it."""
    if not isinstance(schedule, crontab):
        return str(schedule)
    minute, hour, *_ = CRONTAB.findall(repr(schedule))[0].split()
    if hour.isdecimal() and minute.isdecimal():
        return f"Daily at {int(hour):02}:{int(minute):02}"
    if hour == "*" and minute.isdecimal():
        return f"Hourly at :{int(minute):02}"
    if (hour, minute) == ("*", "*"):
        return "Every minute"
    return f"Every {minute[2:]} minutes" if minute.startswith("*/") else f"At {hour}:{minute}"


def listen() -> None:
    """Note every run from now on."""
    signals.beat_init.connect(_expect, dispatch_uid="jobs: expect")
    signals.task_prerun.connect(_begins, dispatch_uid="jobs: begin")
    signals.task_postrun.connect(_ended, dispatch_uid="jobs: end")


def expect() -> None:
    """Have each job of the timetable count as late from now on, if it does not run."""
    rows = [JobRun(task=entry["task"]) for entry in _timetable().values()]
    JobRun.objects.bulk_create(rows, ignore_conflicts=True)
    JobRun.objects.exclude(pk__in=[row.pk for row in rows]).delete()


def _expect(**_: Any) -> None:
    try:
        expect()
    except DatabaseError as error:
        log.warning("jobs could not be noted: %s", type(error).__name__)
    finally:
        connections.close_all()


def _begins(task_id: str, task: Any, **_: Any) -> None:
    if not _is_timed(task):
        return
    now = timezone.now()
    _begun[task_id] = now, time.monotonic()
    _write(JobRun(task=task.name, begun_at=now), "begun_at")


def _ended(task_id: str, task: Any, retval: object, state: str, **_: Any) -> None:
    if task_id not in _begun:
        return
    begun_at, begun = _begun.pop(task_id)
    run = JobRun(
        task=task.name,
        begun_at=begun_at,
        ended_at=timezone.now(),
        duration_ms=int((time.monotonic() - begun) * SECOND_MS),
        problem=type(retval).__name__[:60] if state == states.FAILURE else "",
    )
    fields = ["begun_at", "ended_at", "duration_ms", "problem"]
    if not run.problem:
        run.succeeded_at = run.ended_at
        fields.append("succeeded_at")
    _write(run, *fields)


def _write(run: JobRun, *fields: str) -> None:
    try:
        JobRun.objects.bulk_create(
            [run], update_conflicts=True, unique_fields=["task"], update_fields=fields
        )
    except DatabaseError as error:
        # A job is not kept from its work for that.
        log.warning("a run of %s was not noted: %s", run.task, type(error).__name__)


def _is_timed(task: Any) -> bool:
    return any(entry["task"] == task.name for entry in _timetable().values())


def _due_after(schedule: Any, moment: datetime) -> datetime:
    last, left, _ = schedule.remaining_delta(moment)
    due: datetime = last + left
    return due


def _timetable() -> dict[str, Any]:
    timetable: dict[str, Any] = current_app.conf.beat_schedule
    return timetable
