"""Every link on the site leads somewhere, and every fragment to a part of its page."""

import re
from collections import Counter
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
import requests
from django.conf import settings

from tests.journeys import site
from tests.journeys.browsers import aside
from tests.journeys.site import Visit
from tests.processes import Server
from tests.shop import StripeProcess

STARTS = {"stranger": ("/", "/llms.txt", "/sitemap.xml"), "regular": ("/dashboard",)}
MOST_PAGES = 400
"""What a crawl may come to: more means that links lead on for ever."""
MOST_QUERIES = 3
"""How many filters, sorts and pages of one address are followed: they are without number."""
WRITTEN = re.compile(r"\]\(([^)\s]+)\)|<loc>([^<]+)</loc>")
"""Links in Markdown and in a sitemap."""
PUBLIC = ("/docs", "/models", "/status", "/privacy/versions", "/llms")
"""What strangers are led through; others see that it is there."""
ABROAD = ("https://", "mailto:")
"""Links that leave: looked at, never followed."""


class Links(HTMLParser):
    """What a page links to, and the ids on it."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note addresses and ids."""
        known = dict(attributes)
        self.ids.add(known.get("id") or "")
        for name in ("href", "src", "hx-get"):
            if known.get(name) is not None and tag != "use":
                self.targets.append(str(known[name]))


def crawl(server: Server, visit: Visit) -> list[str]:
    """Follow every link of the site, each address once; return what is broken."""
    browser = requests.Session()
    if visit.session:
        browser.cookies.set(settings.SESSION_COOKIE_NAME, visit.session)
    waiting = [(server.url + path, "the start") for path in (*STARTS[visit.who], *visit.paths)]
    seen: dict[str, set[str]] = {}
    queries: Counter[str] = Counter()
    fragments: list[tuple[str, str, str]] = []
    wrong: list[str] = []
    while waiting:
        url, source = waiting.pop()
        path, _, query = url.partition("?")
        if url in seen or (query and queries[path] >= MOST_QUERIES):
            continue
        queries[path] += bool(query)
        answer = browser.get(url, timeout=20)
        page = Links()
        kind = answer.headers.get("content-type", "")
        if kind.startswith("text/html"):
            page.feed(answer.text)
        elif kind.startswith(("text/plain", "application/xml")):
            page.targets += [one or two for one, two in WRITTEN.findall(answer.text)]
        seen[url] = page.ids
        assert len(seen) < MOST_PAGES, sorted(seen)
        expected = site.STATUS.get(url.removeprefix(server.url), 200)
        # Where nothing has changed since, an htmx page is told so.
        if answer.status_code not in (expected, 204):
            wrong.append(f"{url} (from {source}): {answer.status_code}")
        if visit.session and urlsplit(url).path.startswith(PUBLIC):
            continue
        for target in page.targets:
            whole, fragment = urldefrag(urljoin(url, target))
            if whole.startswith(server.url):
                waiting.append((whole, url))
                if fragment:
                    fragments.append((whole, fragment, url))
            elif not whole.startswith(ABROAD) and not target.startswith("data:"):
                wrong.append(f"{target} (from {url}): leads to nowhere that is ours or safe")
    wrong += [
        f"{whole}#{fragment} (from {source}): nothing has this id"
        for whole, fragment, source in fragments
        if whole in seen and fragment not in seen[whole]
    ]
    return wrong


@pytest.mark.parametrize("who", STARTS)
def test_no_link_is_broken(server: Server, stripe: StripeProcess, who: str) -> None:
    [visit] = [one for one in aside(lambda: site.visits(server, stripe)) if one.who == who]
    wrong = crawl(server, visit)
    assert not wrong, "\n".join(wrong)
