"""Customers walk through the site in a real browser."""

import time
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Page, expect

from accounts.models import User
from billing import accounts, ledger
from billing.models import MICRO
from tests.accounts.test_corrections import mailed_link
from tests.journeys.browsers import aside, watch
from tests.people import NabzClanProcess
from tests.processes import ProviderProcess, Server

OPENS_NOTHING = """[...document.querySelectorAll('[data-open]')].map(one => one.dataset.open)
    .filter(id => !document.getElementById(id))"""
"""Buttons whose dialog is not on the page."""
PEOPLE = {"nova": 0, "vega": 1, "rigel": 2, "sirius": 3, "altair": 4, "atlas": 0}


def choose(page: Page, server: Server, person: str) -> None:
    page.goto(f"{server.url}/sign-in")
    page.get_by_role("button", name="Continue with NabzClan").click()
    page.get_by_role("button", name=person).first.click()
    page.wait_for_url(f"{server.url}/**")


def enter(page: Page, server: Server, person: str) -> None:
    """Sign in, and accept where it is asked."""
    choose(page, server, person)
    if urlsplit(page.url).path == "/welcome":
        page.get_by_label("I am 13 or older").check()
        page.get_by_label("I have read and accept").check()
        page.get_by_role("button", name="Create my account").click()
    page.wait_for_url(f"{server.url}/dashboard")


def make_first_key(page: Page) -> str:
    """Make a key from the dashboard, and return its text."""
    page.get_by_role("link", name="Make a key").click()
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Make the key").click()
    return page.locator("#secret").inner_text()


@pytest.mark.parametrize("person", PEOPLE)
def test_each_person_signs_in_and_sees_their_level(
    page: Page, server: Server, nabzclan: NabzClanProcess, person: str
) -> None:
    wrong = watch(page, allowed={server.url, nabzclan.url})
    enter(page, server, person)
    page.get_by_role("link", name="Account").first.click()
    level = f"VIP {PEOPLE[person]}" if PEOPLE[person] else "no VIP"
    expect(page.get_by_text(level, exact=True)).to_be_visible()
    assert wrong == []


def test_a_child_is_refused_and_nothing_is_kept(
    page: Page, server: Server, nabzclan: NabzClanProcess
) -> None:
    choose(page, server, "pixie")
    page.get_by_label("I am under 13").check()
    page.get_by_role("button", name="Create my account").click()
    expect(page.get_by_role("heading", name="Not yet")).to_be_visible()
    assert not aside(User.objects.filter(nabzclan_id="6").exists)
    page.goto(f"{server.url}/dashboard")
    assert urlsplit(page.url).path == "/sign-in"


def test_the_browser_holds_one_cookie_that_ends_with_it(
    page: Page, server: Server, nabzclan: NabzClanProcess
) -> None:
    enter(page, server, "nova")
    for path in ("/account", "/account/sessions", "/keys", "/privacy", "/dashboard"):
        page.goto(server.url + path)
    cookies = [c for c in page.context.cookies() if c["domain"] == urlsplit(server.url).hostname]
    assert [cookie["name"] for cookie in cookies] == ["session"]
    assert cookies[0]["expires"] == -1
    assert cookies[0]["httpOnly"]
    assert (
        page.evaluate("Object.keys(localStorage).length + Object.keys(sessionStorage).length") == 0
    )


def test_correcting_the_email_and_signing_out(
    page: Page, server: Server, nabzclan: NabzClanProcess
) -> None:
    wrong = watch(page, allowed={server.url, nabzclan.url})
    person = nabzclan.new_person()
    enter(page, server, person["name"])
    page.goto(f"{server.url}/account")
    page.get_by_role("button", name="Change").nth(2).click()
    dialog = page.get_by_role("dialog", name="Correct your email address")
    new = f"journey-{person['id']}@example.com"
    dialog.get_by_label("Email").fill(new)
    dialog.get_by_role("button", name="Mail me a link").click()
    expect(page.get_by_text("We mailed a link")).to_be_visible()
    page.goto(server.url + mailed_link(new))
    page.get_by_role("button", name="Confirm it").click()
    expect(page.get_by_text(f"Your email address is now {new}.")).to_be_visible()
    expect(page.get_by_text("corrected by you")).to_be_visible()
    page.get_by_role("button", name="Sign out").last.click()
    page.wait_for_url(f"{server.url}/")
    page.goto(f"{server.url}/account")
    assert urlsplit(page.url).path == "/sign-in"
    assert wrong == []


def test_the_first_minute_from_sign_in_to_a_charged_call(
    page: Page, server: Server, provider: ProviderProcess, nabzclan: NabzClanProcess
) -> None:
    wrong = watch(page, allowed={server.url, nabzclan.url})
    person = nabzclan.new_person()
    enter(page, server, person["name"])
    aside(lambda: give(str(person["id"])))
    key = make_first_key(page)
    page.get_by_role("tab", name="Python").click()
    expect(page.get_by_text("from openai import OpenAI")).to_be_visible()
    page.get_by_role("link", name="I have copied it").click()
    expect(page.get_by_text("Paste this where your code runs")).to_be_visible()
    answer = requests.post(
        f"{server.api}/chat/completions",
        json={"model": "echo", "messages": [{"role": "user", "content": "Hello there"}]},
        headers={"Authorization": f"Bearer {key}"},
        timeout=10,
    )
    charge = answer.headers["X-Lumyx-Charge"]
    expect(page.get_by_role("heading", name="Recent calls")).to_be_visible(timeout=12_000)
    expect(page.locator("td[data-label=Charge]", has_text=charge)).to_be_visible()
    assert wrong == []


def test_a_key_is_revoked_once_it_is_confirmed(
    page: Page, server: Server, nabzclan: NabzClanProcess
) -> None:
    wrong = watch(page, allowed={server.url, nabzclan.url})
    enter(page, server, nabzclan.new_person()["name"])
    key = make_first_key(page)
    page.get_by_role("link", name="All keys").click()
    assert page.evaluate(OPENS_NOTHING) == []
    page.get_by_role("button", name="Revoke").click()
    dialog = page.get_by_role("dialog", name="Revoke Laptop?")
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Revoke").click()
    dialog.get_by_role("button", name="Revoke it").click()
    expect(page.get_by_text("Laptop is revoked.")).to_be_visible()
    expect(page.get_by_role("heading", name="No keys in force")).to_be_visible()
    time.sleep(1)
    answer = requests.get(
        f"{server.api}/key", headers={"Authorization": f"Bearer {key}"}, timeout=10
    )
    assert answer.status_code == 401
    assert wrong == []


def give(nabzclan_id: str) -> None:
    """Give somebody credits."""
    account = accounts.open_for(User.objects.get(nabzclan_id=nabzclan_id))
    ledger.post(account=account.id, kind="grant", amount=MICRO, reference=f"minute {nabzclan_id}")


def test_a_wrong_value_opens_its_dialog_again_with_the_reason(
    page: Page, server: Server, nabzclan: NabzClanProcess
) -> None:
    person = nabzclan.new_person()
    enter(page, server, person["name"])
    page.goto(f"{server.url}/account")
    page.get_by_role("button", name="Change").nth(2).click()
    dialog = page.get_by_role("dialog", name="Correct your email address")
    dialog.get_by_label("Email").fill("nobody")
    dialog.get_by_role("button", name="Mail me a link").click()
    expect(dialog.get_by_text("Write an address such as")).to_be_visible()
