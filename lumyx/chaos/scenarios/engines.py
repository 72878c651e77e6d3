"""PostgreSQL and Redis go away under load, and come back."""

import signal
import time

import redis
from django.conf import settings

from billing import ledger
from billing.holds import HoldRequest
from billing.models import Hold, HoldState
from gateway import ids
from lumyx.celery import app
from lumyx.chaos import books
from lumyx.chaos.calls import Answer, Kind, call_all, load, statuses
from lumyx.chaos.charges import expect_charges
from lumyx.chaos.plant import Plant, wait_for
from lumyx.chaos.scenario import Scenario, Seen

KINDS = [Kind("whole", stream=False), Kind("stream"), Kind("paced")]
SHORT, LONG = 1, 20
"""Seconds for which PostgreSQL is away: calls wait for it up to 15, and are refused then."""
BACK_SECONDS = 10
RESUMED_SECONDS = 60


def restart_postgresql(plant: Plant, times: int) -> Seen:
    """Restart PostgreSQL under load, in turn as in a crash and properly."""
    seen = Seen()
    who = [books.newcomer() for _ in range(4)]
    keys = [key for customer in who for key in books.more_keys(customer, 4)]
    backs = []
    with load([node.api for node in plant.nodes], keys, KINDS, every=0.25) as calling:
        for number in range(times):
            time.sleep(1)
            stopped = time.monotonic()
            plant.postgresql.stop(None if number % 2 else signal.SIGQUIT)
            time.sleep(LONG if number % 3 == 2 else SHORT)
            plant.postgresql.start_again()
            there = time.monotonic()
            wait_for(
                lambda: _good_since(calling.answers, there) >= 20,  # noqa: B023
                seconds=BACK_SECONDS + 20,
                what="answers after the restart",
            )
            failed = [a.ended for a in calling.answers if a.began > stopped and a.status != 200]
            backs.append(max([*failed, there]) - there)
    books.wait_until_there()
    refused = [a for a in calling.answers if a.status == 503]
    whole = sum(a.whole for a in calling.answers)
    seen.words = (
        f"{statuses(calling.answers)}; calls were answered again {max(backs):.1f} s after it was"
        " back"
    )
    seen.expect(max(backs) < BACK_SECONDS, f"back only {max(backs):.1f} s after PostgreSQL was")
    seen.expect(bool(refused) or times < 3, "nothing was refused while it was away for long")
    seen.expect(all(a.retry_after for a in refused), "a 503 had no Retry-After")
    others = {a.status for a in calling.answers} - {200, 503}
    seen.expect(not others, f"other statuses than 200 and 503: {sorted(others)}")
    cut = sum(a.cut or (a.status == 200 and not a.whole) for a in calling.answers)
    seen.expect(not cut, f"{cut} answers that had begun were broken off")
    expect_charges(seen, who, whole)
    return seen


def _good_since(answers: list[Answer], moment: float) -> int:
    return sum(answer.began > moment and answer.whole for answer in answers)


def restart_redis(plant: Plant, times: int) -> Seen:
    """Flush Redis and restart it under load; the worker goes on, and each process limits alone."""
    seen = Seen()
    who = [books.newcomer() for _ in range(4)]
    keys = [key for customer in who for key in books.more_keys(customer, 4)]
    passed, resumed = [], []
    with plant.worker(), load([n.api for n in plant.nodes], keys, KINDS, pause=0.05) as calling:
        _worker_works(who[0])
        for _ in range(times):
            with redis.Redis.from_url(settings.REDIS_URL) as client:
                client.flushall()
            plant.valkey.stop()
            passed.append(_passed_alone(plant))
            plant.valkey.start_again()
            resumed.append(_worker_works(who[0]))
    seen.words = (
        f"{statuses(calling.answers)}; the worker worked again after {max(resumed):.1f} s; of"
        f" {TRIES} calls with 3 a minute {min(passed)} to {max(passed)} passed on"
        f" {len(plant.nodes)} processes"
    )
    others = {a.status for a in calling.answers} - {200}
    seen.expect(not others, f"other statuses than 200: {sorted(others)}")
    seen.expect(max(resumed) < RESUMED_SECONDS, f"the worker rested {max(resumed):.0f} s")
    most = 3 * len(plant.nodes)
    seen.expect(all(3 <= n <= most for n in passed), f"limits let {passed} calls pass")
    expect_charges(seen, who, sum(a.whole for a in calling.answers))
    return seen


TRIES = 12


def _passed_alone(plant: Plant) -> int:
    """Call with a key that may call three times a minute; return how many calls passed."""
    if time.time() % 60 > 55:
        time.sleep(60 - time.time() % 60)
    poor = books.newcomer(minute_limit=3)
    kinds = [Kind("whole", stream=False)] * TRIES
    answers = call_all([n.api for n in plant.nodes], [poor.key], kinds, at_once=2)
    return sum(a.status == 200 for a in answers)


def _worker_works(customer: books.Customer) -> float:
    """Leave the worker an expired hold to release; return after how many seconds it did."""
    name = ids.new()
    asked = HoldRequest(customer.account.id, ids.new(), 100, 100, name)
    [hold] = ledger.authorize_now([asked])
    if hold is None:
        raise AssertionError("a customer with credits got no hold")
    Hold.objects.filter(pk=hold.id).update(expires_at="2026-01-01T00:00Z")
    app.send_task("billing.tasks.sweep_holds")
    return wait_for(
        lambda: Hold.objects.get(pk=hold.id).state == HoldState.RELEASED,
        seconds=RESUMED_SECONDS + 30,
        what="the worker",
    )


SCENARIOS = [
    Scenario(
        "postgresql",
        "PostgreSQL restarted under load",
        5,
        1,
        "no wrong balance; 503 with Retry-After meanwhile; back in < 10 s",
        restart_postgresql,
    ),
    Scenario(
        "redis",
        "Redis flushed and restarted under load",
        10,
        1,
        "money exact; limits fall back per process; workers resume in < 60 s",
        restart_redis,
    ),
]
