"""The back office in a browser: staff who are signed in, and pictures of its pages."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page

from tests.journeys.browsers import aside, watch
from tests.journeys.test_every_page import PICTURES, SCHEMES
from tests.processes import Server

WIDTHS = (1440, 768, 360)


@contextmanager
def opened(browser: Browser, server: Server, client: Client) -> Iterator[Page]:
    """Open a page as the member of staff that a client is; nothing in it may go wrong."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": server.url}
    context.add_cookies([cookie])  # type: ignore[list-item]
    page = context.new_page()
    wrong = watch(page, allowed={server.url})
    yield page
    context.close()
    assert wrong == []


def picture(page: Page, name: str, *, anew: bool = True) -> None:
    """Take pictures of a page, and see that none is wider than its screen.

    It is loaded anew, as the admin minds its colours then, where it is no answer to a form.
    """
    for scheme in (*SCHEMES[1:], SCHEMES[0]):
        page.emulate_media(color_scheme=scheme)
        if anew:
            page.reload()
        file = PICTURES / "office" / f"{name}-{scheme}.jpg"
        page.screenshot(path=file, full_page=True, type="jpeg", quality=60)
    for width in WIDTHS[1:]:
        page.set_viewport_size({"width": width, "height": 900})
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        file = PICTURES / "office" / f"{name}-{width}.jpg"
        page.screenshot(path=file, full_page=True, type="jpeg", quality=60)
        assert over <= 0, f"{name} is {over} px wider than {width}"
    page.set_viewport_size({"width": 1440, "height": 900})


__all__ = ["aside", "opened", "picture"]
