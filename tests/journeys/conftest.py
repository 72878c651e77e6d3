"""What all journeys share: one Chromium, a page of one's own, and a worker for what takes time."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.journeys.browsers import chromium
from tests.processes import Process, Worker


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def worker(environment: dict[str, str]) -> Iterator[Process]:
    process = Worker(environment=environment)
    yield process
    process.stop()
