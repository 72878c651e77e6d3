"""The main journeys without a mouse."""

from playwright.sync_api import Browser, Page, expect

from tests.journeys.test_customer_journey import choose
from tests.people import NabzClanProcess
from tests.processes import Server

MOST_TABS = 90
FOCUSED = """(() => {
  const one = document.activeElement, style = getComputedStyle(one);
  const label = one.labels?.[0]?.innerText || one.getAttribute('aria-label') || one.innerText || '';
  const box = one.getBoundingClientRect();
  return {name: label.trim(), tag: one.tagName,
    seen: style.outlineStyle !== 'none' && box.width > 0 && box.height > 0};
})()"""


def reach(page: Page, name: str) -> None:
    """Press Tab until something with this name has the focus; each stop must be seen."""
    passed = []
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused["tag"] == "BODY":
            continue
        assert focused["seen"], f"the focus cannot be seen on {focused}"
        if name in focused["name"]:
            return
        passed.append(focused["name"])
    raise AssertionError(f"{name!r} was not reached on {page.url}: {passed}")


def press(page: Page, name: str, key: str = "Enter") -> None:
    reach(page, name)
    page.keyboard.press(key)


def test_a_newcomer_comes_from_sign_in_to_a_key_and_revokes_it(
    page: Page, server: Server, nabzclan: NabzClanProcess
) -> None:
    person = nabzclan.new_person()
    page.goto(f"{server.url}/")
    press(page, "Skip to the content")
    choose(page, server, person["name"])
    page.wait_for_url(f"{server.url}/welcome")
    press(page, "I am 13 or older", "Space")
    press(page, "I have read and accept", "Space")
    press(page, "Create my account")
    page.wait_for_url(f"{server.url}/dashboard")
    press(page, "Make a key")
    page.wait_for_url(f"{server.url}/keys/new")
    reach(page, "Name")
    page.keyboard.type("Typed")
    press(page, "Make the key")
    expect(page.get_by_role("heading", name="Your new key")).to_be_visible()
    press(page, "curl", "ArrowRight")
    expect(page.get_by_role("tab", selected=True)).to_have_text("Python")
    press(page, "All keys")
    page.wait_for_url(f"{server.url}/keys")
    press(page, "Revoke")
    dialog = page.get_by_role("dialog", name="Revoke Typed?")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert page.evaluate(FOCUSED)["name"] == "Revoke Typed"
    page.keyboard.press("Enter")
    press(page, "Revoke it")
    expect(page.get_by_text("Typed is revoked.")).to_be_visible()


def test_the_menus_of_a_phone_open_and_close(browser: Browser, server: Server) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.goto(f"{server.url}/docs")
    press(page, "Menu")
    models = page.locator(".topbar .sheet").get_by_role("link", name="Models")
    expect(models).to_be_visible()
    page.keyboard.press("Escape")
    expect(models).to_be_hidden()
    assert page.evaluate(FOCUSED)["name"] == "Menu"
    page.keyboard.press("Enter")
    press(page, "Models")
    page.wait_for_url(f"{server.url}/models")
    context.close()
