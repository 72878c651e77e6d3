"""A real Chromium for journeys through the site."""

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import pytest
from django.db import connections
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


Result = TypeVar("Result")


def aside(ask: Callable[[], Result]) -> Result:
    """Ask the database in another thread: Playwright keeps an event loop in this one."""

    def run() -> Result:
        try:
            return ask()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as threads:
        return threads.submit(run).result()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium; skip the test where there is none, but never in CI."""
    if not os.path.exists(CHROMIUM):
        if os.environ.get("CI"):
            pytest.fail("CI must have Chromium: install Debian's package chromium.")
        pytest.skip("no Chromium here: install Debian's package chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def watch(page: Page, *, allowed: set[str], errors: bool = False) -> list[str]:
    """Note what must not happen on a page: foreign requests, script errors, refused resources.

    With `errors`, whatever the console calls an error is noted, too.
    """
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(f"script: {error}"))
    page.on(
        "console",
        lambda said: (
            wrong.append(f"console: {said.text}")
            if "Security Policy" in said.text or (errors and said.type == "error")
            else None
        ),
    )

    def request(made: object) -> None:
        url = str(getattr(made, "url", ""))
        if not url.startswith(("data:", "about:", *allowed)):
            wrong.append(f"request: {url}")

    page.on("request", request)
    return wrong
