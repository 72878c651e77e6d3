"""A person objects to statistics and keeps no log of a key, from the privacy centre alone."""

from playwright.sync_api import Page, expect

from accounts import restrictions
from accounts.data_sets import Purpose
from accounts.models import User
from gateway import keys
from tests.journeys.browsers import aside, watch
from tests.journeys.test_customer_journey import enter
from tests.people import NabzClanProcess
from tests.processes import Server


def test_from_the_privacy_centre_alone(
    page: Page, server: Server, nabzclan: NabzClanProcess
) -> None:
    wrong = watch(page, allowed={server.url, nabzclan.url})
    person = nabzclan.new_person()
    enter(page, server, person["name"])
    user = aside(lambda: User.objects.get(nabzclan_id=str(person["id"])))
    aside(lambda: keys.issue(user, name="Laptop"))
    page.get_by_role("link", name="Privacy", exact=True).first.click()
    page.get_by_role("button", name="Object: Statistics and trends").click()
    expect(page.get_by_text("Statistics and trends: switched off")).to_be_visible()
    assert aside(lambda: restrictions.restricted(user, Purpose.ANALYSIS))
    page.get_by_role("button", name="Switch on again: Statistics and trends").click()
    expect(page.get_by_role("button", name="Object: Statistics and trends")).to_be_visible()
    assert not aside(lambda: restrictions.restricted(user, Purpose.ANALYSIS))
    page.get_by_role("link", name="Change the log of Laptop").click()
    page.get_by_label("Days in the log").fill("0")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Privacy", exact=True).first.click()
    expect(page.get_by_role("cell", name="not logged")).to_be_visible()
    assert wrong == []
