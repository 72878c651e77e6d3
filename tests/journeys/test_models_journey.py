"""A stranger finds models in a real browser, and compares some."""

from playwright.sync_api import Browser, expect

from tests.journeys.browsers import aside, watch
from tests.models import add_model, add_provider
from tests.processes import Server

KEPT = "JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie])"


def test_a_stranger_searches_as_they_type_and_compares_what_they_found(
    browser: Browser, server: Server
) -> None:
    def offer() -> None:
        at = add_provider("https://first.example/v1")
        add_model("journey/red", at)
        add_model("journey/blue", at, capabilities=["chat"])

    aside(offer)
    context = browser.new_context()
    page = context.new_page()
    wrong = watch(page, allowed={server.url})
    page.goto(f"{server.url}/models")
    page.get_by_label("Search").press_sequentially("journey/")
    expect(page.locator("#found-count")).to_contain_text("2 of ")
    expect(page).to_have_url(f"{server.url}/models?q=journey%2F")
    page.get_by_label("Compare journey/blue").check()
    expect(page.get_by_role("button", name="Compare", exact=True)).to_be_disabled()

    page.get_by_label("tools", exact=True).check()
    expect(page.locator("#found-count")).to_contain_text("1 of ")
    page.get_by_label("Compare journey/red").check()
    assert page.evaluate(KEPT) == '[{},{},""]'
    # The model that is not listed any more is compared all the same.
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_role("columnheader", name="journey/blue")).to_be_visible()
    expect(page.get_by_role("columnheader", name="journey/red")).to_be_visible()

    page.go_back()
    expect(page.locator("#found-count")).to_contain_text("1 of ")
    page.go_back()
    expect(page.locator("#found-count")).to_contain_text("2 of ")
    assert page.evaluate(KEPT) == '[{},{},""]'
    assert context.cookies() == []
    assert wrong == []
    context.close()


def test_the_estimate_follows_what_is_typed(browser: Browser, server: Server) -> None:
    aside(lambda: add_model("journey/priced", add_provider("https://first.example/v1")))
    page = browser.new_page()
    wrong = watch(page, allowed={server.url})
    page.goto(f"{server.url}/models/journey/priced")
    page.get_by_label("Input tokens").fill("1000000")
    page.get_by_label("Output tokens").fill("0")
    expect(page.locator("#bill tfoot")).to_contain_text("2")
    page.get_by_label("Output tokens").fill("-1")
    expect(page.locator("#bill")).to_contain_text("Output tokens: ")
    assert wrong == []
    page.close()
