"""A person sees what is held about them, and does all they may about it, in a real browser."""

import json
import zipfile
from datetime import timedelta

from playwright.sync_api import Page, expect

from accounts.models import User
from privacy import erasure
from privacy.models import Erasure
from tests.journeys.browsers import aside, watch
from tests.journeys.test_customer_journey import choose, enter
from tests.people import NabzClanProcess
from tests.processes import Process, ProviderProcess, Server, forget_queue


def test_a_copy_is_made_while_one_watches_and_is_taken_home(
    page: Page, server: Server, nabzclan: NabzClanProcess, worker: Process
) -> None:
    wrong = watch(page, allowed={server.url, nabzclan.url})
    person = nabzclan.new_person()
    enter(page, server, person["name"])
    page.get_by_role("link", name="Privacy", exact=True).first.click()
    expect(page.get_by_role("heading", name="What we hold")).to_be_visible()
    page.get_by_role("button", name="Make a copy").click()
    link = page.get_by_role("link", name="Download", exact=True)
    expect(link).to_be_visible(timeout=30_000)
    with page.expect_download() as waiting:
        link.click()
    with zipfile.ZipFile(waiting.value.path()) as archive:
        assert {"index.html", "manifest.json", "profile.json", "profile.csv"} <= set(
            archive.namelist()
        )
        assert person["name"] in archive.read("index.html").decode()
    assert wrong == []


def test_a_person_does_it_all_from_the_privacy_centre_alone(
    page: Page, server: Server, nabzclan: NabzClanProcess, provider: ProviderProcess
) -> None:
    wrong = watch(page, allowed={server.url, nabzclan.url})
    person = nabzclan.new_person()
    enter(page, server, person["name"])
    user = aside(lambda: User.objects.get(nabzclan_id=str(person["id"])))
    centre = f"{server.url}/privacy/centre"
    page.goto(centre)
    expect(page.get_by_role("heading", name="Staff who looked")).to_be_visible()
    expect(page.get_by_role("cell", name="That you are 13 or older")).to_be_visible()
    # Correct.
    page.get_by_role("link", name="Correct your account").click()
    page.get_by_role("button", name="Change").nth(1).click()
    dialog = page.get_by_role("dialog", name="Correct your username")
    dialog.get_by_label("Username").fill(f"{person['name']}-corrected")
    dialog.get_by_role("button", name="Correct it").click()
    expect(page.get_by_text("corrected by you")).to_be_visible()
    page.goto(centre)
    # Ask.
    page.get_by_role("link", name="Ask us something").click()
    page.get_by_label("What is it about?").select_option("question")
    page.get_by_label("Your message").fill("How long do you keep my calls?")
    page.get_by_role("button", name="Send").click()
    page.get_by_role("link", name="Follow it in the privacy centre").click()
    expect(page.get_by_text("A question about privacy")).to_be_visible()
    # Leave, and come back.
    leave(page, f"{person['name']}-corrected")
    choose(page, server, person["name"])
    expect(page.get_by_role("heading", name="Your account is closing")).to_be_visible()
    page.get_by_role("button", name="Keep my account").click()
    page.wait_for_url(f"{server.url}/dashboard")
    # Leave for good.
    page.goto(centre)
    leave(page, f"{person['name']}-corrected")
    found = aside(lambda: Erasure.objects.get(user=user, state="grace"))
    forget_queue()
    later = found.grace_until + timedelta(seconds=1)
    assert aside(lambda: erasure.carry_out(str(found.pk), now=later))
    aside(found.refresh_from_db)
    page.goto(f"{server.url}/privacy/receipts")
    page.get_by_label("The receipt").fill(json.dumps(found.receipt))
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text("Genuine.")).to_be_visible()
    # Coming back makes a new account.
    enter(page, server, person["name"])
    assert aside(lambda: User.objects.get(nabzclan_id=str(person["id"]))).pk != user.pk
    assert wrong == []


def leave(page: Page, name: str) -> None:
    """Read the plan, and delete the account."""
    page.get_by_role("link", name="See the plan").click()
    expect(page.get_by_role("heading", name="What stays, without your name")).to_be_visible()
    size = page.viewport_size
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "wider than a phone"
    if size is not None:
        page.set_viewport_size(size)
    expect(page.get_by_text("The last backup that still holds you has ended.")).to_be_visible()
    page.get_by_label("Your username, to be sure").fill("somebody else")
    page.get_by_role("button", name="Delete my account").click()
    expect(page.get_by_text("That is not your username.")).to_be_visible()
    page.get_by_label("Your username, to be sure").fill(name)
    page.get_by_role("button", name="Delete my account").click()
    expect(page.get_by_role("heading", name="Your account is closing")).to_be_visible()
