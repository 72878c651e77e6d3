"""A server that ends in steps: it says so, lets nobody new in, and finishes what it began."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from types import FrameType
from typing import Any

import uvicorn

from gateway import draining
from lumyx.web.connection import Connection


class Config(uvicorn.Config):
    """uvicorn's options, and for how many seconds to serve on after SIGTERM."""

    def __init__(self, app: str, *, drain_delay: float, **options: Any) -> None:
        super().__init__(app, **options)
        self.drain_delay = drain_delay


class Server(uvicorn.Server):
    """Serves in this process; `alone` where no other process listens at the same socket."""

    config: Config

    def __init__(self, config: Config, *, alone: bool = False) -> None:
        super().__init__(config)
        self._alone = alone
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Say that this process is about to end, and end after the delay: at once if told again."""
        told_again = draining.begun()
        draining.begin()
        if self._loop is None or told_again or not self.config.drain_delay:
            super().handle_exit(sig, frame)
            return
        delay, end = self.config.drain_delay, super().handle_exit
        self._loop.call_soon_threadsafe(self._loop.call_later, delay, end, sig, None)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let nobody new in, but serve who stood at the door: the kernel said yes to them."""
        draining.begin()
        entered = [peer for listening in sockets or [] for peer in _accept_all(listening)]
        for listening in sockets or []:
            if self._alone:
                with contextlib.suppress(OSError):
                    # At once; uvloop closes it a little later.
                    listening.shutdown(socket.SHUT_RD)
        loop = asyncio.get_running_loop()
        for peer in entered:
            with contextlib.suppress(OSError):
                await loop.connect_accepted_socket(self._connect, peer)
        await super().shutdown(sockets)

    def _connect(self) -> Connection:
        return Connection(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )


def _accept_all(listening: socket.socket) -> Iterator[socket.socket]:
    listening.setblocking(False)
    with contextlib.suppress(OSError):
        while True:
            peer, _ = listening.accept()
            yield peer
