"""A privacy officer drafts a version, sees what it changes and how it looks, and drops it."""

from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Browser, expect

from privacy import data_requests, policies
from privacy.models import PolicyDraft, RequestKind
from tests.customers import make_customer
from tests.journeys.browsers import aside
from tests.journeys.office import opened, picture
from tests.processes import Server
from tests.staff import staff_client


def asked() -> None:
    """Make requests of different urgency."""
    for days, kind in ((33, RequestKind.ACCESS), (26, RequestKind.EXPORT), (2, RequestKind.CHILD)):
        user = make_customer(credit=0).user
        moment = timezone.now() - timedelta(days=days)
        data_requests.open_request(kind, "words", user=user, now=moment)


def test_a_privacy_officer_looks_after_the_promises(browser: Browser, server: Server) -> None:
    aside(asked)
    client = aside(lambda: staff_client(["privacy officer"]))
    other = aside(lambda: staff_client(["privacy officer"]))
    effective = timezone.now().date() + timedelta(days=30)
    text = policies.shipped("privacy").text
    text = text.replace("March 20, 2026", f"{effective:%B %-d, %Y}")
    text = text.replace("5. Data Sharing", "5. Sharing Data")
    with opened(browser, server, client) as page:
        page.goto(f"{server.url}/admin/privacy/policies")
        page.get_by_role("link", name="Draft a new version").first.click()
        picture(page, "privacy-policy-form")
        page.get_by_label("Takes effect on (UTC)").fill(str(effective))
        page.get_by_label("What changes").fill("Section 5 has a clearer title.")
        page.get_by_label("Text", exact=True).fill(text)
        page.get_by_role("button", name="Keep the draft").click()
        expect(page.get_by_text("It waits for a second person.")).to_be_visible()
        expect(page.locator("ins", has_text="5. Sharing Data")).to_be_visible()
        picture(page, "privacy-policy-draft")
        draft = page.url
        page.get_by_role("link", name="Preview").click()
        expect(page.get_by_role("heading", name="5. Sharing Data")).to_be_visible()
        picture(page, "privacy-policy-preview")
        page.goto(f"{server.url}/admin/privacy/promises")
        picture(page, "privacy-promises")
        page.goto(f"{server.url}/admin/privacy/datarequest/")
        expect(page.get_by_text("overdue by 3 days").first).to_be_visible()
        picture(page, "privacy-requests")
        page.goto(f"{server.url}/admin/privacy/staffaccess/")
        picture(page, "privacy-looks")
    with opened(browser, server, other) as page:
        page.goto(f"{draft}/publish")
        expect(page.get_by_text("This cannot be undone.")).to_be_visible()
        picture(page, "privacy-policy-publish")
        page.goto(f"{server.url}/admin/privacy/policies")
        picture(page, "privacy-policies")
        page.goto(f"{draft}/discard")
        page.get_by_role("button", name="Discard the draft").click()
        expect(page.get_by_text("Nothing is being written.")).to_be_visible()
    assert aside(lambda: not PolicyDraft.objects.filter(pk=draft.rsplit("/", 1)[-1]).exists())
