"""People buy credits in a real browser: they pay, are declined, leave, and top up by themselves."""

import itertools

import requests
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from billing.models import MICRO, LedgerEntry, StripeCustomer
from gateway import keys
from tests.journeys.browsers import aside, watch
from tests.journeys.test_customer_journey import enter
from tests.people import NabzClanProcess
from tests.processes import Process, ProviderProcess, Server, wait_until
from tests.shop import StripeProcess


def begin(page: Page, server: Server, nabzclan: NabzClanProcess) -> User:
    person = nabzclan.new_person()
    enter(page, server, person["name"])
    page.goto(f"{server.url}/billing")
    expect(page.get_by_role("heading", name="Buy credits")).to_be_visible()
    return aside(lambda: User.objects.get(nabzclan_id=str(person["id"])))


def credited(user: User) -> list[int]:
    """Return what was credited to somebody for payments, in the order in which it was."""
    entries = LedgerEntry.objects.filter(account__user=user, kind="top_up").order_by("id")
    return [entry.amount for entry in entries]


def test_buying_a_pack_raises_the_balance_once(
    page: Page, server: Server, stripe: StripeProcess, nabzclan: NabzClanProcess, worker: Process
) -> None:
    wrong = watch(page, allowed={server.url, nabzclan.url, stripe.url})
    user = begin(page, server, nabzclan)
    stripe.control("webhooks", copies=3)
    try:
        page.get_by_role("button", name="$20.00").click()
        page.get_by_role("button", name="Pay $20.00").click()
        page.wait_for_url(f"{server.url}/billing/orders/**")
        expect(page.get_by_role("heading", name="20 credits are yours")).to_be_visible(
            timeout=40_000
        )
    finally:
        stripe.control("webhooks", copies=1)
    page.get_by_role("link", name="Receipt LX-").click()
    expect(page.get_by_text("Total paid")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation", name="Console")).to_be_hidden()
    page.emulate_media(media="screen")
    page.get_by_role("link", name="Billing").first.click()
    expect(page.get_by_text("Bought credits, LX-")).to_be_visible()
    assert aside(lambda: credited(user)) == [20 * MICRO]
    assert wrong == []


def test_a_declined_card_can_be_followed_by_another(
    page: Page, server: Server, stripe: StripeProcess, nabzclan: NabzClanProcess, worker: Process
) -> None:
    user = begin(page, server, nabzclan)
    page.get_by_label("Another amount").fill("7.50")
    page.get_by_role("button", name="Pay at Stripe").click()
    page.get_by_role("button", name="With a card that is declined").click()
    expect(page.get_by_role("alert")).to_contain_text("declined")
    assert aside(lambda: credited(user)) == []
    page.get_by_role("button", name="With a card that asks for its owner").click()
    page.get_by_role("button", name="Yes, it is me").click()
    expect(page.get_by_role("heading", name="7.5 credits are yours")).to_be_visible(timeout=40_000)
    assert aside(lambda: credited(user)) == [7_500_000]


def test_leaving_costs_nothing(
    page: Page, server: Server, stripe: StripeProcess, nabzclan: NabzClanProcess
) -> None:
    user = begin(page, server, nabzclan)
    page.get_by_role("button", name="$5.00").click()
    page.get_by_role("link", name="Back to the shop").click()
    expect(page.get_by_text("You did not pay.")).to_be_visible()
    page.get_by_role("link", name="Back to billing").click()
    expect(page.get_by_role("heading", name="Buy credits")).to_be_visible()
    assert aside(lambda: credited(user)) == []


def test_a_wrong_amount_says_what_to_do(
    page: Page, server: Server, nabzclan: NabzClanProcess
) -> None:
    begin(page, server, nabzclan)
    page.get_by_label("Another amount").fill("3")
    page.get_by_role("button", name="Pay at Stripe").click()
    expect(page.get_by_text("The least is $5.")).to_be_visible()


def test_a_call_that_crosses_the_threshold_tops_up(
    page: Page,
    server: Server,
    provider: ProviderProcess,
    stripe: StripeProcess,
    nabzclan: NabzClanProcess,
    worker: Process,
) -> None:
    user = begin(page, server, nabzclan)
    page.get_by_role("button", name="$5.00").click()
    page.get_by_role("button", name="Pay $5.00").click()
    expect(page.get_by_role("heading", name="5 credits are yours")).to_be_visible(timeout=40_000)
    page.goto(f"{server.url}/billing/automatic")
    page.get_by_role("button", name="Save a card at Stripe").click()
    page.get_by_role("button", name="Save card").click()
    page.wait_for_url(f"{server.url}/billing/automatic**")
    wait_until(
        lambda: (
            page.reload() is not None
            and page.get_by_text("saved at Stripe", exact=True).is_visible()
        ),
        seconds=20,
        what="the card",
    )
    page.get_by_role("switch", name="Top up automatically").check()
    page.get_by_label("When the balance falls below").first.fill("4.999999")
    page.get_by_label("Buy credits for").fill("10")
    page.get_by_role("button", name="Save", exact=True).first.click()
    expect(page.get_by_text("Automatic top-up is on.")).to_be_visible()
    assert aside(lambda: credited(user)) == [5 * MICRO]
    _, key = aside(lambda: keys.issue(user, name="Journey"))
    answer = requests.post(
        f"{server.api}/chat/completions",
        json={"model": "echo", "messages": [{"role": "user", "content": "Hello there"}]},
        headers={"Authorization": f"Bearer {key}"},
        timeout=10,
    )
    assert answer.status_code == 200
    wait_until(
        lambda: aside(lambda: credited(user)) == [5 * MICRO, 10 * MICRO],
        seconds=40,
        what="the automatic top-up",
        seen=lambda: f"{aside(lambda: credited(user))} {worker.text()} {server.text()}",
    )
    page.goto(f"{server.url}/billing")
    expect(page.get_by_text("Automatic top-up, LX-")).to_be_visible()


def test_a_saved_card_and_its_buttons_do_not_lie_on_each_other_on_a_phone(
    browser: Browser, server: Server, nabzclan: NabzClanProcess
) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 800})
    page = context.new_page()
    user = begin(page, server, nabzclan)
    card = {"id": f"cus_{user.pk.hex}", "payment_method": "pm_1"}
    aside(lambda: StripeCustomer.objects.create(account=user.account, **card))
    page.goto(f"{server.url}/billing/automatic")
    parts = [
        page.get_by_text("saved at Stripe", exact=True),
        page.get_by_role("button", name="Replace it"),
        page.get_by_role("button", name="Remove it at Stripe"),
    ]
    boxes = [part.bounding_box() for part in parts]
    for one, other in itertools.combinations(boxes, 2):
        assert one is not None
        assert other is not None
        beside = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
        above = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
        assert beside or above
    context.close()


def test_no_price_is_cut_on_a_phone(
    browser: Browser, server: Server, nabzclan: NabzClanProcess
) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 800})
    page = context.new_page()
    enter(page, server, nabzclan.new_person()["name"])
    page.goto(f"{server.url}/billing")
    page.evaluate("document.querySelectorAll('.price').forEach(p => p.textContent = '$1,000.00')")
    cut = "[...document.querySelectorAll('.pack')].some(p => p.scrollWidth > p.clientWidth)"
    assert not page.evaluate(cut)
    context.close()
