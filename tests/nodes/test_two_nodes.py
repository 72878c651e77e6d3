"""Two web nodes that share PostgreSQL and Valkey are one service: none keeps anything to itself."""

import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
import requests
from django.conf import settings
from django.urls import reverse

from billing.models import Hold
from gateway import keys
from gateway.models import Provider
from tests.customers import Customer, accept, session_of
from tests.gateway.test_idempotency import call
from tests.gateway.test_limits import await_a_quiet_minute
from tests.gateway.test_price_admin import COSTS, DEARER, form_of, row_of
from tests.models import add_routes, offer
from tests.nodes.balancer import node
from tests.people import Browser, NabzClanProcess
from tests.processes import ProviderProcess, Server, wait_until
from tests.staff import staff_client

PROMISED_SECONDS = 1.0
Nodes = tuple[Server, Server]


@pytest.fixture(scope="module")
def nodes(server: Server, environment: dict[str, str]) -> Iterator[Nodes]:
    """The tests' own node, and one more."""
    with node(environment=environment) as other:
        yield server, other


def on_both(nodes: Nodes, act: Callable[[Server], requests.Response]) -> list[requests.Response]:
    """Do something at both nodes at the same moment."""
    together = Barrier(2)

    def one(server: Server) -> requests.Response:
        together.wait()
        return act(server)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, nodes))


def test_the_calls_of_a_minute_are_counted_over_both(
    nodes: Nodes, new_customer: Callable[..., Customer]
) -> None:
    await_a_quiet_minute()
    customer = new_customer(minute_limit=10)
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda n: customer.chat(nodes[n % 2]).status_code, range(24)))
    assert (statuses.count(200), statuses.count(429)) == (10, 14)
    left = [customer.get(one, "key").headers["X-RateLimit-Remaining-Minute"] for one in nodes]
    assert left == ["0", "0"]


def test_a_revoked_key_is_refused_within_a_second_on_both(nodes: Nodes, customer: Customer) -> None:
    assert all(customer.get(one, "key").ok for one in nodes for _ in range(6))

    def last_let_in(server: Server) -> float:
        """Return when the last call began that was still answered."""
        last, end = 0.0, time.monotonic() + 3
        while time.monotonic() < end:
            begun = time.monotonic()
            if customer.get(server, "key").ok:
                last = begun
        return last

    with ThreadPoolExecutor(2) as pool:
        asking = [pool.submit(last_let_in, one) for one in nodes]
        time.sleep(0.5)
        keys.revoke(customer.key_row)
        revoked = time.monotonic()
        for one in asking:
            assert one.result() > 0
            assert one.result() - revoked < PROMISED_SECONDS


def test_one_idempotency_key_at_both_makes_one_charge(nodes: Nodes, customer: Customer) -> None:
    for _ in range(5):
        before = len(customer.spent())
        key = uuid.uuid4().hex
        answers = on_both(nodes, partial(call, customer=customer, key=key))
        told = sorted(answers, key=lambda answer: answer.status_code)
        assert [answer.status_code for answer in told] == [200, 409]
        assert told[1].json()["error"]["code"].startswith("idempotency_")
        assert len(customer.spent()) == before + 1
    assert customer.holds_open() == 0


def test_money_for_one_call_is_spent_once(
    nodes: Nodes, new_customer: Callable[..., Customer]
) -> None:
    rich = new_customer()
    assert rich.chat(nodes[0], "echo-slow", max_tokens=20).ok
    price = Hold.objects.get(account=rich.account).amount
    for _ in range(3):
        poor = new_customer(credit=price)
        answers = on_both(nodes, partial(poor.chat, model="echo-slow", max_tokens=20))
        assert sorted(answer.status_code for answer in answers) == [200, 402]
        assert len(poor.spent()) == 1
        assert poor.balance() >= 0
        assert poor.holds_open() == 0


def test_who_signs_in_at_one_is_signed_in_at_the_other(
    nodes: Nodes, nabzclan: NabzClanProcess
) -> None:
    browser = Browser(nodes[0])
    browser.sign_in(nabzclan.new_person()["id"])
    page = browser.get(f"{nodes[1].url}/dashboard", timeout=20, allow_redirects=False)
    assert page.status_code == 200
    browser.open(f"{nodes[1].url}/account")
    browser.submit(f"{nodes[1].url}/sign-out")
    page = browser.get(f"{nodes[0].url}/dashboard", timeout=20, allow_redirects=False)
    assert page.status_code == 302


def test_what_staff_change_at_one_is_so_at_the_other(
    nodes: Nodes, customer: Customer, provider: ProviderProcess
) -> None:
    model = add_routes((Provider.objects.get(name="standin"), "echo"))
    model.routes.update(**COSTS)
    for one in nodes:
        offer(one, customer, model)
    desk = Browser(nodes[0])
    cookie = staff_client(superuser=True).cookies[settings.SESSION_COOKIE_NAME].value
    desk.cookies.set(settings.SESSION_COOKIE_NAME, cookie)
    where = reverse("admin:gateway_model_change", args=[model.pk])

    def change(form: dict[str, object]) -> None:
        desk.open(where)
        assert desk.submit(where, **form).url != f"{nodes[0].url}{where}"

    def described() -> requests.Response:
        return customer.get(nodes[1], f"models/{model.name}")

    change(form_of(model, row_of(DEARER)))
    wait_until(
        lambda: described().json()["pricing"]["next"]["input"] == "4",
        seconds=PROMISED_SECONDS + 1,
        what="the price to come",
    )
    gone = form_of(model)
    del gone["enabled"]
    change(gone)
    wait_until(
        lambda: described().status_code == 404,
        seconds=PROMISED_SECONDS + 1,
        what="the end of the offer",
    )
    assert customer.chat(nodes[1], model.name).status_code == 404


def test_a_call_at_one_is_on_the_usage_page_of_the_other(nodes: Nodes, customer: Customer) -> None:
    accept(customer.user)
    called = customer.chat(nodes[0]).headers["x-request-id"]
    cookies = {settings.SESSION_COOKIE_NAME: session_of(customer.user)}

    def shown() -> bool:
        page = requests.get(f"{nodes[1].url}/usage", cookies=cookies, timeout=20)
        return page.ok and called in page.text

    wait_until(shown, seconds=5, what="the call")
