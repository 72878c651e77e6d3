"""Support finds a customer by a call, looks at their page, and freezes them; with pictures."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Browser, Page

from accounts.models import State, User
from billing import adjustments
from billing.models import MICRO, AdjustmentKind
from gateway import ids, keys
from privacy import data_requests
from tests.calls import add_call
from tests.customers import Customer, make_customer
from tests.journeys.browsers import aside, watch
from tests.journeys.test_every_page import HIGHEST, PICTURES, SCHEMES, WCAG, WIDTHS, judge
from tests.processes import Server
from tests.shop import StripeProcess, bought, settle_events
from tests.staff import make_staff, staff_client


def somebody(stripe: StripeProcess) -> tuple[Customer, str]:
    """Make a customer of whom there is something in every section, and name a call of theirs."""
    customer = make_customer(vip_level=2)
    order = bought(stripe, customer.account, cents=5_000)
    stripe.dispute(bought(stripe, customer.account))
    settle_events()
    finance, _ = make_staff("finance")
    for amount, why in ((5, "An outage on 3 May"), (200, "A credit for the beta")):
        adjustments.request(
            account=customer.account,
            kind=AdjustmentKind.GRANT,
            amount=amount * MICRO,
            reason=why,
            by=finance,
        )
    keys.issue(customer.user, name="Continuous integration", day_spend=5 * MICRO, log_days=3)
    old, _ = keys.issue(customer.user, name="Laptop")
    keys.revoke(old)
    data_requests.open_request("access", "What do you hold about me?", user=customer.user)
    now, call = timezone.now(), None
    for n in range(20):
        failed = n % 7 == 3
        call = add_call(
            customer,
            at=now - timedelta(minutes=17 * n),
            model=("echo", "anthropic/echo")[n % 2],
            status=503 if failed else 200,
            error_code="provider_unreachable" if failed else "",
            input_tokens=1_200 + 31 * n,
            output_tokens=0 if failed else 340 + n,
            charge=0 if failed else 4_200 + 17 * n,
            latency_ms=900 + 13 * n,
        )
    assert call is not None
    assert order.paid_at is not None
    return customer, ids.public(call.hex)


def session(**who: object) -> str:
    """Return the cookie of a member of staff."""
    return staff_client(**who).cookies[settings.SESSION_COOKIE_NAME].value  # type: ignore[arg-type]


def picture(page: Page, name: str, *, width: int = 1440) -> list[str]:
    """Take pictures light and dark; return what is wrong with the page."""
    page.set_viewport_size({"width": width, "height": WIDTHS[width]})
    wrong = []
    for scheme in SCHEMES:
        # The admin asks the browser as it loads a page, and these were posted.
        page.evaluate(
            f"document.documentElement.classList.toggle('dark', {scheme == 'dark':d} == 1)"
        )
        height = page.evaluate("document.documentElement.scrollHeight")
        page.screenshot(
            path=PICTURES / "office" / f"{name}-{scheme}-{width}.jpg",
            full_page=True,
            clip={"x": 0, "y": 0, "width": width, "height": min(height, HIGHEST)},
            type="jpeg",
            quality=70,
        )
        if width == 1440:
            wrong += [f"{name}, {scheme}: {words}" for words in judge(page, WCAG)]
    over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [*wrong, f"{name}: {over} px too wide at {width}"] if over > 0 else wrong


def test_support_finds_somebody_by_a_call_and_freezes_them(
    browser: Browser, server: Server, stripe: StripeProcess
) -> None:
    customer, call = aside(lambda: somebody(stripe))
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    cookie = aside(lambda: session(superuser=True))
    context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": server.url}]
    )
    page = context.new_page()
    said = watch(page, allowed={server.url}, errors=True)
    page.goto(f"{server.url}/admin/customers")
    page.get_by_label("What do you know of them?").fill(call)
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_role("heading", name="1 found").wait_for()
    wrong = picture(page, "customers-found")
    page.get_by_role("link", name=customer.user.username).click()
    page.get_by_role("heading", name="Ledger").wait_for()
    wrong += picture(page, "customer")
    for width in (768, 360):
        wrong += picture(page, "customer", width=width)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("link", name="Give or correct credits").click()
    page.get_by_label("Credits").fill("12.5")
    page.get_by_label("Reason").fill("An outage on 3 May")
    wrong += picture(page, "customer-credits")
    page.get_by_role("button", name="See what will happen").click()
    page.get_by_role("button", name="Give 12.5 credits").wait_for()
    wrong += picture(page, "customer-credits-confirm")
    page.get_by_role("link", name="change nothing").click()
    page.get_by_role("link", name="Freeze").click()
    page.get_by_label("Why?").fill("abuse, ticket 9")
    wrong += picture(page, "customer-freeze")
    page.get_by_role("button", name="Freeze").click()
    page.get_by_role("link", name="Thaw").wait_for()
    context.close()
    assert aside(lambda: User.objects.get(pk=customer.user.pk).state) == State.FROZEN
    assert not wrong + said, "\n".join(wrong + said)
