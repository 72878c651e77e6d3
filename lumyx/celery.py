"""Celery: the worker's app and the timetable that beat follows (UTC)."""

import logging
import os
from typing import Any

from celery import Celery, signals
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lumyx.settings")

app = Celery("lumyx")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_scheduler = "lumyx.beat:Scheduler"


@signals.setup_logging.connect
def keep_logging(loglevel: int = logging.WARNING, **_: Any) -> None:
    """Have Celery leave logging as the settings have it, but for how much it says itself."""
    logging.getLogger("celery").setLevel(loglevel)


# Always a crontab, never an interval: an interval of a day in a process that restarts
# every day never fires.
app.conf.beat_schedule = {
    "release expired holds": {
        "task": "billing.tasks.sweep_holds",
        "schedule": crontab(minute="*"),
    },
    "check the ledger's invariants": {
        "task": "billing.tasks.check_invariants",
        "schedule": crontab(hour="3", minute="20"),
    },
    "handle Stripe's events": {
        "task": "billing.tasks.handle_events",
        "schedule": crontab(minute="*"),
    },
    "catch up with Stripe": {
        "task": "billing.tasks.catch_up",
        "schedule": crontab(minute="*/15"),
    },
    "look after purchases": {
        "task": "billing.tasks.check_orders",
        "schedule": crontab(minute="*"),
    },
    "top up": {
        "task": "billing.tasks.top_up_all",
        "schedule": crontab(minute="*"),
    },
    "mail about money": {
        "task": "billing.tasks.send_mails",
        "schedule": crontab(minute="*"),
    },
    "reconcile with Stripe": {
        "task": "billing.tasks.reconcile",
        "schedule": crontab(hour="4", minute="10"),
    },
    "make request log partitions": {
        "task": "gateway.tasks.make_partitions",
        "schedule": crontab(minute="5"),
    },
    "probe providers": {
        "task": "gateway.tasks.probe_providers",
        "schedule": crontab(minute="*/2"),
    },
    "see whether we are up": {
        "task": "gateway.tasks.measure_uptime",
        "schedule": crontab(minute="*"),
        # One that waited for longer would be taken for the next minute's.
        "options": {"expires": 50},
    },
    "add up what was used by day": {
        "task": "gateway.tasks.add_up_days",
        "schedule": crontab(hour="2", minute="15"),
    },
    "add up what was used by hour": {
        "task": "gateway.tasks.add_up_hours",
        "schedule": crontab(minute="*"),
        # The next minute's adds up the same.
        "options": {"expires": 50},
    },
    "ask NabzClan who is a VIP": {
        "task": "accounts.tasks.sync_vip",
        "schedule": crontab(minute="*"),
    },
    "tell of documents that will change": {
        "task": "privacy.tasks.send_notices",
        "schedule": crontab(minute="*"),
    },
    "see that no request waits too long": {
        "task": "privacy.tasks.alarm_requests",
        "schedule": crontab(minute="25"),
    },
    "tend deletions": {
        "task": "privacy.tasks.tend_erasures",
        "schedule": crontab(minute="*"),
    },
    "see that security is reviewed": {
        "task": "privacy.tasks.alarm_reviews",
        "schedule": crontab(hour="6", minute="50"),
    },
    "tell people of disclosures": {
        "task": "privacy.tasks.tell_of_disclosures",
        "schedule": crontab(minute="45"),
    },
    "tend exports": {
        "task": "privacy.tasks.tend_exports",
        "schedule": crontab(minute="*"),
    },
    "tend accounts that nobody uses": {
        "task": "privacy.tasks.tend_unused_accounts",
        "schedule": crontab(hour="9", minute="30"),
    },
    "see that the promises are kept": {
        "task": "privacy.tasks.check_conformance",
        "schedule": crontab(minute="50"),
    },
    "let a made-up customer use every right": {
        "task": "privacy.tasks.run_canary",
        "schedule": crontab(minute="*/5"),
    },
    "drop what is too old": {
        "task": "privacy.tasks.sweep_retention",
        "schedule": crontab(minute="35"),
    },
}
