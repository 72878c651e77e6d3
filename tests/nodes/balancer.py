"""A load balancer that goes to the next node only where one does not let it in, as nginx does."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle

import aiohttp

from tests.customers import Customer
from tests.processes import Server

DONE = "data: [DONE]"


class Balancer:
    """Sends a customer's calls to nodes in turn, each over a connection of its own."""

    def __init__(self, customer: Customer, *nodes: Server) -> None:
        self._headers = customer.headers
        self._nodes = nodes
        self._turns = cycle(range(len(nodes)))
        self.refused = 0

    async def call(
        self,
        session: aiohttp.ClientSession,
        model: str,
        *,
        began: Callable[[], None] = lambda: None,
        **fields: object,
    ) -> str:
        """Make one call and return all that came; raise what a client would notice."""
        body = {"model": model, "messages": [{"role": "user", "content": "Hello"}], **fields}
        first = next(self._turns)
        for turn in range(len(self._nodes)):
            node = self._nodes[(first + turn) % len(self._nodes)]
            try:
                async with session.post(
                    f"{node.api}/chat/completions", json=body, headers=self._headers
                ) as answer:
                    assert answer.status == 200, await answer.text()
                    parts = []
                    async for part in answer.content.iter_any():
                        began()
                        parts.append(part)
                    return b"".join(parts).decode()
            except aiohttp.ClientConnectorError:
                self.refused += 1
        raise AssertionError("no node lets anybody in")


def connections() -> aiohttp.ClientSession:
    """Return a session that uses each connection once."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, force_close=True),
        timeout=aiohttp.ClientTimeout(total=60),
    )


class Count:
    """How many have begun, and a way to wait for that."""

    def __init__(self, wanted: int) -> None:
        self._left = wanted
        self.reached = asyncio.Event()

    def once(self) -> Callable[[], None]:
        """Return what one of them calls, as often as it likes."""
        counted: Iterator[None] = iter([None])

        def began() -> None:
            for _ in counted:
                self._left -= 1
                if not self._left:
                    self.reached.set()

        return began


@contextmanager
def node(*options: str, environment: dict[str, str], **how: int) -> Iterator[Server]:
    """Run a web node of one process, unless told to make more."""
    server = Server(*options, environment=environment, **{"workers": 1, **how})  # type: ignore[arg-type]
    try:
        yield server
    finally:
        server.stop()
