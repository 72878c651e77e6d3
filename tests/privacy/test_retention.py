"""The retention sweep runs by crontab and drops what is too old."""

import time
from datetime import date

from celery.schedules import crontab

from billing import ledger
from billing.ledger import Closing, HoldRequest
from billing.models import Hold, HoldState
from gateway import partitions
from lumyx.celery import app
from privacy.tasks import sweep_retention
from tests.customers import Customer


def test_every_periodic_job_is_a_crontab_and_its_task_exists() -> None:
    app.loader.import_default_modules()
    assert app.conf.beat_schedule
    for entry in app.conf.beat_schedule.values():
        assert isinstance(entry["schedule"], crontab)
        assert entry["task"] in app.tasks


def test_closed_holds_go_with_the_log_and_the_ledger_stays(customer: Customer) -> None:
    old = f"{int((time.time() - 29.5 * 86_400) * 1_000):012x}" + "7" + "0" * 19
    young = f"{int((time.time() - 28.5 * 86_400) * 1_000):012x}" + "7" + "0" * 19
    asked = [HoldRequest(customer.account.id, name, 10, 10, name) for name in (old, young)]
    holds = [hold for hold in ledger.authorize_now(asked) if hold]
    sweep_retention()
    assert customer.holds_open() == 2, "an open hold is money, however old"
    ledger.close_now([Closing(hold, 4, HoldState.SETTLED, None) for hold in holds])
    assert sweep_retention()["closed holds"] >= 1
    assert [h.id.hex for h in Hold.objects.filter(account=customer.account)] == [young]
    assert customer.spent() == [4, 4]


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
