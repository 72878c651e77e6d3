"""A customer watches their calls arrive, looks into one, and takes them home, in a browser."""

import pytest
import requests
from playwright.sync_api import Locator, Page, expect

from tests.journeys.browsers import aside, watch
from tests.journeys.test_customer_journey import enter, give, make_first_key
from tests.people import NabzClanProcess
from tests.processes import ProviderProcess, Server

ALONE = """count => {
  const grid = document.querySelector('#live .stats');
  while (grid.children.length > count) grid.lastElementChild.remove();
  const rows = Map.groupBy(grid.children, tile => tile.offsetTop);
  const alone = ([first, second]) =>
    !second && (innerWidth > 640 || first.offsetWidth < grid.offsetWidth);
  return [...rows.values()].some(alone) || grid.children.length - count;
}"""
"""Whether one of so many tiles stands alone; on a phone one may fill a row."""


def call(server: Server, key: str, model: str = "echo", *, stream: bool = False) -> str:
    answer = requests.post(
        f"{server.api}/chat/completions",
        json={
            "model": model,
            "messages": [{"role": "user", "content": "Hello there"}],
            "stream": stream,
        },
        headers={"Authorization": f"Bearer {key}"},
        timeout=10,
    )
    return answer.headers["x-request-id"]


def polled(page: Page, wanted: Locator, text: str | None = None) -> None:
    """Let the page's next looks come due, one after the other, until it shows what is wanted."""
    for _ in range(40):
        page.clock.fast_forward(10_000)
        try:
            if text is None:
                expect(wanted).to_be_visible(timeout=500)
            else:
                expect(wanted).to_have_text(text, timeout=500)
        except AssertionError:
            continue
        return
    pytest.fail(f"never shown: {wanted}")


def test_calls_arrive_by_themselves_and_open_beside_the_list(
    page: Page, server: Server, provider: ProviderProcess, nabzclan: NabzClanProcess
) -> None:
    wrong = watch(page, allowed={server.url, nabzclan.url})
    page.clock.install()
    person = nabzclan.new_person()
    enter(page, server, person["name"])
    aside(lambda: give(str(person["id"])))
    key = make_first_key(page)

    # The first call takes the place of the first steps, with no reload.
    page.get_by_role("link", name="I have copied it").click()
    expect(page.get_by_text("Waiting for your first call")).to_be_visible()
    first = call(server, key, stream=True)
    polled(page, page.locator(f"#row-{first}"))
    expect(page.get_by_text("Waiting for your first call")).to_be_hidden()

    # However many tiles there are, each row of them is full.
    for count in (7, 6, 5, 4):
        for width in (360, 768, 1024, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            assert not page.evaluate(ALONE, count), (count, width)
    page.set_viewport_size({"width": 1280, "height": 720})

    # The chart follows, and what one looks at stays open and keeps the focus.
    page.reload()
    table = page.locator("#days-table tbody tr").last
    page.get_by_text("As a table").click()
    page.locator("label", has_text="By key").click()
    expect(page.locator("#days-table th", has_text="Laptop")).to_be_visible()
    call(server, key, "nope")
    polled(page, table.locator("td").nth(1), "2")
    expect(page.locator("#by-key")).to_be_focused()

    # On the page of usage the keyboard is enough.
    page.goto(f"{server.url}/usage")
    sums = page.locator("#totals dd")
    expect(sums.first).to_have_text("2")
    second = call(server, key, "echo-cached")
    row = page.locator(f"#row-{second}")
    polled(page, row)
    # What they add up to came with it.
    expect(sums.first).to_have_text("3", timeout=1_000)
    row.focus()
    page.keyboard.press("Enter")
    drawer = page.get_by_role("dialog", name="A call")
    expect(drawer.get_by_role("heading", name="echo-cached")).to_be_focused()
    expect(drawer.get_by_text("Rounded up to a millionth of a credit")).to_be_visible()
    expect(drawer.get_by_text("not stored")).to_be_visible()
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(row).to_be_focused()

    page.get_by_label("Outcome").select_option("4xx")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator(".call-link")).to_have_count(1)
    # What is not filtered by is not in the address.
    expect(page).to_have_url(f"{server.url}/usage?status=4xx")
    with page.expect_download() as started:
        page.get_by_role("link", name="CSV").click()
    text = started.value.path().read_text()
    assert text.count("model_not_found") == 1
    assert second not in text
    assert wrong == []
