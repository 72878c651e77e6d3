"""A member of staff opens Home, reads it in every size and in the dark, and follows a figure."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from billing import invariants, ledger
from billing.models import LedgerKind, Reconciliation
from gateway import hourly_use
from gateway.models import HourlyUse, JobRun
from tests.calls import add_call
from tests.customers import Customer, make_customer
from tests.journeys.browsers import aside, watch
from tests.journeys.test_every_page import FOUND, OBSERVE, PICTURES, SCHEMES, WIDTHS, judge
from tests.processes import Server
from tests.staff import staff_client

MODELS = {"claude-sonnet-4-5": 5, "gpt-5-mini": 9, "gemini-2.5-flash": 3, "mistral-large": 1}
DAYS, HOURS = 30, 24
LOWEST = "[...document.querySelectorAll('.chart')].map(one => Chart.getChart(one).scales.y.min)"


def furnish() -> str:
    """Make a month of business; return the session cookie of somebody who sees all of it."""
    customer = make_customer(vip_level=1)
    now = timezone.now()
    for day in range(1, DAYS):
        begin = now.replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=day)
        paid(customer, 2_000 + 700 * (day * 7 % 11), f"{day}")
        for place, (name, share) in enumerate(MODELS.items()):
            charge = share * (3_000_000 + 400_000 * ((day * 5 + place) % 7))
            HourlyUse.objects.create(
                hour=begin - timedelta(hours=1),
                model=name,
                provider=("anthropic", "openai")[place % 2],
                **dict.fromkeys(("calls", "tokens_in", "tokens_out"), 90 * share),
                refused=3,
                failed=share % 2,
                charge=charge,
                cost=charge * (60 + 18 * place) // 100,
                costed=charge,
            )
    for hour in range(HOURS):
        at = now - timedelta(hours=hour)
        for n in range(3 + hour * 5 % 9):
            status = 502 if n == 7 else 429 if n == 6 else 200
            times = {"latency_ms": 700 + 90 * n, "first_token_ms": 150 + 20 * n}
            add_call(customer, at=at, status=status, provider="anthropic", charge=9_000, **times)
    hourly_use.add_up(hourly_use.hour_of(now) - timedelta(hours=HOURS), now)
    invariants.run()
    Reconciliation.objects.create(payments=212, began_at=now, ended_at=now)
    JobRun.objects.update_or_create(
        task="billing.tasks.sweep_holds", defaults={"begun_at": now, "ended_at": now}
    )
    return staff_client(superuser=True).cookies[settings.SESSION_COOKIE_NAME].value


def paid(customer: Customer, cents: int, name: str) -> None:
    ledger.post(
        account=customer.account.pk,
        kind=LedgerKind.TOP_UP,
        amount=cents * 10_000,
        reference=f"journey {customer.account.pk} {name}",
    )


def pictures(page: Page) -> list[str]:
    """Take a picture at each width, light and dark; return what is wrong."""
    wrong = []
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.reload()
            page.evaluate("scrollTo(0, 0)")
            page.wait_for_timeout(300)
            page.screenshot(path=PICTURES / "office" / f"home-{width}-{scheme}.png", full_page=True)
            found: dict[str, Any] = page.evaluate(FOUND)
            over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            wrong += [f"{width}: {one}" for one in found["refused"]]
            wrong += [f"{width}: {over} px too wide"] if over > 0 else []
    return wrong


def test_home_is_read_in_every_size_and_leads_on(browser: Browser, server: Server) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_init_script(OBSERVE)
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": aside(furnish), "url": server.url}
    context.add_cookies([cookie])  # type: ignore[list-item]
    page = context.new_page()
    said = watch(page, allowed={server.url}, errors=True)
    page.goto(f"{server.url}/admin/")
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    assert page.evaluate(LOWEST) == [0, 0]
    page.get_by_text("Show the numbers as a table").first.press("Enter")
    expect(page.get_by_role("columnheader", name="Failed (5xx)")).to_be_visible()
    assert pictures(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    mine = {"type": "tag", "values": ["wcag2a", "wcag2aa"]}
    assert [one for one in judge(page, mine) if "office" in one] == []
    page.get_by_role("link", name="Credits outstanding").click()
    page.wait_for_url(f"{server.url}/admin/billing/account/?balance__gt=0")
    assert said == []
    context.close()
