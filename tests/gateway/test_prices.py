"""Prices change at the moment that was set for them, and never for calls that were before it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from django.db import IntegrityError, connection
from django.utils import timezone

from gateway import invalidation, price_versions, public_prices
from gateway.models import Model, ModelPrice
from gateway.pricing import Prices, Tokens, cost
from tests.customers import Customer
from tests.models import PRICES, add_model, add_provider, add_routes, offer
from tests.processes import ProviderProcess, Server, wait_until
from tests.staff import make_staff

DEARER = Prices(3_000_001, 700_000, 3_500_000, 9_000_001)
IN_CREDITS = {"input": "3.000001", "cache_read": "0.7", "cache_write": "3.5", "output": "9.000001"}


@pytest.fixture
def model(provider: ProviderProcess) -> Model:
    return add_routes((add_provider(provider.url), "echo"))


def shown(server: Server, customer: Customer, name: str) -> dict[str, Any]:
    pricing: dict[str, Any] = customer.get(server, f"models/{name}").json()["pricing"]
    return pricing


def announce(server: Server, customer: Customer, model: Model, starts_at: datetime) -> None:
    """Set dearer prices from a moment on, and wait until every process knows of them."""
    price_versions.add(model.id, DEARER, starts_at=starts_at)
    invalidation.publish_catalogue()
    written = starts_at.isoformat().replace("+00:00", "Z")

    def known() -> bool:
        # Each connection may reach another process.
        nexts = [shown(server, customer, model.name)["next"] for _ in range(6)]
        return nexts == [{"starts_at": written, **IN_CREDITS}] * 6

    wait_until(known, seconds=3, what="every process to know of the prices")


def test_new_prices_count_from_their_start_on_and_leave_past_calls_as_they_were(
    server: Server, customer: Customer, model: Model
) -> None:
    name = offer(server, customer, model)
    first = customer.chat(server, name)
    past = f"requests/{first.headers['x-request-id']}"
    customer.wait_for_log(1)
    before = [customer.get(server, path).content for path in (past, "usage?limit=1")]
    row = ModelPrice.objects.filter(model=model).values().get()

    starts_at = timezone.now() + timedelta(seconds=2.5)
    announce(server, customer, model, starts_at)
    charges = {first.headers["x-lumyx-charge"]}
    while timezone.now() < starts_at + timedelta(seconds=0.5):
        charges.add(customer.chat(server, name).headers["x-lumyx-charge"])

    rows = customer.wait_for_log(len(customer.spent()))
    for logged in rows:
        expected = DEARER if logged.started_at >= starts_at else PRICES
        used = Prices(
            logged.input_price,
            logged.cache_read_price,
            logged.cache_write_price,
            logged.output_price,
        )
        assert used == expected, logged.started_at - starts_at
        tokens = Tokens(
            logged.input_tokens,
            logged.cache_read_tokens,
            logged.cache_write_tokens,
            logged.output_tokens,
        )
        assert logged.charge == cost(tokens, expected)
    assert {logged.started_at >= starts_at for logged in rows} == {True, False}
    assert len(charges) == 2
    assert customer.spent() == [logged.charge for logged in rows]

    until = rows[0].started_at + timedelta(microseconds=1)
    page = f"usage?limit=1&to={until.isoformat().replace('+00:00', 'Z')}"
    after = [customer.get(server, path).content for path in (past, page)]
    assert after == before
    assert ModelPrice.objects.filter(pk=row["id"]).values().get() == row
    now = {"unit": "credits per 1,000,000 tokens", **IN_CREDITS, "next": None}
    assert all(shown(server, customer, name) == now for _ in range(6))
    listed = customer.get(server, "models").json()["data"]
    assert next(m for m in listed if m["id"] == name)["pricing"] == now


def test_vip_prices_change_along(
    server: Server, new_customer: Callable[..., Customer], model: Model
) -> None:
    customer = new_customer(vip_level=4)
    name = offer(server, customer, model)
    starts_at = timezone.now() + timedelta(seconds=2)
    announce(server, customer, model, starts_at)
    wait_until(lambda: timezone.now() > starts_at, seconds=5)
    customer.chat(server, name)
    row = customer.wait_for_log(1)[-1]
    # 90 % of each, rounded up.
    assert (row.input_price, row.output_price) == (2_700_001, 8_100_001)


def test_a_model_is_on_offer_from_the_start_of_its_first_prices_on(
    server: Server, customer: Customer, provider: ProviderProcess
) -> None:
    at = add_provider(provider.url)
    model = add_model("priced-soon", at, upstream_name="echo", prices=None)
    starts_at = timezone.now() + timedelta(seconds=2)
    price_versions.add(model.id, DEARER, starts_at=starts_at)
    offer(server, customer, add_routes((at, "echo")))
    listed = customer.get(server, "models").json()["data"]
    early = [
        customer.chat(server, "priced-soon").status_code,
        customer.get(server, "models/priced-soon").status_code,
    ]
    assert timezone.now() < starts_at, "this machine was too slow to tell"
    assert early == [404, 404]
    assert "priced-soon" not in {m["id"] for m in listed}
    assert "priced-soon" not in {m.name for m in public_prices.listed()}
    wait_until(lambda: timezone.now() > starts_at, seconds=5)
    assert all(customer.chat(server, "priced-soon").ok for _ in range(6))
    assert "priced-soon" in {m.name for m in public_prices.listed()}


def test_the_anthropic_shape_shows_the_same_prices(
    server: Server, customer: Customer, model: Model
) -> None:
    name = offer(server, customer, model)
    theirs = requests.get(
        f"{server.api}/models/{name}",
        headers={**customer.headers, "anthropic-version": "2023-06-01"},
        timeout=5,
    )
    assert theirs.json()["pricing"] == shown(server, customer, name)


@pytest.mark.parametrize(
    "statement",
    [
        "update gateway_modelprice set input_price = 1 where model_id = %s",
        "update gateway_modelprice set starts_at = now() + interval '1 day' where model_id = %s",
        "update gateway_modelprice set note = 'x' where model_id = %s",
        "update gateway_modelprice set created_by_id = null, output_price = 1 where model_id = %s",
        "delete from gateway_modelprice where model_id = %s",
        "truncate gateway_modelprice -- %s",
    ],
)
def test_the_database_keeps_prices_that_have_started(model: Model, statement: str) -> None:
    before = ModelPrice.objects.filter(model=model).values().get()
    with pytest.raises(IntegrityError, match="final"), connection.cursor() as cursor:
        cursor.execute(statement, [model.id])
    assert ModelPrice.objects.filter(model=model).values().get() == before


def test_the_database_takes_no_prices_for_the_past(model: Model) -> None:
    with pytest.raises(IntegrityError, match="past"):
        price_versions.add(model.id, DEARER, starts_at=timezone.now() - timedelta(minutes=1))
    coming = price_versions.add(model.id, DEARER, starts_at=timezone.now() + timedelta(days=1))
    coming.starts_at = timezone.now() - timedelta(minutes=1)
    with pytest.raises(IntegrityError, match="past"):
        coming.save()


def test_prices_that_have_not_started_can_be_changed_and_withdrawn(model: Model) -> None:
    coming = price_versions.add(model.id, DEARER, starts_at=timezone.now() + timedelta(days=1))
    coming.input_price, coming.starts_at = 5, timezone.now() + timedelta(days=2)
    coming.save()
    assert ModelPrice.objects.get(pk=coming.pk).input_price == 5
    coming.delete()
    assert ModelPrice.objects.filter(model=model).count() == 1


@pytest.mark.parametrize("wrong", [-1, 10**12 + 1])
def test_the_database_takes_no_price_out_of_bounds(model: Model, wrong: int) -> None:
    later = timezone.now() + timedelta(days=1)
    with pytest.raises(IntegrityError, match="output_price_range"):
        price_versions.add(model.id, Prices(0, 0, 0, wrong), starts_at=later)


def test_who_set_a_price_can_be_forgotten(provider: ProviderProcess) -> None:
    model = add_model("set-by-somebody", add_provider(provider.url), prices=None)
    person, _ = make_staff()
    price = ModelPrice.objects.create(
        model=model,
        starts_at=timezone.now(),
        input_price=1,
        cache_read_price=1,
        cache_write_price=1,
        output_price=1,
        created_by=person,
    )
    person.delete()
    price.refresh_from_db()
    assert (price.created_by, price.input_price) == (None, 1)


def test_the_pricing_page_shows_what_is_charged_what_comes_and_what_vips_pay(model: Model) -> None:
    starts_at = timezone.now() + timedelta(days=3)
    price_versions.add(model.id, DEARER, starts_at=starts_at + timedelta(days=1))
    price_versions.add(model.id, DEARER, starts_at=starts_at)
    found = next(listing for listing in public_prices.listed() if listing.name == model.name)
    assert (found.prices, found.coming) == (PRICES, (starts_at, DEARER))
    assert found.context_window == model.context_window
    by_level = {level.level: level for level in found.levels}
    assert by_level[4].percent == 90
    assert by_level[4].prices == Prices(1_800_000, 450_000, 2_250_000, 7_200_000)
    later = public_prices.listed(at=starts_at + timedelta(hours=1))
    found = next(listing for listing in later if listing.name == model.name)
    assert (found.prices, found.coming) == (DEARER, (starts_at + timedelta(days=1), DEARER))


def test_the_pricing_page_lists_what_get_models_lists(server: Server, customer: Customer) -> None:
    def same() -> bool:
        models = customer.get(server, "models").json()["data"]
        listings = public_prices.listed()
        return {m["id"]: m["pricing"] for m in models} == {
            listing.name: public_prices.pricing(listing) for listing in listings
        }

    wait_until(same, seconds=8, what="both to know of all models")
