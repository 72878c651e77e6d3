"""An operator holds a route open, reads what is late, and looks at who runs into limits."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Page, expect

from billing.models import StripeEvent
from gateway import breaker_records
from gateway.models import JobRun, Route, RouteHold
from lumyx.celery import app
from tests.calls import add_call
from tests.customers import make_customer
from tests.journeys.browsers import aside
from tests.journeys.test_every_page import PICTURES
from tests.models import add_provider, add_routes
from tests.processes import ProviderProcess, Server
from tests.staff import staff_client

PAGES = ("routes", "jobs", "inbox", "abuse")


def prepare(provider: ProviderProcess) -> tuple[str, Route, Route]:
    """Make something to see; return a session, a route in order, and one that fails."""
    at = add_provider(provider.url)
    model = add_routes((at, "echo"), (add_provider(provider.url), "echo"))
    first, second = Route.objects.filter(model=model)
    with breaker_records._redis() as client:
        said = breaker_records.say(120, "status_503")
        client.set(breaker_records.name_of(second.pk), said, ex=300)
    now = timezone.now()
    JobRun.objects.all().delete()
    for number, entry in enumerate(app.conf.beat_schedule.values()):
        JobRun.objects.create(
            task=entry["task"],
            begun_at=now - timedelta(minutes=30 if number == 3 else 0),
            ended_at=now,
            duration_ms=100 + 700 * number,
            problem="OperationalError" if number == 5 else "",
            succeeded_at=now - timedelta(hours=number),
        )
    StripeEvent.objects.get_or_create(
        id="evt_operations_journey",
        type="charge.refunded",
        created_at=now,
        tries=4,
        next_try_at=now + timedelta(hours=1),
        problem="receivers: OperationalError",
    )
    customer = make_customer()
    for _ in range(3):
        add_call(customer, at=now, status=429, error_code="rate_limit_exceeded")
    add_call(customer, at=now, charge=7_250_000)
    session = staff_client(["operator"]).cookies[settings.SESSION_COOKIE_NAME].value
    return session, first, second


def test_an_operator_holds_a_route_open_and_sees_it_at_once(
    page: Page, server: Server, provider: ProviderProcess
) -> None:
    session, route, failing = aside(lambda: prepare(provider))
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": server.url}
    page.context.add_cookies([cookie])  # type: ignore[list-item]
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{server.url}/admin/operations/routes")
    row = page.locator("tr").filter(has=page.locator(f"#hold-{failing.pk}"))
    expect(row.get_by_text("status_503")).to_be_visible()
    page.locator(f"#hold-{route.pk}").click()
    expect(page.get_by_label("1 hour")).to_be_visible()
    shoot(page, "hold")
    page.get_by_label("1 hour").check()
    page.get_by_role("button", name="Hold open").click()
    line = page.locator("tr").filter(has=page.locator(f"#close-{route.pk}"))
    expect(line.get_by_text("Held open", exact=True)).to_be_visible()
    aside(lambda: RouteHold.objects.all().delete())
    # The table renews itself.
    expect(page.locator(f"#hold-{route.pk}")).to_be_visible(timeout=8_000)
    for name in PAGES:
        page.goto(f"{server.url}/admin/operations/{name}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        shoot(page, name)
        for width in (768, 360):
            page.set_viewport_size({"width": width, "height": 800})
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, (name, width, wide)
        page.set_viewport_size({"width": 1440, "height": 900})


def shoot(page: Page, name: str) -> None:
    """Take pictures of a page in light and in dark."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        # The theme is chosen as a page loads.
        page.reload()
        page.wait_for_timeout(300)
        file = PICTURES / "office" / f"operations-{name}-{scheme}.png"
        page.screenshot(path=file)
