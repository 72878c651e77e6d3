"""The door that Stripe knocks at: only Stripe comes in, and what it says is never lost."""

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import requests
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing import checkout, inbox
from billing.models import LedgerEntry, StripeEvent
from billing.stripe_api import api
from lumyx.standins.stripe.delivery import sign
from tests.customers import Customer
from tests.processes import Server, wait_until
from tests.shop import StripeProcess, settle_events

SECRET = "whsec_standin"


def event(**fields: Any) -> dict[str, Any]:
    return {
        "id": f"evt_{uuid.uuid4().hex}",
        "object": "event",
        "type": "payment_intent.succeeded",
        "created": int(time.time()),
        "livemode": False,
        "data": {"object": {"id": "pi_1", "object": "payment_intent"}},
        **fields,
    }


def send(server: Server, body: bytes, header: str | None = None) -> requests.Response:
    signature = sign(body, SECRET) if header is None else header
    return requests.post(
        f"{server.url}/billing/webhooks/stripe/",
        data=body,
        headers={"Stripe-Signature": signature, "Content-Type": "application/json"},
        timeout=20,
    )


def test_an_event_is_kept_once_by_its_id_alone(server: Server) -> None:
    told = event()
    for _ in range(3):
        assert send(server, json.dumps(told).encode()).status_code == 200
    row = StripeEvent.objects.get(pk=told["id"])
    assert row.type == "payment_intent.succeeded"
    assert {f.name for f in StripeEvent._meta.get_fields()} == {
        "id",
        "type",
        "created_at",
        "received_at",
        "handled_at",
        "tries",
        "next_try_at",
        "problem",
    }


def stale(body: bytes) -> str:
    return sign(body, SECRET, at=int(time.time()) - 301)


def forged(body: bytes) -> str:
    return sign(body, "whsec_somebody_elses")


@pytest.mark.parametrize("header", [stale, forged, lambda _: "", lambda _: "t=x,v1=\u00e9"])
def test_who_is_not_stripe_is_refused(server: Server, header: Callable[[bytes], str]) -> None:
    told = event()
    body = json.dumps(told).encode()
    text = header(body).encode("utf-8").decode("latin-1")
    assert send(server, body, text).status_code == 400
    assert not StripeEvent.objects.filter(pk=told["id"]).exists()


def test_a_changed_body_is_refused(server: Server) -> None:
    told = event()
    body = json.dumps(told).encode()
    assert send(server, body + b" ", sign(body, SECRET)).status_code == 400


BAD = {
    "other mode": json.dumps(event(livemode=True)).encode(),
    "no mode": json.dumps({k: v for k, v in event().items() if k != "livemode"}).encode(),
    "not JSON": b"<html>",
    "no object": b"[]",
    "a number": b"7",
    "empty": b"",
    "NUL in the id": json.dumps(event(id="evt_a\0b")).encode(),
    "NUL in the type": json.dumps(event(type="a\0b")).encode(),
    "NUL bytes": b"\0" * 50,
    "NUL in what it is about": json.dumps(event(data={"object": {"name": "a\0b"}})).encode(),
    "NUL behind a backslash": json.dumps(event(data={"x": "\\\0"})).encode(),
    "an id of another kind": json.dumps(event(id="pi_1")).encode(),
    "an id with quotes": json.dumps(event(id="evt_'; drop table")).encode(),
    "an id of 10,000 letters": json.dumps(event(id="evt_" + "a" * 10_000)).encode(),
    "a list for a type": json.dumps(event(type=["a"])).encode(),
    "a time in words": json.dumps(event(created="now")).encode(),
    "a time out of bounds": json.dumps(event(created=10**20)).encode(),
    "deep": b'{"id": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "not UTF-8": b'{"id": "\xff"}',
    "too large": json.dumps(event(data={"x": "y" * 600_000})).encode(),
}


def test_a_backslash_before_u0000_is_no_nul(server: Server) -> None:
    told = event(data={"x": "\\u0000"})
    assert send(server, json.dumps(told).encode()).status_code == 200
    assert StripeEvent.objects.filter(pk=told["id"]).exists()


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_event_is_refused_and_nothing_is_kept(server: Server, what: str) -> None:
    before = StripeEvent.objects.count()
    answer = send(server, BAD[what])
    assert answer.status_code == 400
    assert "Set-Cookie" not in answer.headers
    assert StripeEvent.objects.count() == before


def test_a_body_without_a_length_is_limited_as_well(server: Server) -> None:
    def endless() -> Any:
        for _ in range(100):
            yield b"x" * 65_536

    answer = requests.post(
        f"{server.url}/billing/webhooks/stripe/", data=endless(), timeout=20, headers={}
    )
    assert answer.status_code == 400


def test_only_posts_are_taken(server: Server) -> None:
    assert requests.get(f"{server.url}/billing/webhooks/stripe/", timeout=5).status_code == 405


def test_an_event_that_stripe_does_not_know_credits_nothing(
    server: Server, stripe: StripeProcess
) -> None:
    told = event()
    before = LedgerEntry.objects.count()
    assert send(server, json.dumps(told).encode()).status_code == 200
    assert inbox.handle(told["id"]) is False
    assert LedgerEntry.objects.count() == before
    assert "unknown" in StripeEvent.objects.get(pk=told["id"]).problem
    StripeEvent.objects.filter(pk=told["id"]).delete()


def test_stripes_own_events_come_in_signed(
    server: Server, stripe: StripeProcess, customer: Customer
) -> None:
    order, _ = checkout.begin(customer.account, cents=500)
    before = customer.balance()
    stripe.pay(str(order.checkout_session))
    wait_until(
        lambda: StripeEvent.objects.filter(type="checkout.session.completed").exists(),
        seconds=10,
        what="the webhook",
    )
    while inbox.handle_due():
        pass
    settle_events()
    assert customer.balance() == before + 5_000_000


def test_a_thousand_copies_of_one_event_credit_once(
    stripe: StripeProcess, customer: Customer
) -> None:
    before = customer.balance()
    order, _ = checkout.begin(customer.account, cents=500)
    stripe.pay(str(order.checkout_session))
    settle_events()
    [name] = [
        event.id
        for event in api().events.list({"limit": 100, "type": "checkout.session.completed"})
        if event.data.object["id"] == order.checkout_session
    ]
    done = StripeEvent.objects.get(pk=name)
    taken = [
        inbox.take(done.pk, type=done.type, created=int(done.created_at.timestamp()))
        for _ in range(1_000)
    ]
    assert not any(taken)
    while inbox.handle_due():
        pass
    assert customer.balance() == before + 5_000_000


def test_catching_up_with_nothing_missed_asks_the_database_by_pages(
    stripe: StripeProcess, customer: Customer
) -> None:
    for _ in range(3):
        order, _ = checkout.begin(customer.account, cents=500)
        stripe.pay(str(order.checkout_session))
    settle_events()
    listed = len(list(api().events.list({"limit": 100}).data))
    assert listed > 5
    with CaptureQueriesContext(connection) as asked:
        assert inbox.catch_up() == 0
    assert len(asked) <= 2 + StripeEvent.objects.count() // inbox.PAGE


def test_events_held_back_shuffled_and_doubled_are_each_kept_once(
    server: Server, stripe: StripeProcess, customer: Customer
) -> None:
    settle_events()
    before = customer.balance()
    stripe.control("webhooks", mode="hold")
    try:
        order, _ = checkout.begin(customer.account, cents=500)
        stripe.pay(str(order.checkout_session))
    finally:
        stripe.control("webhooks", mode="send")
    assert customer.balance() == before
    sent = stripe.control("flush", order="shuffle", seed=7, copies=3)["sent"]
    assert sent % 3 == 0
    assert sent >= 9
    while inbox.handle_due():
        pass
    assert customer.balance() == before + 5_000_000
