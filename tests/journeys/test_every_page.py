"""Each page of the site, light and dark, on phones, tablets and wide screens, as people see it.

The pictures lie under `var/screenshots` afterwards.
"""

import gzip
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Error, Page, Response

from tests.journeys import site
from tests.journeys.browsers import aside, watch
from tests.journeys.site import Visit
from tests.processes import Server
from tests.shop import StripeProcess

PICTURES = Path(settings.BASE_DIR) / "var" / "screenshots"
WIDTHS = {360: 740, 768: 1024, 1440: 900}
HIGHEST = 2_500
"""Pixels of a page that a picture shows."""
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
MOST_SHIFT = 0.01
"""What a page may move as it loads; up to 0.1 is called good."""
LOADS = 3
"""How often a page that moves is loaded before it is wrong: a busy machine swaps fonts late."""
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
  title: document.title, headings: document.querySelectorAll('h1').length,
  dangling: [...document.querySelectorAll('[data-open]')].map(one => one.dataset.open)
    .filter(id => !document.getElementById(id)),
  stored: localStorage.length + sessionStorage.length,
})"""


@pytest.fixture(scope="module")
def visits(server: Server, stripe: StripeProcess) -> dict[str, Visit]:
    return aside(lambda: {visit.who: visit for visit in site.visits(server, stripe)})


def open_context(browser: Browser, server: Server, visit: Visit, width: int) -> BrowserContext:
    context = browser.new_context(viewport={"width": width, "height": WIDTHS[width]})
    context.add_init_script(OBSERVE)
    if visit.session:
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": visit.session, "url": server.url}
        context.add_cookies([cookie])  # type: ignore[list-item]
    return context


def look(page: Page, path: str, answer: Response | None) -> list[str]:
    """Return what is wrong with a page that has just been loaded."""
    page.evaluate(SETTLED)
    found = page.evaluate(FOUND)
    wrong = [f"{what} {found[what]}" for what in ("refused", "dangling") if found[what]]
    shifted = found["shifted"]
    for _ in range(LOADS - 1):
        if moved(shifted) > MOST_SHIFT:
            shifted = load_again(page)
    if moved(shifted) > MOST_SHIFT:
        wrong.append(f"moved by {moved(shifted):.4f} each time it loaded: {shifted}")
    if found["headings"] != 1 or not found["title"]:
        wrong.append(f"{found['headings']} main headings, title {found['title']!r}")
    if found["stored"]:
        wrong.append("left something in the browser")
    if answer is None or answer.status != site.STATUS.get(path, 200):
        wrong.append(f"answered {answer and answer.status}")
    return wrong


def moved(shifted: list[Any]) -> float:
    """Return how much of a page moved."""
    return float(sum(one[0] for one in shifted))


def load_again(page: Page) -> list[Any]:
    """Load a page anew, with nothing remembered, and return what moved."""
    other = page.context.new_page()
    page.context.new_cdp_session(other).send("Network.setCacheDisabled", {"cacheDisabled": True})
    if page.viewport_size is not None:
        other.set_viewport_size(page.viewport_size)
    other.emulate_media(color_scheme="light", reduced_motion="reduce")
    other.goto(page.url)
    other.evaluate(SETTLED)
    shifted: list[Any] = other.evaluate(FOUND)["shifted"]
    other.close()
    return shifted


def picture(page: Page, visit: Visit, path: str, width: int) -> list[str]:
    """Take pictures of a page at a width, light and dark; return what is wrong with it."""
    page.set_viewport_size({"width": width, "height": WIDTHS[width]})
    name = f"{visit.who}{path.partition('?')[0].replace('/', '-')}.jpg"
    height = page.evaluate("document.documentElement.scrollHeight")
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        file = PICTURES / f"{scheme}-{width}" / name
        clip: Any = {"x": 0, "y": 0, "width": width, "height": min(height, HIGHEST)}
        page.screenshot(path=file, full_page=True, clip=clip, type="jpeg", quality=60)
    over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [f"{over} px wider than a screen of {width}"] if over > 0 else []


def judge(page: Page, rules: list[str] | dict[str, Any]) -> list[str]:
    """Return the serious and critical issues that axe-core finds."""
    options = {"resultTypes": ["violations"], "runOnly": rules}
    return [
        f"{issue['id']} {[node['html'][:160] for node in issue['nodes']][:3]}"
        for issue in Axe().run(page, options=options).response["violations"]
        if issue["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("width", [1440, 360])
@pytest.mark.parametrize("who", site.WHO)
def test_every_page_is_whole_light_and_accessible_at_every_size(
    browser: Browser, server: Server, visits: dict[str, Visit], who: str, width: int
) -> None:
    visit, wrong = visits[who], []
    context = open_context(browser, server, visit, width)
    page = context.new_page()
    said = watch(page, allowed={server.url}, errors=True)
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    context.new_cdp_session(page).send("Network.setCacheDisabled", {"cacheDisabled": True})
    for path in visit.paths:
        said.clear()
        answers.clear()
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": WIDTHS[width]})
        found = look(page, path, page.goto(server.url + path))
        found += said if path not in site.STATUS else []
        if width == 1440:
            found += heavy(path, answers) + judge(page, WCAG) + picture(page, visit, path, 768)
        found += picture(page, visit, path, width)
        if width == 360:
            # Dark by now; in the light all was judged on a wide screen.
            found += judge(page, {"type": "rule", "values": ["color-contrast"]})
        wrong += [f"{path}: {words}" for words in found]
    context.close()
    assert not wrong, "\n".join(wrong)


def heavy(path: str, answers: list[Response]) -> list[str]:
    """Return a word of complaint where a page and all that it loads weigh too much."""
    weight = sum(size(answer) for answer in answers)
    most = MOST_BYTES_LANDING if path == "/" else MOST_BYTES
    return [f"weighs {weight:,} bytes"] if weight > most else []


def size(answer: Response) -> int:
    """Return how many bytes came, or would come compressed as production sends them."""
    if answer.request.redirected_to or answer.status in (204, 304):
        return 0
    try:
        body = answer.body()
    except Error:
        # The browser no longer has what it took from its own memory, such as a font.
        return answer.request.sizes()["responseBodySize"]
    kind = answer.headers.get("content-type", "")
    return compressed(body) if kind.startswith(COMPRESSIBLE) else len(body)


@lru_cache(maxsize=256)
def compressed(body: bytes) -> int:
    """Return the compressed size; most of what a page loads comes with each of them."""
    return len(gzip.compress(body, 6))


def test_no_page_escapes_these_tests(visits: dict[str, Visit]) -> None:
    walked = {site.name_of(path) for visit in visits.values() for path in visit.paths}
    left = sorted(site.named() - walked - site.NO_PAGES)
    assert not left, left
