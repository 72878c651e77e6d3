"""A person sees what is held about them, and takes a copy home, in a real browser."""

import zipfile
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.browsers import chromium, watch
from tests.journeys.test_customer_journey import enter
from tests.people import NabzClanProcess
from tests.processes import Process, Server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(accept_downloads=True)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def worker(environment: dict[str, str]) -> Iterator[Process]:
    arguments = ["celery", "--quiet", "--app", "lumyx", "worker", "--concurrency=1"]
    process = Process(
        [*arguments, "--without-gossip", "--without-mingle", "--loglevel=WARNING"],
        environment=environment,
    )
    yield process
    process.stop()


def test_a_copy_is_made_while_one_watches_and_is_taken_home(
    page: Page, server: Server, nabzclan: NabzClanProcess, worker: Process
) -> None:
    wrong = watch(page, allowed={server.url, nabzclan.url})
    person = nabzclan.new_person()
    enter(page, server, person["name"])
    page.get_by_role("link", name="Privacy", exact=True).first.click()
    expect(page.get_by_role("heading", name="What we hold")).to_be_visible()
    page.get_by_role("button", name="Make a copy").click()
    link = page.get_by_role("link", name="Download", exact=True)
    expect(link).to_be_visible(timeout=30_000)
    with page.expect_download() as waiting:
        link.click()
    with zipfile.ZipFile(waiting.value.path()) as archive:
        assert {"index.html", "manifest.json", "profile.json", "profile.csv"} <= set(
            archive.namelist()
        )
        assert person["name"] in archive.read("index.html").decode()
    assert wrong == []
