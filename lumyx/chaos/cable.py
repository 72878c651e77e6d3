"""A cable to a service that may be pulled out, squeezed or cut: a TCP relay on a port of its own.

It relays on a thread of its own, so that whoever holds it may do as they like meanwhile:

    with cable(to=5432) as wire:
        wire.cut()      # refuses connections, and ends those that there are
        wire.join()     # takes connections again
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

CHUNK = 65_536
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of no time: the connection is reset instead of closed."""


class Cable:
    """Relays connections to a port of this machine, as its mode says.

    `pass` relays, `hang` takes what comes and passes nothing on, `drip` passes one byte at a
    time, each `drip_seconds` after the one before, `reset` resets the connection once so many
    bytes of the far end have passed.
    """

    def __init__(self, to: int) -> None:
        self._to = to
        self._mode = "pass"
        self._bytes = 0
        self.drip_seconds = 0.001
        self._planned: tuple[str, int] | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: asyncio.Server | None = None
        self.cuts = 0
        self.port = 0
        self.join()

    def join(self) -> None:
        """Take connections, after a cut at the same port as before."""
        self._run(self._listen())

    def cut(self) -> None:
        """Refuse connections, and end those that there are."""
        self._run(self._close())

    def drop(self) -> None:
        """End the connections that there are; new ones are taken."""
        self._run(self._end_all())

    def be(self, mode: str, *, after: int = 0) -> None:
        """Change the mode for all connections: `after` is for `reset`, in bytes."""
        self._mode, self._bytes = mode, after

    def plan_cut(self, before: str, *, number: int = 1) -> None:
        """Cut the connection of the nth `request` or `answer` from now, in place of passing it.

        The end of a transaction is such an answer: PostgreSQL has committed by then, and
        nobody hears of it.
        """
        self._planned = (before, number)

    def end(self) -> None:
        """Cut it for good."""
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._end_all()

    async def _end_all(self) -> None:
        ends, self._ends = self._ends, set()
        for end in ends:
            end.transport.abort()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.transport.abort()
            return
        pair = {writer, far_writer}
        self._ends |= pair

        def cut() -> None:
            self.cuts += 1
            for end in pair:
                reset(end)

        pumps = [
            asyncio.create_task(self._pump(reader, far_writer, "request", cut)),
            asyncio.create_task(self._pump(far_reader, writer, "answer", cut)),
        ]
        try:
            await asyncio.gather(*pumps)
        finally:
            self._ends -= pair
            for end in pair:
                end.close()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        what: str,
        cut: Callable[[], None],
    ) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                if self._is_planned(what):
                    cut()
                    return
                while self._mode == "hang":
                    await asyncio.sleep(0.02)
                if self._mode == "reset" and what == "answer" and passed + len(data) > self._bytes:
                    writer.write(data[: max(0, self._bytes - passed)])
                    await writer.drain()
                    cut()
                    return
                await self._pass_on(data, writer)
                passed += len(data)
        with contextlib.suppress(OSError, RuntimeError):
            writer.write_eof()

    async def _pass_on(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        if self._mode != "drip":
            writer.write(data)
            await writer.drain()
            return
        for byte in data:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(self.drip_seconds)

    def _is_planned(self, what: str) -> bool:
        if self._planned is None or self._planned[0] != what:
            return False
        before, number = self._planned
        self._planned = (before, number - 1) if number > 1 else None
        return number == 1


def reset(writer: asyncio.StreamWriter) -> None:
    """Reset a connection, so that its other end meets an error and no end of file."""
    wire: socket.socket | None = writer.get_extra_info("socket")
    if wire is not None:
        with contextlib.suppress(OSError):
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


@contextlib.contextmanager
def cable(to: int) -> Iterator[Cable]:
    """Relay to a port of this machine."""
    made = Cable(to)
    try:
        yield made
    finally:
        made.end()
