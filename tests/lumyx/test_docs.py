"""The documentation: every page, its search, its reference and what programs read of it."""

import inspect
import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import requests
from django.test import Client
from playwright.sync_api import Page

from gateway import errors, plain_words
from gateway.error_codes import CODES
from gateway.errors import ApiError
from gateway.openapi.schema import document
from gateway.wire.chat.errors import error_body
from lumyx.docs import contents, error_codes, filling, rendering
from lumyx.highlighting import highlight
from tests.customers import Customer
from tests.journeys.browsers import chromium, watch
from tests.processes import ROOT, Server

PAGES = ["/docs", "/docs/search", *(page.url for page in contents.pages().values())]
CODE = re.compile(r'code="([a-z_]+)"|code: str = "([a-z_]+)"|"(idempotency_[a-z]+_[a-z]+)"')


class Seen(HTMLParser):
    """The ids, the links and the code of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.code: list[str] = []
        self._in_code = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))
        if tag == "pre":
            self._in_code = True
            self.code.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "pre":
            self._in_code = False

    def handle_data(self, data: str) -> None:
        if self._in_code:
            self.code[-1] += data


def seen(path: str) -> Seen:
    return Seen(Client().get(path).content.decode())


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_reads_every_page_and_gets_no_cookie(path: str) -> None:
    answer = Client().get(path)
    assert answer.status_code == 200
    assert not answer.cookies
    assert "{{" not in answer.content.decode()
    page = Seen(answer.content.decode())
    assert len(page.ids) == len(set(page.ids)), "two anchors have one name"
    assert 'style="' not in answer.content.decode()


def test_a_page_that_does_not_exist_is_not_found() -> None:
    for path in ("/docs/nothing", "/docs/nothing.md", "/docs/index.md"):
        assert Client().get(path).status_code == 404


def test_links_of_the_documentation_lead_somewhere() -> None:
    pages = {path: seen(path) for path in PAGES}
    wrong = []
    for path, page in pages.items():
        for link in page.links:
            target, _, anchor = link.partition("#")
            target = target or path
            if target in pages and anchor and anchor not in pages[target].ids:
                wrong.append((path, link))
            elif target.startswith("/docs/") and target not in pages:
                found = Client().get(target).status_code
                wrong += [(path, link)] if found != 200 else []
    assert not wrong


def test_code_is_shown_as_it_was_written() -> None:
    for page in contents.pages().values():
        fences = rendering.render(page, filling.current()).fences
        if fences:
            assert seen(page.url).code == [fence.text for fence in fences]
    text = "\n  a = 1 <b>&\n\n"
    assert Seen(f"<pre>{highlight(text, 'Python')}</pre>").code == [text]


def test_pages_are_given_as_markdown_with_whole_addresses() -> None:
    for page in contents.pages().values():
        answer = Client().get(f"{page.url}.md")
        text = answer.content.decode()
        assert answer["Content-Type"].startswith("text/markdown")
        assert text.startswith(f"# {page.title}\n")
        assert "](/" not in text
        assert "{{" not in text
        assert not re.search(r"^```\w+ ", text, re.M), "tests' own words stand in it"


def test_every_link_of_llms_txt_leads_to_a_text() -> None:
    client = Client()
    listed = client.get("/llms.txt").content.decode()
    assert re.match(r"# LumyxAI\n\n> .+\n", listed)
    links = re.findall(r"^- \[.+?\]\((\S+?)\): .+$", listed, re.M)
    assert len(links) > len(contents.pages())
    for link in links:
        path = link.replace(filling.current().url, "")
        assert path.startswith("/")
        # The API itself is served by another handler.
        assert path.startswith("/api/") or client.get(path).status_code == 200, link
    whole = client.get("/llms-full.txt").content.decode()
    assert all(f"# {page.title}\n" in whole for page in contents.pages().values())


def test_the_reference_has_every_operation_of_the_api() -> None:
    page = Client().get("/docs/api").content.decode()
    ids = Seen(page).ids
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            assert operation["operationId"] in ids
            assert f"{method.upper()}</span> <code>{path.removeprefix('/api')}" in page
            for parameter in operation.get("parameters", ()):
                assert f'<code class="name">{parameter["name"]}</code>' in page


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("idempotency", "/docs/idempotency"),
        ("x-max-cost", "/docs/idempotency#cap-what-a-call-may-cost"),
        ("vercel", "/docs/sdks#vercel-ai-sdk"),
        ("scope_missing", "/docs/errors#codes"),
        ("/v1/usage", "/docs/api#usageList"),
        ("previous_response_id refused", "/docs/dialects#refused"),
    ],
)
def test_the_search_finds_pages_headings_codes_and_operations(words: str, place: str) -> None:
    page = Client().get("/docs/search", {"q": words})
    assert place in Seen(page.content.decode()).links[:60]
    assert "<mark>" in page.content.decode()


def test_the_search_answers_whatever_is_typed() -> None:
    for words in ("", "   ", "zzzyyy", "<script>alert(1)</script>", "%", "\x00", "é" * 5_000):
        answer = Client().get("/docs/search", {"q": words}, headers={"HX-Request": "true"})
        assert answer.status_code == 200
        assert "<script>" not in answer.content.decode()
        assert "<html" not in answer.content.decode()
        assert "no-store" in answer["Cache-Control"]


def test_every_code_of_an_error_is_explained() -> None:
    elsewhere = {*error_codes.ONLY_LOGGED, *error_codes.OF_THE_PLAYGROUND}
    explained = {code.name for code in CODES} | elsewhere
    assert explained == set(_codes_in_the_source())
    by_name = {code.name: code.statuses for code in CODES}
    for error in _made_errors():
        if error.code not in elsewhere:
            assert error.status in by_name[str(error.code)], error.code
            kind = error_codes.OPENAI_KINDS.get(error.status, "invalid_request_error")
            assert error.kind == kind, f"{error.status} {error_body(error)!r}"
    assert {status for code in CODES for status in code.statuses} == set(error_codes.WORDS)


def test_the_request_log_explains_every_code_as_the_docs_do() -> None:
    page = unescape(re.sub(r"<[^>]+>|\s", "", Client().get("/docs/errors").content.decode()))
    for code in CODES:
        said = plain_words.of_error(code.name, code.statuses[0])
        shared = re.sub(r"\s", "", said.replace(code.logged, ""))
        assert not re.search(r"[`\[\]]", said), said
        means = len(re.sub(r"\s|`", "", code.means))
        assert shared[:means] in page, code.name
        assert shared[means:] in page, code.name
    assert "The name itself is not kept." in plain_words.of_error("model_not_found", 404)
    assert plain_words.of_error("nonsense", 400) == "The call failed. Check its parameters."
    assert plain_words.of_error(None, 200) == ""


def _codes_in_the_source() -> Iterator[str]:
    for file in (ROOT / "gateway").rglob("*.py"):
        if "admin" not in file.parts and "pages" not in file.parts:
            for groups in CODE.findall(file.read_text()):
                yield from filter(None, groups)


def _made_errors() -> Iterator[ApiError]:
    """Make every error that there is, with any arguments."""
    arguments: dict[str, Any] = {"str": "x", "int": 1, "status": 0}
    for name, make in inspect.getmembers(errors, inspect.isfunction):
        if name.startswith("_") or name in ("bad_request", "upstream_failed"):
            continue
        wanted = inspect.signature(make).parameters.values()
        yield make(*(arguments[getattr(p.annotation, "__name__", "str")] for p in wanted))
    for status in (400, 429, 502, 503, 504):
        yield errors.upstream_failed(status)


def test_calls_that_are_refused_use_up_no_limit(server: Server, customer: Customer) -> None:
    def left(answer: requests.Response) -> int:
        return int(answer.headers["x-ratelimit-remaining-day"])

    before = left(customer.get(server, "models"))
    assert customer.chat(server, model="nope").status_code == 404
    assert customer.chat(server, n=0).status_code == 400
    assert left(customer.get(server, "models")) == before
    assert customer.chat(server, model="echo-fail-500").status_code == 502
    assert left(customer.get(server, "models")) == before - 1


def test_somebody_searches_with_the_keyboard_alone(server: Server) -> None:
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        wrong = watch(page, allowed={server.url})
        page.goto(f"{server.url}/docs/tools")
        page.keyboard.press("/")
        page.keyboard.type("max-cost")
        page.wait_for_selector("#docs-found a")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_url("**/docs/idempotency**")
        _tabs_go_together(page, server)
        assert page.evaluate("[sessionStorage.length, localStorage.length]") == [0, 0]
        assert not wrong


def _tabs_go_together(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/docs/idempotency")
    page.get_by_role("tab", name="Python").first.click()
    shown = page.locator('[role=tab][aria-selected="true"]').all_text_contents()
    assert shown == ["Python", "Python"]
    links = page.locator('.docs-toc [aria-current="true"]')
    page.locator("#cap-what-a-call-may-cost").scroll_into_view_if_needed()
    page.mouse.wheel(0, 10_000)
    page.wait_for_selector('.docs-toc a[href="#cap-what-a-call-may-cost"][aria-current]')
    assert links.count() == 1


def test_a_page_works_without_scripts_on_a_phone(server: Server, tmp_path: Path) -> None:
    answer = requests.get(f"{server.url}/docs/search", params={"q": "tokens"}, timeout=10)
    assert "<html" in answer.text
    assert "<mark>tokens</mark>" in answer.text
    assert '<details class="docs-menu">' in answer.text
    assert not answer.cookies
