"""The retention sweep runs by crontab and drops what is too old."""

from datetime import date

from celery.schedules import crontab

from gateway import partitions
from lumyx.celery import app
from privacy.tasks import sweep_retention


def test_every_periodic_job_is_a_crontab_and_its_task_exists() -> None:
    app.loader.import_default_modules()
    assert app.conf.beat_schedule
    for entry in app.conf.beat_schedule.values():
        assert isinstance(entry["schedule"], crontab)
        assert entry["task"] in app.tasks


def test_the_sweep_runs_hourly() -> None:
    entry = app.conf.beat_schedule["drop what is too old"]
    assert entry["task"] == "privacy.tasks.sweep_retention"
    assert entry["schedule"].hour == set(range(24))


def test_the_sweep_drops_days_that_are_too_old_and_no_other() -> None:
    partitions.make(first=date(2020, 6, 1), days=3)
    kept = [day for day in partitions.days_kept() if day >= partitions.today()]
    assert sweep_retention()["request log days"] >= 3
    assert [day for day in partitions.days_kept() if day.year == 2020] == []
    assert [day for day in partitions.days_kept() if day >= partitions.today()] == kept
