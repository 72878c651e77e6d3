"""Staff enrol second factors in a real browser, and reach the admin with them alone."""

import time
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from privacy.models import Look, StaffAccess
from tests.accounts.test_staff import code
from tests.customers import make_customer
from tests.journeys.browsers import aside, watch
from tests.processes import Server
from tests.staff import make_staff

PERIOD = 30


@pytest.fixture
def site(server: Server) -> str:
    """The site under a name: passkeys belong to a domain, never to an address."""
    return server.url.replace("127.0.0.1", "localhost")


def sign_in(page: Page, site: str, name: str, password: str) -> None:
    page.goto(f"{site}/accounts/staff/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign In").click()


def sign_out(page: Page, site: str) -> None:
    page.goto(f"{site}/accounts/2fa/")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{site}/")


def say_why(page: Page, site: str, user: User) -> None:
    """Open a list of people: the reason is asked for first, kept, shown and noted."""
    customer = aside(make_customer)
    page.goto(f"{site}/admin/accounts/user/?q={customer.user.username}")
    assert urlsplit(page.url).path == "/admin/reason"
    page.get_by_label("Why do you look?").fill("no")
    page.get_by_role("button", name="Go on").click()
    assert urlsplit(page.url).path == "/admin/reason"
    page.get_by_label("Why do you look?").fill("ticket 12 of a customer")
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url(f"{site}/admin/accounts/user/?q={customer.user.username}")
    expect(page.get_by_role("link", name=customer.user.username)).to_be_visible()
    expect(page.get_by_text("ticket 12 of a customer")).to_be_visible()
    rows = aside(lambda: list(StaffAccess.objects.filter(user=customer.user)))
    assert [(row.staff_id, row.how, row.reason) for row in rows] == [
        (user.pk, Look.LIST, "ticket 12 of a customer")
    ]


def test_totp_is_enrolled_and_then_asked_for(page: Page, site: str) -> None:
    wrong = watch(page, allowed={site})
    user, password = aside(lambda: make_staff(superuser=True))
    sign_in(page, site, user.username, password)
    page.wait_for_url(f"{site}/accounts/2fa/**")
    page.get_by_role("link", name="Activate").click()
    secret = page.locator("#authenticator_secret, [name=secret]").first.input_value()
    expect(page.locator("img[src^='data:image/svg']")).to_be_visible()
    used = code(secret)
    page.get_by_label("Authenticator code").fill(used)
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_role("heading", name="Recovery Codes")).to_be_visible()
    assert wrong == []
    page.goto(f"{site}/admin/")
    assert urlsplit(page.url).path == "/admin/"
    expect(page.get_by_role("heading").first).to_be_visible()
    say_why(page, site, user)
    sign_out(page, site)

    sign_in(page, site, user.username, password)
    page.wait_for_url("**/accounts/2fa/authenticate/")
    page.goto(f"{site}/admin/")
    assert urlsplit(page.url).path != "/admin/"
    sign_in_again = page.get_by_label("Code")
    end = time.monotonic() + PERIOD + 5
    while code(secret) == used:
        assert time.monotonic() < end
        time.sleep(0.5)
    sign_in_again.fill(code(secret))
    page.get_by_role("button", name="Sign In").click()
    page.wait_for_url(f"{site}/admin/")


def test_a_passkey_is_enrolled_and_then_asked_for(page: Page, site: str) -> None:
    wrong = watch(page, allowed={site})
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    user, password = aside(lambda: make_staff(superuser=True))
    sign_in(page, site, user.username, password)
    page.wait_for_url(f"{site}/accounts/2fa/**")
    page.get_by_role("link", name="Add").click()
    page.get_by_label("Name").fill("My laptop")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name="Recovery Codes")).to_be_visible()
    page.goto(f"{site}/admin/")
    assert urlsplit(page.url).path == "/admin/"
    sign_out(page, site)

    sign_in(page, site, user.username, password)
    page.wait_for_url("**/accounts/2fa/authenticate/")
    page.get_by_role("button", name="Use a security key").click()
    page.wait_for_url(f"{site}/admin/")
    assert [one for one in wrong if "/admin/" not in one] == []


def test_without_a_factor_the_admin_stays_shut(page: Page, site: str) -> None:
    user, password = aside(lambda: make_staff(superuser=True))
    sign_in(page, site, user.username, password)
    page.goto(f"{site}/admin/accounts/user/")
    assert urlsplit(page.url).path == "/accounts/2fa/"
