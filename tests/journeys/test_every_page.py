"""Each page of the site, light and dark, on phones, tablets and wide screens, as people see it.

The pictures lie under `var/screenshots` afterwards.
"""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, Response

from tests.journeys import site
from tests.journeys.browsers import aside, chromium, watch
from tests.journeys.site import Visit
from tests.processes import Server
from tests.shop import StripeProcess

PICTURES = Path(settings.BASE_DIR) / "var" / "screenshots"
WIDTHS = {360: 740, 768: 1024, 1440: 900}
AXE = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
MOST_BYTES, MOST_BYTES_LANDING = 250_000, 150_000
COMPRESSIBLE = ("text/", "application/javascript", "application/json", "image/svg")

# Layout shifts and refused resources, from the very beginning of each page.
OBSERVE = """
window.shifted = []; window.refused = [];
new PerformanceObserver(list => { for (const one of list.getEntries())
  if (!one.hadRecentInput)
    shifted.push([one.value, ...one.sources.map(s => s.node?.className || s.node?.nodeName)]);
}).observe({type: 'layout-shift', buffered: true});
addEventListener('securitypolicyviolation',
  e => refused.push(`${e.violatedDirective} ${e.blockedURI}`));
"""
SETTLED = "document.fonts.ready.then(() => new Promise(requestAnimationFrame)).then(() => true)"
FOUND = """({
  shifted: shifted, refused: refused,
  wide: document.documentElement.scrollWidth - innerWidth,
  title: document.title, headings: document.querySelectorAll('h1').length,
  dangling: [...document.querySelectorAll('[data-open]')].map(one => one.dataset.open)
    .filter(id => !document.getElementById(id)),
  stored: localStorage.length + sessionStorage.length,
})"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def visits(server: Server, stripe: StripeProcess) -> list[Visit]:
    return aside(lambda: site.visits(server, stripe))


def open_context(browser: Browser, server: Server, visit: Visit, **how: Any) -> BrowserContext:
    context = browser.new_context(reduced_motion="reduce", **how)
    context.add_init_script(OBSERVE)
    if visit.session:
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": visit.session, "url": server.url}
        context.add_cookies([cookie])  # type: ignore[list-item]
    return context


def look(page: Page, server: Server, path: str) -> list[str]:
    """Open a page and return what is wrong with it."""
    answer = page.goto(server.url + path)
    page.evaluate(SETTLED)
    found = page.evaluate(FOUND)
    wrong = [f"{path}: {what} {found[what]}" for what in ("refused", "dangling") if found[what]]
    shift = sum(one[0] for one in found["shifted"])
    if shift > 0.001:
        wrong.append(f"{path}: moved by {shift:.4f} as it loaded: {found['shifted']}")
    if found["wide"] > 0:
        wrong.append(f"{path}: {found['wide']} px wider than the screen")
    if found["headings"] != 1 or not found["title"]:
        wrong.append(f"{path}: {found['headings']} main headings, title {found['title']!r}")
    if found["stored"]:
        wrong.append(f"{path}: left something in the browser")
    if answer is None or answer.status != site.STATUS.get(path, 200):
        wrong.append(f"{path}: answered {answer and answer.status}")
    return wrong


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_is_whole_at_every_size(
    browser: Browser, server: Server, visits: list[Visit], scheme: Any, width: int
) -> None:
    wrong: list[str] = []
    for visit in visits:
        size: Any = {"width": width, "height": WIDTHS[width]}
        context = open_context(browser, server, visit, viewport=size, color_scheme=scheme)
        page = context.new_page()
        said = watch(page, allowed={server.url}, errors=True)
        for path in visit.paths:
            said.clear()
            wrong += look(page, server, path)
            wrong += [f"{path}: {words}" for words in said if path not in site.STATUS]
            name = f"{visit.who}{path.partition('?')[0].replace('/', '-')}"
            file = PICTURES / f"{scheme}-{width}" / f"{name}.jpg"
            page.screenshot(path=file, full_page=True, type="jpeg", quality=70)
        context.close()
    assert wrong == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 360)])
def test_axe_finds_no_serious_issue_on_any_page(
    browser: Browser, server: Server, visits: list[Visit], scheme: Any, width: int
) -> None:
    wrong: list[str] = []
    for visit in visits:
        size: Any = {"width": width, "height": WIDTHS[width]}
        context = open_context(browser, server, visit, viewport=size, color_scheme=scheme)
        page = context.new_page()
        for path in visit.paths:
            page.goto(server.url + path)
            for issue in Axe().run(page, options=AXE).response["violations"]:
                if issue["impact"] in ("serious", "critical"):
                    nodes = [node["html"][:160] for node in issue["nodes"]][:3]
                    wrong.append(f"{path}: {issue['id']} {nodes}")
        context.close()
    assert wrong == []


def test_no_page_is_heavy(browser: Browser, server: Server, visits: list[Visit]) -> None:
    heavy: list[str] = []
    for visit in visits:
        for path in visit.paths:
            context = open_context(browser, server, visit)
            page = context.new_page()
            answers: list[Response] = []
            page.on("response", answers.append)
            page.goto(server.url + path)
            page.evaluate(SETTLED)
            weight = sum(size(answer) for answer in answers)
            if weight > (MOST_BYTES_LANDING if path == "/" else MOST_BYTES):
                heavy.append(f"{path}: {weight:,} bytes")
            context.close()
    assert heavy == []


def size(answer: Response) -> int:
    """Return how many bytes came, or would come compressed as production sends them."""
    if answer.request.redirected_to or answer.status in (204, 304):
        return 0
    body = answer.body()
    kind = answer.headers.get("content-type", "")
    return len(gzip.compress(body, 6)) if kind.startswith(COMPRESSIBLE) else len(body)


def test_no_page_escapes_these_tests(visits: list[Visit]) -> None:
    walked = {site.name_of(path) for visit in visits for path in visit.paths}
    assert site.named() - walked - set(site.NO_PAGES) == set()
