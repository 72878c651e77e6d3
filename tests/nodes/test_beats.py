"""Two beats may run: each job is sent once each time, and by the other one where one fails."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis
from celery.schedules import crontab
from django.conf import settings
from django.utils import timezone

from gateway import jobs
from gateway.models import JobRun
from lumyx import beat
from lumyx.celery import app
from tests.processes import Process, wait_until

QUEUE = "celery"
TASK = "billing.tasks.sweep_holds"
EACH_DAY = crontab(hour="3", minute="20")


@pytest.fixture
def broker() -> Iterator["redis.Redis"]:
    """A broker of their own, at which no worker takes what they send."""
    with redis.Redis.from_url(settings.REDIS_URL.rsplit("/", 1)[0] + "/15") as client:
        client.delete(QUEUE)
        yield client
        client.delete(QUEUE)


@pytest.fixture(autouse=True)
def nothing_was_sent(database: None) -> None:
    JobRun.objects.all().delete()


def schedule_of_yesterday(file: Path) -> Path:
    """Write what a beat finds that was away for two days: all jobs are due."""
    kept = beat.Scheduler(app=app, schedule_filename=str(file), lazy=True)
    kept.setup_schedule()
    for entry in kept.schedule.values():
        entry.last_run_at = datetime.now(UTC) - timedelta(days=2)
    kept.close()
    return file


def sent(broker: "redis.Redis") -> Counter[str]:
    messages = broker.lrange(QUEUE, 0, -1)
    assert isinstance(messages, list)
    return Counter(json.loads(message)["headers"]["task"] for message in messages)


def found_all_due(one: Process, count: int) -> None:
    """Wait until a beat has come to each of so many jobs."""
    wait_until(
        lambda: one.text().count("Sending due task") >= count,
        seconds=40,
        what="a beat",
        seen=one.text,
    )


def test_two_beats_send_each_job_once(
    environment: dict[str, str], broker: "redis.Redis", tmp_path: Path
) -> None:
    if (second := datetime.now(UTC).second) > 30:
        time.sleep(61 - second)  # the next minute's jobs would come twice, and rightly
    apart = {**environment, "REDIS_URL": settings.REDIS_URL.rsplit("/", 1)[0] + "/15"}
    with ExitStack() as stack:
        beats = []
        for name in ("one", "other"):
            file = schedule_of_yesterday(tmp_path / name)
            words = f"celery --app lumyx beat --loglevel INFO --pidfile= --schedule={file}"
            beats.append(Process(words.split(), environment=apart))
            stack.callback(beats[-1].stop)
        every = {entry["task"] for entry in app.conf.beat_schedule.values()}
        for one in beats:
            found_all_due(one, len(every))
        time.sleep(0.5)
        assert sent(broker) == Counter(dict.fromkeys(every, 1))
    assert not JobRun.objects.filter(sent_at=None).exists()


def test_a_job_is_sent_once_a_period_however_late_the_second_beat_comes() -> None:
    with jobs.claim(TASK, EACH_DAY) as first:
        assert first
    with jobs.claim(TASK, EACH_DAY) as again:
        assert not again
    JobRun.objects.filter(pk=TASK).update(sent_at=timezone.now() - timedelta(days=1, minutes=1))
    with jobs.claim(TASK, EACH_DAY) as next_day:
        assert next_day


def test_what_could_not_be_sent_is_left_to_another_beat() -> None:
    with pytest.raises(ConnectionError), jobs.claim(TASK, EACH_DAY):
        raise ConnectionError
    with jobs.claim(TASK, EACH_DAY) as other:
        assert other
