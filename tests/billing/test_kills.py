"""Whatever is killed, flushed or down between an event and its credit: credited once in the end."""

import os
import random
import signal
import time
from collections.abc import Callable

import redis
from django.conf import settings
from django.db import connections

from billing import checkout, inbox, payments, stripe_api
from billing.models import LedgerEntry, Order, StripeEvent
from billing.stripe_api import api
from tests.billing.ledgers import assert_sound
from tests.customers import Customer
from tests.processes import Server, Worker, wait_until
from tests.shop import StripeProcess, settle_events

ROUNDS = int(os.environ.get("KILLS", "5"))


def kill_at_a_random_moment(work: Callable[[], object], *, within: float) -> bool:
    """Run work in a process of its own and kill it; return whether it was done before."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        stripe_api._client.cache_clear()
        try:
            work()
        finally:
            os._exit(0)
    time.sleep(random.uniform(0, within))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFEXITED(status)


def wake() -> None:
    """Let what waits for its next try be due."""
    StripeEvent.objects.filter(handled_at__isnull=True).update(next_try_at="2026-01-01T00:00Z")


def test_a_worker_killed_between_event_and_credit_credits_once(
    stripe: StripeProcess, customer: Customer
) -> None:
    before = customer.balance()
    settle_events()
    killed = 0
    for _ in range(ROUNDS):
        order, _ = checkout.begin(customer.account, cents=500)
        stripe.pay(str(order.checkout_session))
        inbox.catch_up()
        killed += not kill_at_a_random_moment(inbox.handle_due, within=0.15)
        wake()
        settle_events()
    assert killed > 0
    assert customer.balance() == before + ROUNDS * 5_000_000
    entries = LedgerEntry.objects.filter(account=customer.account, kind="top_up")
    assert entries.count() == ROUNDS
    assert_sound(customer)


def test_a_web_server_killed_after_its_answer_lost_nothing(
    environment: dict[str, str], server: Server, stripe: StripeProcess, customer: Customer
) -> None:
    before = customer.balance()
    doomed = Server(environment=environment, workers=1)
    stripe.listen(doomed)
    try:
        order, _ = checkout.begin(customer.account, cents=500)
        stripe.pay(str(order.checkout_session))
        wait_until(
            lambda: StripeEvent.objects.filter(type="checkout.session.completed").exists(),
            seconds=10,
            what="the webhook",
        )
    finally:
        os.killpg(doomed.pid, signal.SIGKILL)
        stripe.listen(server)
    settle_events()
    assert customer.balance() == before + 5_000_000
    doomed.stop()


def test_a_real_worker_credits_and_a_flushed_redis_loses_no_money(
    environment: dict[str, str], server: Server, stripe: StripeProcess, customer: Customer
) -> None:
    before = customer.balance()
    stripe.control("webhooks", delay=0.5)
    orders = []
    try:
        for _ in range(5):
            order, _ = checkout.begin(customer.account, cents=500)
            stripe.pay(str(order.checkout_session))
            orders.append(order)
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            end = time.monotonic() + 3
            while time.monotonic() < end:
                client.flushdb()
                time.sleep(0.05)
    finally:
        stripe.control("webhooks", delay=0)
    worker = Worker(environment=environment)
    try:
        order, _ = checkout.begin(customer.account, cents=700)
        stripe.pay(str(order.checkout_session))
        wait_until(
            lambda: Order.objects.get(pk=order.pk).state == "paid", seconds=40, what="the worker"
        )
    finally:
        worker.stop()
    settle_events()
    assert customer.balance() == before + 5 * 5_000_000 + 7_000_000
    assert_sound(customer)


def test_stripe_being_down_for_a_while_delays_and_loses_nothing(
    stripe: StripeProcess, customer: Customer
) -> None:
    before = customer.balance()
    order, _ = checkout.begin(customer.account, cents=500)
    stripe.pay(str(order.checkout_session))
    listed = api().events.list({"limit": 20}).data
    for fault in ("503", "reset", "garbage"):
        stripe.control("faults", path="/v1/", fault=fault)
        try:
            for event in listed:
                inbox.take(event.id, type=event.type, created=event.created)
            wake()
            inbox.handle_due()
            assert customer.balance() == before
            waiting = StripeEvent.objects.filter(handled_at__isnull=True)
            assert waiting.exists()
            assert all(row.tries and row.problem for row in waiting)
        finally:
            stripe.control("faults", path="/v1/", fault=None)
    wake()
    settle_events()
    assert customer.balance() == before + 5_000_000
    assert payments.apply(order.pk).state == "paid"
    assert_sound(customer)


def test_an_answer_lost_on_the_way_makes_no_second_session(
    stripe: StripeProcess, customer: Customer
) -> None:
    checkout.begin(customer.account, cents=500)
    since = max(call["number"] for call in stripe.calls())
    stripe.control("faults", path="/v1/checkout", fault="reset", after=True, times=1)
    order, _ = checkout.begin(customer.account, cents=500)
    made = [c for c in stripe.calls(since=since) if c["path"] == "/v1/checkout/sessions"]
    assert len(made) == 2
    assert len({call["key"] for call in made}) == 1
    assert order.checkout_session
