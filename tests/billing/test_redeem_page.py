"""Codes are redeemed on the website, and guessing is stopped."""

from billing import codes
from tests.accounts.people import new_member
from tests.people import Browser, NabzClanProcess
from tests.processes import Server


def test_codes_are_redeemed_on_the_website(server: Server, nabzclan: NabzClanProcess) -> None:
    browser = Browser(server)
    user = new_member(browser, nabzclan)
    _, text = codes.make(value=2_500_000, by=None)
    browser.open("/billing")
    page = browser.submit("/billing/redeem", code=text)
    assert "2.5 credits are yours." in page.text
    assert "Redeemed a code" in page.text
    page = browser.submit("/billing/redeem", code=text)
    assert "You have redeemed this code already." in page.text
    for wrong in ("\0", "x" * 5_000, ""):
        page = browser.submit("/billing/redeem", code=wrong)
        assert "There is no such code." in page.text
    user.account.refresh_from_db()
    assert user.account.balance == 2_500_000


def test_guessing_is_stopped(server: Server, nabzclan: NabzClanProcess) -> None:
    browser = Browser(server)
    new_member(browser, nabzclan)
    browser.open("/billing")
    seen = []
    for _ in range(12):
        browser.open("/billing")
        seen.append(browser.submit("/billing/redeem", code="LUMYX-1").status_code)
    assert seen[:10] == [200] * 10
    assert seen[-1] == 429
