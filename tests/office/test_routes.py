"""Operators see which routes calls take, hold one open, and close what is open."""

import time

import pytest
import requests
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from gateway import breaker_records, route_holds
from gateway.models import Route, RouteHold
from tests.customers import Customer
from tests.models import add_provider, add_routes, offer
from tests.processes import ProviderProcess, Server, wait_until
from tests.staff import staff_client

PAGE = "/admin/operations/routes"


def page_of(route: Route, act: str) -> str:
    return f"{PAGE}/{route.pk}/{act}"


@pytest.fixture
def operator(database: None) -> Client:
    return staff_client(["operator"])


def line(client: Client, route: Route, *, live: bool = False) -> str:
    """The row of the table that is about a route."""
    text = client.get(f"{PAGE}/live" if live else PAGE).content.decode()
    [found] = [row for row in text.split("<tr>") if f"/routes/{route.pk}/" in row]
    return found


def served(customer: Customer, server: Server, model: str) -> list[str]:
    """Who answered calls made now; each may reach another process."""
    before = len(customer.logged())
    for _ in range(6):
        assert customer.chat(server, model).ok
    return [row.provider for row in customer.wait_for_log(before + 6)[before:]]


def test_a_held_route_is_not_used_until_it_is_closed(
    server: Server, customer: Customer, provider: ProviderProcess, operator: Client
) -> None:
    first, second = add_provider(provider.url), add_provider(provider.url)
    model = add_routes((first, "echo"), (second, "echo"))
    name = offer(server, customer, model)
    route = Route.objects.get(model=model, provider=first)
    asked = operator.get(page_of(route, "hold")).content.decode()
    assert f"<b>{second.name}</b> instead" in asked
    assert not RouteHold.objects.filter(pk=route.pk).exists(), "asking changes nothing"
    assert operator.post(page_of(route, "hold"), {"minutes": "10"}).status_code == 302
    time.sleep(1)
    assert set(served(customer, server, name)) == {second.name}
    hold = RouteHold.objects.get(pk=route.pk)
    assert hold.until is not None
    assert 590 < (hold.until - timezone.now()).total_seconds() <= 600
    operator.post(page_of(route, "hold"), {"minutes": ""})
    assert RouteHold.objects.get(pk=route.pk).until == hold.until, "a second one changes nothing"
    assert operator.post(page_of(route, "close")).status_code == 302
    operator.post(page_of(route, "close"))
    time.sleep(1)
    assert set(served(customer, server, name)) == {first.name}
    said = LogEntry.objects.filter(object_id=str(route.pk), content_type__model="route")
    assert sorted(said.values_list("change_message", flat=True)) == [
        "Breaker closed.",
        "Held open for 10 minutes.",
    ]


def test_a_model_whose_only_route_is_held_stays_on_offer_and_answers_503(
    server: Server, customer: Customer, provider: ProviderProcess, operator: Client
) -> None:
    model = add_routes((add_provider(provider.url), "echo"))
    name = offer(server, customer, model)
    route = Route.objects.get(model=model)
    assert "no other route in use" in operator.get(page_of(route, "hold")).content.decode()
    operator.post(page_of(route, "hold"), {"minutes": ""})
    wait_until(lambda: customer.chat(server, name).status_code == 503, seconds=2)
    answer = customer.chat(server, name)
    assert answer.json()["error"]["code"] == "providers_busy"
    assert requests.get(f"{server.api}/models/{name}", headers=customer.headers, timeout=5).ok
    assert customer.holds_open() == 0
    RouteHold.objects.filter(pk=route.pk).update(until=timezone.now())
    wait_until(lambda: customer.chat(server, name).ok, seconds=8, what="its hold to end by itself")


def test_a_breaker_that_failures_opened_is_shown_with_its_reason_and_can_be_closed(
    server: Server, customer: Customer, provider: ProviderProcess, operator: Client
) -> None:
    first, second = add_provider(provider.url), add_provider(provider.url)
    model = add_routes((first, "echo-fail-401"), (second, "echo"))
    name = offer(server, customer, model)
    route = Route.objects.get(model=model, provider=first)
    assert customer.chat(server, name).ok
    wait_until(lambda: breaker_records.said([route.pk]) != {}, seconds=2)
    for live in (False, True):
        row = line(operator, route, live=live)
        assert ">Open<" in row
        assert "status_401" in row
    assert "status_401" in operator.get(page_of(route, "close")).content.decode()
    operator.post(page_of(route, "close"))
    assert breaker_records.said([route.pk]) == {}
    assert ">Closed<" in line(operator, route)


def test_what_was_said_ends_half_open_and_is_unknown_without_redis(
    operator: Client, provider: ProviderProcess, settings: object
) -> None:
    model = add_routes((add_provider(provider.url), "echo"))
    route = Route.objects.get(model=model)
    with breaker_records._redis() as client:
        client.set(breaker_records.name_of(route.pk), breaker_records.say(0, "status_500"), ex=60)
    assert ">Half-open<" in line(operator, route)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"  # type: ignore[attr-defined]
    assert ">Unknown<" in line(operator, route)


def test_a_hold_that_has_ended_holds_nothing_and_the_next_is_a_new_one(
    operator: Client, provider: ProviderProcess
) -> None:
    route = Route.objects.get(model=add_routes((add_provider(provider.url), "echo")))
    operator.post(page_of(route, "hold"), {"minutes": "60"})
    assert ">Held open<" in line(operator, route)
    RouteHold.objects.filter(pk=route.pk).update(until=timezone.now())
    assert route.pk not in route_holds.holds()
    operator.post(page_of(route, "hold"), {"minutes": ""})
    assert RouteHold.objects.get(pk=route.pk).until is None
    assert operator.post(page_of(route, "hold"), {"minutes": "7"}).status_code == 400
    route_holds.close(route)


@pytest.mark.parametrize("role", ["support", "finance", "privacy officer"])
def test_nobody_else_sees_or_changes_routes(
    provider: ProviderProcess, role: str, customer: Customer
) -> None:
    route = Route.objects.get(model=add_routes((add_provider(provider.url), "echo")))
    stranger, other = Client(), staff_client([role])
    for path in (PAGE, f"{PAGE}/live", page_of(route, "hold"), page_of(route, "close")):
        assert other.get(path).status_code == 403, path
        assert stranger.get(path).status_code == 302, path
    assert other.post(page_of(route, "hold"), {"minutes": "10"}).status_code == 403
    assert not RouteHold.objects.filter(pk=route.pk).exists()
    stranger.force_login(customer.user)
    assert stranger.get(PAGE).status_code == 404
    assert staff_client(["operator"]).get(f"{PAGE}/999999999/hold").status_code == 404


def test_the_table_takes_as_many_queries_however_many_routes_there_are(
    operator: Client, provider: ProviderProcess, django_assert_max_num_queries: object
) -> None:
    at = add_provider(provider.url)
    add_routes(*((at, f"echo-{n}") for n in range(12)))
    with django_assert_max_num_queries(20):  # type: ignore[operator]
        operator.get(f"{PAGE}/live")
