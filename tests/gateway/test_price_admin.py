"""Staff set prices ahead in the admin, and see what is left of them after the providers' share."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from billing.amounts import in_credits
from billing.models import MICRO
from gateway import price_versions
from gateway.models import Model, ModelPrice, Route
from gateway.pricing import Prices
from tests.customers import Customer
from tests.models import PRICES, add_model, add_provider, add_routes, offer
from tests.processes import ProviderProcess, Server, wait_until
from tests.staff import staff_client

COSTS = {
    "upstream_input_price": 1_000_000,
    "upstream_cache_read_price": 100_000,
    "upstream_cache_write_price": 1_250_000,
    "upstream_output_price": 4_000_000,
}
FIELDS = ("input_price", "cache_read_price", "cache_write_price", "output_price")


@pytest.fixture(scope="module")
def staff(database: None) -> Client:
    return staff_client(superuser=True)


@pytest.fixture
def model(provider: ProviderProcess) -> Model:
    made = add_routes((add_provider(provider.url), "echo"))
    Route.objects.filter(model=made).update(**COSTS)
    return made


def page_of(model: Model) -> str:
    return reverse("admin:gateway_model_change", args=[model.pk])


def form_of(
    model: Model,
    *rows: dict[str, Any],
    old: int = 0,
) -> dict[str, Any]:
    """What the page of a model sends, with these rows of prices to come, `old` of them known."""
    route = Route.objects.get(model=model)
    sent: dict[str, Any] = {
        "name": model.name,
        "display_name": model.display_name,
        "context_window": model.context_window,
        "max_output_tokens": model.max_output_tokens,
        "capabilities": model.capabilities,
        "enabled": "on",
        "routes-TOTAL_FORMS": 1,
        "routes-INITIAL_FORMS": 1,
        "routes-0-id": route.pk,
        "routes-0-model": model.pk,
        "routes-0-provider": route.provider_id,
        "routes-0-upstream_name": route.upstream_name,
        "routes-0-position": route.position,
        "routes-0-weight": route.weight,
        "routes-0-enabled": "on",
        "prices-TOTAL_FORMS": len(rows),
        "prices-INITIAL_FORMS": old,
        "prices-2-TOTAL_FORMS": 0,
        "prices-2-INITIAL_FORMS": 0,
    }
    for number, row in enumerate(rows):
        sent[f"prices-{number}-model"] = model.pk
        sent |= {f"prices-{number}-{name}": value for name, value in row.items()}
    return sent


def row_of(prices: Prices, starts_at: datetime | None = None, **more: Any) -> dict[str, Any]:
    four = (prices.input, prices.cache_read, prices.cache_write, prices.output)
    at = starts_at and starts_at.replace(microsecond=0)
    return {
        **dict(zip(FIELDS, map(in_credits, four), strict=True)),
        "starts_at_0": f"{at:%Y-%m-%d}" if at else "",
        "starts_at_1": f"{at:%H:%M:%S}" if at else "",
        **more,
    }


DEARER = Prices(4_000_000, 1_000_000, 4_000_000, 9_000_000)


def test_staff_set_prices_ahead_and_every_process_hears_of_it(
    staff: Client, server: Server, customer: Customer, model: Model
) -> None:
    offer(server, customer, model)
    starts_at = timezone.now() + timedelta(days=1)
    sent = form_of(model, row_of(DEARER, starts_at, note="Upstream rose."))
    assert staff.post(page_of(model), sent).status_code == 302
    made = model.prices.coming().get()
    assert (made.prices, made.note) == (DEARER, "Upstream rose.")
    assert made.starts_at == starts_at.replace(microsecond=0)
    assert made.created_by == User.objects.get(pk=staff.session["_auth_user_id"])

    def announced() -> bool:
        pricing = customer.get(server, f"models/{model.name}").json()["pricing"]
        return pricing["next"] is not None and pricing["input"] == "2"

    wait_until(lambda: all(announced() for _ in range(6)), seconds=4)


def test_an_empty_start_is_so_soon_that_every_process_knows_of_it_in_time(
    staff: Client, model: Model
) -> None:
    before = timezone.now()
    assert staff.post(page_of(model), form_of(model, row_of(DEARER))).status_code == 302
    made = model.prices.coming(before).get()
    assert before + price_versions.LEAD <= made.starts_at <= timezone.now() + price_versions.LEAD


def test_the_first_prices_of_a_model_start_at_once(
    staff: Client, server: Server, customer: Customer, provider: ProviderProcess
) -> None:
    name = f"first-{uuid.uuid4().hex[:6]}"
    model = add_model(name, add_provider(provider.url), upstream_name="echo", prices=None)
    assert staff.post(page_of(model), form_of(model, row_of(PRICES))).status_code == 302
    assert model.prices.in_force().get().prices == PRICES
    wait_until(lambda: all(customer.chat(server, name).ok for _ in range(6)), seconds=4)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"starts_at_0": "2020-01-01", "starts_at_1": "00:00:00"}, "start in the future"),
        ({"input_price": -1}, "greater than or equal to 0"),
        ({"output_price": 10**6 + 1}, "less than or equal to"),
        ({"output_price": ""}, "required"),
        ({"output_price": "0.0000001"}, "no more than 6 decimal places"),
    ],
)
def test_wrong_prices_and_past_starts_are_refused(
    staff: Client, model: Model, wrong: dict[str, Any], why: str
) -> None:
    row = row_of(DEARER, timezone.now() + timedelta(days=1)) | wrong
    answer = staff.post(page_of(model), form_of(model, row))
    assert answer.status_code == 200
    assert why in answer.content.decode()
    lone = staff.post(reverse("admin:gateway_modelprice_add"), {"model": model.pk, **row})
    assert lone.status_code == 200
    assert why in lone.content.decode()
    assert model.prices.get().prices == PRICES


def test_two_prices_of_one_moment_are_refused(staff: Client, model: Model) -> None:
    row = row_of(DEARER, timezone.now() + timedelta(days=1))
    assert staff.post(page_of(model), form_of(model, row)).status_code == 302
    answer = staff.post(reverse("admin:gateway_modelprice_add"), {"model": model.pk, **row})
    assert "other prices from that moment" in answer.content.decode()
    assert model.prices.count() == 2


def test_what_has_not_started_is_changed_and_withdrawn(staff: Client, model: Model) -> None:
    starts_at = timezone.now() + timedelta(days=1)
    coming = price_versions.add(model.id, DEARER, starts_at=starts_at)
    row = row_of(DEARER, starts_at, id=coming.pk)
    sent = form_of(model, row | {"input_price": 7, "below_cost": "on"}, old=1)
    assert staff.post(page_of(model), sent).status_code == 302
    coming.refresh_from_db()
    assert coming.input_price == 7 * MICRO
    sent = form_of(model, row | {"DELETE": "on"}, old=1)
    assert staff.post(page_of(model), sent).status_code == 302
    assert model.prices.count() == 1


@pytest.mark.parametrize("change", [{"input_price": 7}, {"DELETE": "on"}])
def test_what_started_since_the_page_was_shown_is_neither_changed_nor_withdrawn(
    staff: Client, model: Model, change: dict[str, Any]
) -> None:
    started = model.prices.get()
    row = row_of(PRICES, started.starts_at, id=started.pk) | change
    answer = staff.post(page_of(model), form_of(model, row, old=1))
    assert answer.status_code == 200
    assert "have started" in answer.content.decode()
    assert model.prices.get().prices == PRICES


def test_started_prices_are_read_only_everywhere(staff: Client, model: Model) -> None:
    started = model.prices.get()
    page = reverse("admin:gateway_modelprice_change", args=[started.pk])
    assert staff.get(page).status_code == 200
    assert staff.post(page, row_of(DEARER)).status_code == 403
    delete = reverse("admin:gateway_modelprice_delete", args=[started.pk])
    assert staff.post(delete, {"post": "yes"}).status_code == 403
    many = {
        "action": "delete_selected",
        "_selected_action": [str(started.pk)],
        "post": "yes",
    }
    staff.post(reverse("admin:gateway_modelprice_changelist"), many)
    staff.post(reverse("admin:gateway_model_delete", args=[model.pk]), {"post": "yes"})
    assert ModelPrice.objects.get(pk=started.pk).prices == PRICES
    shown = staff.get(page_of(model)).content.decode()
    assert f'name="prices-0-id" value="{started.pk}"' not in shown


def test_the_page_and_the_list_show_margins(staff: Client, model: Model) -> None:
    shown = staff.get(page_of(model)).content.decode()
    # 2.0 less 1.0, and 90 % of 2.0 less 1.0.
    assert "50.0 %" in shown
    assert "44.4 %" in shown
    assert "⚠" not in shown
    listed = staff.get(reverse("admin:gateway_model_changelist"), {"q": model.name})
    assert "44.4 %" in listed.content.decode()


def test_prices_below_cost_are_taken_once_that_was_meant(staff: Client, model: Model) -> None:
    starts_at = timezone.now() + timedelta(days=1)
    cheap = Prices(1_050_000, 500_000, 2_500_000, 8_000_000)
    row = row_of(cheap, starts_at)
    for page, sent in (
        (page_of(model), form_of(model, row)),
        (reverse("admin:gateway_modelprice_add"), {"model": model.pk, **row}),
    ):
        refused = staff.post(page, sent).content.decode()
        assert "below cost: at 90 % of the list price, the margin of input is -5.9 %" in refused
        assert model.prices.count() == 1
    sent = form_of(model, {**row, "below_cost": "on"})
    answer = staff.post(page_of(model), sent, follow=True).content.decode()
    assert "is sold below cost: at 90 % of the list price, the margin of input is -5.9 %" in answer
    shown = staff.get(page_of(model)).content.decode()
    assert "4.7 %" in shown
    assert "⚠ -5.9 %" in shown
    assert model.prices.coming().get().prices == cheap
    lone = {"model": model.pk, **row_of(cheap, starts_at + timedelta(days=1)), "below_cost": "on"}
    answer = staff.post(reverse("admin:gateway_modelprice_add"), lone, follow=True).content.decode()
    assert answer.count("is sold below cost") == 2


@pytest.mark.parametrize("role", ["finance", "support"])
def test_finance_and_support_only_look(
    role: str, model: Model, new_customer: Callable[..., Customer]
) -> None:
    client = staff_client([role])
    shown = client.get(page_of(model))
    assert shown.status_code == 200
    assert "prices in force and before" in shown.content.decode().lower()
    row = row_of(DEARER, timezone.now() + timedelta(days=1))
    assert client.post(page_of(model), form_of(model, row)).status_code == 403
    lone = client.post(reverse("admin:gateway_modelprice_add"), {"model": model.pk, **row})
    assert lone.status_code == 403
    assert model.prices.count() == 1


def test_operators_set_prices(model: Model) -> None:
    client = staff_client(["operator"])
    row = row_of(DEARER, timezone.now() + timedelta(days=1))
    assert client.post(page_of(model), form_of(model, row)).status_code == 302
    assert model.prices.count() == 2


@pytest.mark.parametrize("price", ["0.000999", "0.01"], ids=["tiny", "a hundredth"])
def test_absurd_prices_are_taken_once_they_were_meant(
    staff: Client, model: Model, price: str
) -> None:
    present = model.prices.get()
    assert present.output_price >= MICRO
    row = row_of(PRICES, timezone.now() + timedelta(days=1), below_cost="on") | {
        "output_price": price
    }
    for where, sent in (
        (page_of(model), form_of(model, row)),
        (reverse("admin:gateway_modelprice_add"), {"model": model.pk, **row}),
    ):
        answer = staff.post(where, sent)
        assert answer.status_code == 200
        assert "Is it meant that the output price" in answer.content.decode()
    assert model.prices.count() == 1
    sent = {"model": model.pk, **row, "meant": "on"}
    assert staff.post(reverse("admin:gateway_modelprice_add"), sent).status_code == 302
    coming = model.prices.latest("starts_at")
    assert coming.output_price == int(float(price) * MICRO)
    page = staff.get(reverse("admin:gateway_modelprice_change", args=[coming.pk])).content.decode()
    assert f'name="output_price" value="{price}"' in page


@pytest.mark.parametrize("role", ["support", "finance"])
def test_what_is_left_of_a_price_is_shown_to_nobody_who_may_not_see_what_it_costs(
    model: Model, role: str
) -> None:
    client = staff_client([role])
    for place in (page_of(model), reverse("admin:gateway_model_changelist") + f"?q={model.name}"):
        shown = client.get(place).content.decode()
        assert model.name in shown
        assert "44.4 %" not in shown
