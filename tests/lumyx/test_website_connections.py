"""The website's pages share a few connections to PostgreSQL, whoever hangs up or restarts."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
import requests
from django.conf import settings
from django.db import connections
from psycopg_pool import PoolTimeout

from lumyx.chaos.cable import Cable, cable
from lumyx.postgresql import base
from lumyx.postgresql.base import DatabaseWrapper
from tests.customers import Customer, accept, session_of
from tests.processes import ProviderProcess, Server, wait_until

MOST = 2


@dataclass
class Site:
    """A web server with few connections, all of them over one cable, and who visits it."""

    server: Server
    cable: Cable
    cookie: str

    def ask(self, path: str = "/dashboard") -> int:
        """Return the status that a page is answered with."""
        cookies = {settings.SESSION_COOKIE_NAME: self.cookie}
        url = f"{self.server.url}{path}"
        answer = requests.get(url, cookies=cookies, timeout=20, allow_redirects=False)
        return answer.status_code

    def hang_up(self, seconds: float) -> None:
        """Ask for a page and leave before it is there."""
        at = urlsplit(self.server.url)
        words = f"GET /dashboard HTTP/1.1\r\nHost: {at.netloc}\r\n"
        words += f"Cookie: {settings.SESSION_COOKIE_NAME}={self.cookie}\r\n\r\n"
        with socket.create_connection((str(at.hostname), int(at.port or 0))) as browser:
            browser.sendall(words.encode())
            time.sleep(seconds)


@pytest.fixture(scope="module")
def relayed(
    environment: dict[str, str], provider: ProviderProcess
) -> Iterator[tuple[Server, Cable]]:
    url = environment["DATABASE_URL"]
    port = urlsplit(url).port
    with cable(to=int(port or 0)) as wire:
        url = url.replace(f":{port}/", f":{wire.port}/")
        apart = {**environment, "DATABASE_URL": url, "WEBSITE_CONNECTIONS": str(MOST)}
        server = Server(environment=apart, workers=1)
        yield server, wire
        server.stop()


@pytest.fixture
def site(relayed: tuple[Server, Cable], customer: Customer) -> Site:
    accept(customer.user)
    return Site(*relayed, session_of(customer.user))


def test_more_visitors_than_connections_are_all_answered(site: Site) -> None:
    with ThreadPoolExecutor(12) as visitors:
        assert set(visitors.map(site.ask, ["/dashboard"] * 36)) == {200}


def test_who_hangs_up_takes_no_connection_along(site: Site) -> None:
    with ThreadPoolExecutor(6) as visitors:
        list(visitors.map(site.hang_up, [n % 12 / 100 for n in range(72)]))
    wait_until(lambda: site.ask() == 200, seconds=10, what="a free connection")
    with ThreadPoolExecutor(MOST) as visitors:
        assert set(visitors.map(site.ask, ["/dashboard"] * 8)) == {200}


def test_connections_that_broke_are_replaced_unseen(site: Site) -> None:
    assert site.ask() == 200
    site.cable.drop()
    assert [site.ask() for _ in range(4)] == [200] * 4


def test_the_site_is_back_as_soon_as_the_database_is(site: Site) -> None:
    assert site.ask() == 200
    site.cable.cut()
    # Longer than it is worth to wait for one connection.
    assert [site.ask() for _ in range(3)] == [503] * 3
    site.cable.join()
    wait_until(lambda: site.ask() == 200, seconds=10, what="the site")


class Pool:
    """A pool that waits in vain, and counts how often."""

    def __init__(self) -> None:
        self.waits = self.ready = 0

    def open(self) -> None:
        """Do nothing: it stands for one that is open."""

    def get_stats(self) -> dict[str, int]:
        return {"pool_available": self.ready}

    def getconn(self) -> None:
        self.waits += 1
        raise PoolTimeout("nothing came")


def test_a_page_waits_once_for_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool()
    wrapper = connections["default"].copy()
    monkeypatch.setattr(DatabaseWrapper, "pool", pool)
    monkeypatch.setattr(DatabaseWrapper, "_away_at", float("-inf"))

    def ask() -> int:
        with pytest.raises(PoolTimeout):
            wrapper.get_new_connection({})
        return pool.waits

    assert [ask() for _ in range(3)] == [1, 1, 1]
    pool.ready = 1
    assert ask() == 2, "there is one after all"
    pool.ready = 0
    monkeypatch.setattr(base, "FAST_SECONDS", 0)
    assert ask() == 3, "and later it is waited for again"
