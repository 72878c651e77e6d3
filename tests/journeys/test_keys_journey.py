"""Somebody in a hurry makes keys in Chromium: presses twice, reloads, goes back."""

from datetime import UTC, datetime

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from gateway import keys
from tests.customers import Customer, accept, make_customer, session_of
from tests.journeys.browsers import aside
from tests.processes import Server


def _customer() -> tuple[Customer, str]:
    customer = make_customer()
    accept(customer.user)
    return customer, session_of(customer.user)


@pytest.fixture
def person(page: Page, server: Server) -> Customer:
    customer, session = aside(_customer)
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": server.url}
    page.context.add_cookies([cookie])  # type: ignore[list-item]
    return customer


def names(person: Customer) -> list[str]:
    rows = person.user.api_keys.order_by("created_at")
    return aside(lambda: list(rows.values_list("name", flat=True)))


def test_pressing_twice_and_reloading_make_one_key_whose_text_is_seen(
    page: Page, server: Server, person: Customer
) -> None:
    page.goto(f"{server.url}/keys/new")
    page.get_by_label("Name").fill("Laptop")
    slow = {"offline": False, "latency": 700, "downloadThroughput": -1, "uploadThroughput": -1}
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", slow)
    button = page.get_by_role("button", name="Make the key")
    button.evaluate("one => { one.click(); setTimeout(() => one.click(), 200); }")
    page.get_by_role("heading", name="Your new key").wait_for()
    assert page.locator("#secret").inner_text().startswith("lx-")
    page.reload()
    page.get_by_role("heading", name="This form was sent already").wait_for()
    page.get_by_role("main").get_by_role("link", name="All keys").click()
    page.wait_for_url(f"{server.url}/keys")
    assert names(person) == ["Test", "Laptop"]


def test_going_back_to_the_form_makes_a_key_only_where_the_form_is_new(
    page: Page, server: Server, person: Customer
) -> None:
    page.goto(f"{server.url}/keys/new")
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Make the key").click()
    page.get_by_role("heading", name="Your new key").wait_for()
    page.go_back()
    page.get_by_label("Name").fill("Server")
    page.get_by_role("button", name="Make the key").click()
    # Chromium asks for the page anew, since it may not be stored: the form is a new one.
    page.get_by_role("heading", name="Your new key").wait_for()
    assert names(person) == ["Test", "Laptop", "Server"]


def test_a_day_and_another_end_are_never_chosen_together(
    page: Page, server: Server, person: Customer
) -> None:
    page.goto(f"{server.url}/keys/new")
    page.get_by_label("Name").fill("Laptop")
    day, chosen = page.get_by_label("Day of the end"), page.get_by_label("at the start of a UTC")
    day.fill("2035-03-01")
    expect(chosen).to_be_checked()
    page.get_by_label("in 90 days").check()
    expect(day).to_have_value("")
    day.fill("2035-03-01")
    page.get_by_role("button", name="Make the key").click()
    page.get_by_role("heading", name="Your new key").wait_for()
    last = aside(lambda: person.user.api_keys.latest("created_at"))
    assert last.expires_at == datetime(2035, 3, 1, tzinfo=UTC)


def test_a_day_that_is_typed_in_half_makes_no_key_without_end(
    page: Page, server: Server, person: Customer
) -> None:
    page.goto(f"{server.url}/keys/new")
    page.get_by_label("Name").fill("Laptop")
    day = page.get_by_label("Day of the end")
    day.focus()
    page.keyboard.type("03")
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_label("at the start of a UTC")).to_be_checked()
    expect(page.get_by_role("alert")).to_contain_text("This day is not complete.")
    expect(day).to_be_focused()
    expect(day).to_have_attribute("aria-invalid", "true")
    assert names(person) == ["Test"]
    day.fill("2035-03-01")
    page.get_by_role("button", name="Make the key").click()
    page.get_by_role("heading", name="Your new key").wait_for()
    last = aside(lambda: person.user.api_keys.latest("created_at"))
    assert last.expires_at == datetime(2035, 3, 1, tzinfo=UTC)


def test_a_form_whose_request_was_stopped_can_be_sent_again(
    page: Page, server: Server, person: Customer
) -> None:
    page.goto(f"{server.url}/keys/new")
    page.get_by_label("Name").fill("Laptop")
    page.route("**/keys/new", lambda route: route.abort("aborted"))
    button = page.get_by_role("button", name="Make the key")
    button.click()
    expect(button).to_have_attribute("aria-busy", "true")
    expect(button).not_to_have_attribute("aria-busy", "true", timeout=12_000)
    page.unroute("**/keys/new")
    button.click()
    page.get_by_role("heading", name="Your new key").wait_for()
    assert names(person) == ["Test", "Laptop"]


@pytest.mark.parametrize("width", [360, 1440])
def test_a_name_in_one_long_word_fits_its_pages(
    page: Page, server: Server, person: Customer, width: int
) -> None:
    name = "W" * 80
    key = aside(lambda: keys.issue(person.user, name=name)[0])
    page.set_viewport_size({"width": width, "height": 800})
    sideways = "document.documentElement.scrollWidth > innerWidth"
    for path in (f"/keys/{key.pk}", f"/keys/{key.pk}/rotate"):
        page.goto(f"{server.url}{path}")
        assert not page.evaluate(sideways), path
    page.get_by_role("button", name="Rotate it").click()
    page.locator("#secret").wait_for()
    assert not page.evaluate(sideways)
    page.goto(f"{server.url}/keys")
    page.get_by_role("button", name=f"Revoke {name}").click()
    dialog = page.get_by_role("dialog", name=f"Revoke {name}?")
    assert dialog.evaluate("one => one.scrollWidth <= one.clientWidth")


def test_a_refused_form_says_so_on_top_and_leads_to_what_is_wrong(
    page: Page, server: Server, person: Customer
) -> None:
    page.goto(f"{server.url}/keys/new")
    page.get_by_label("Name").fill("Laptop")
    page.get_by_text("Rate limits").click()
    page.get_by_label("Requests a minute").fill("5000")
    page.get_by_label("Requests a UTC day").fill("0")
    page.get_by_role("button", name="Make the key").click()
    said = page.get_by_role("alert")
    expect(said).to_contain_text("No key was made. Look at Requests a minute, Requests a UTC day.")
    expect(page).to_have_title("Error: New key · LumyxAI")
    expect(page.get_by_label("Requests a minute")).to_be_focused()
    said.get_by_role("link", name="Requests a UTC day").click()
    expect(page.get_by_label("Requests a UTC day")).to_be_focused()
