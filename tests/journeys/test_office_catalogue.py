"""An operator tries a price, sets it, moves the catalogue by file and tests a connection."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from gateway import price_versions
from gateway.models import Provider, Route
from tests.calls import add_call
from tests.customers import make_customer
from tests.journeys.browsers import aside
from tests.journeys.test_every_page import PICTURES, SCHEMES
from tests.models import PRICES, add_model, add_provider
from tests.processes import ProviderProcess, Server
from tests.staff import staff_client

COSTS = {"upstream_input_price": 1_500_000, "upstream_output_price": 6_000_000}
COSTS |= {"upstream_cache_read_price": 150_000, "upstream_cache_write_price": 1_900_000}


def stage(url: str) -> tuple[str, Provider, str]:
    """Make a model with calls of six people; return its name, its provider and a session."""
    provider = add_provider(url)
    name = f"shown-{uuid.uuid4().hex[:6]}"
    model = add_model(name, provider, prices=None)
    now = timezone.now()
    price_versions.add(model.id, PRICES, starts_at=now - timedelta(days=40))
    Route.objects.filter(model=model).update(**COSTS)
    for number in range(6):
        person = make_customer()
        for day in range(5):
            add_call(
                person,
                at=now - timedelta(days=day * 4, seconds=1),
                model=name,
                provider=provider.name,
                input_tokens=900_000 + number,
                output_tokens=120_000,
                input_price=PRICES.input,
                cache_read_price=PRICES.cache_read,
                cache_write_price=PRICES.cache_write,
                output_price=PRICES.output,
                charge=1_800_000 + 2 * number + 960_000,
            )
    client = staff_client(["operator"])
    return name, provider, client.cookies[settings.SESSION_COOKIE_NAME].value


def keep(page: Page, name: str) -> None:
    """Take a picture in light and dark."""
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.screenshot(
            path=PICTURES / "office" / f"catalogue-{name}-{scheme}.jpg",
            full_page=True,
            type="jpeg",
            quality=70,
        )
    page.emulate_media(color_scheme="light")


def test_an_operator_tries_a_price_and_sets_it(
    browser: Browser, server: Server, provider: ProviderProcess
) -> None:
    name, row, session = aside(lambda: stage(provider.url))
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": server.url}
    context.add_cookies([cookie])  # type: ignore[list-item]
    page = context.new_page()
    page.goto(f"{server.url}/admin/catalogue/price-change?model={name}")
    page.get_by_label("Input").fill("1.6")
    page.get_by_role("button", name="Try these prices").click()
    expect(page.get_by_text("These prices are below cost")).to_be_visible()
    expect(page.get_by_text("Margin, before and after")).to_be_visible()
    keep(page, "price-change")
    page.set_viewport_size({"width": 360, "height": 740})
    keep(page, "price-change-360")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("link", name="Set them from").click()
    expect(page.locator("[name=input_price]")).to_have_value("1.6")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("are below cost").first).to_be_visible()
    keep(page, "price-below-cost")
    page.get_by_label("Sell below cost").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    keep(page, "prices")
    page.goto(f"{server.url}/admin/gateway/model/import/")
    text = f"name,context_window,display_name\n{name},64000,A better name\n"
    page.set_input_files(
        "[name=import_file]",
        {"name": "models.csv", "mimeType": "text/csv", "buffer": text.encode()},
    )
    page.locator("[name=format]").select_option(label="csv")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("0 new, 1 changed")).to_be_visible()
    keep(page, "import")
    page.get_by_role("button", name="Confirm import").click()
    expect(page.get_by_text("Imported: 0 new, 1 changed")).to_be_visible()
    page.goto(f"{server.url}/admin/gateway/provider/{row.pk}/change/")
    page.get_by_role("link", name="Test connection").click()
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_text("It answered with its list of models.")).to_be_visible()
    keep(page, "connection")
    context.close()
