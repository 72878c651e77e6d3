"""Web processes that are there again in a moment: forked from one that has loaded the code.

    python -m lumyx.chaos.preloaded DIRECTORY PORT [PORT…]

One process for each port, as uvicorn starts it. One that ends is followed by another on the same
socket; two hundred kills take a minute this way, not ten. Once it serves, DIRECTORY/PORT.pid
holds its id; at SIGUSR1 it writes into DIRECTORY/PORT.tasks how many asyncio tasks it has.
"""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import uvicorn

from lumyx.asgi import application
from lumyx.local.processes import die_with_parent, restore_stop


class Web(uvicorn.Server):
    """A server that says when it serves, and how many tasks it has."""

    def __init__(self, config: uvicorn.Config, place: Path) -> None:
        super().__init__(config)
        self._place = place

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self._count)
        _write(self._place.with_suffix(".pid"), os.getpid())

    def _count(self) -> None:
        _write(self._place.with_suffix(".tasks"), len(asyncio.all_tasks()))


def _write(path: Path, number: int) -> None:
    new = path.with_suffix(path.suffix + ".new")
    new.write_text(str(number))
    new.rename(path)


def serve(wire: socket.socket, place: Path) -> int:
    """Fork a process that serves a socket; return its id."""
    pid = os.fork()
    if pid:
        return pid
    die_with_parent(signal.SIGTERM)
    restore_stop()
    config = uvicorn.Config(
        application,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=30,
    )
    Web(config, place).run([wire])
    os._exit(0)


def main(directory: Path, ports: list[int]) -> None:
    """Keep one process for each port alive until somebody asks to stop."""
    children: dict[int, tuple[socket.socket, Path]] = {}
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True
        for pid in children:
            os.kill(pid, signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    for port in ports:
        wire = socket.create_server(("127.0.0.1", port), backlog=2_048)
        wire.set_inheritable(True)
        place = directory / str(port)
        children[serve(wire, place)] = (wire, place)
    while children:
        pid, _ = os.wait()
        ended = children.pop(pid, None)
        if ended is not None and not stopping:
            children[serve(*ended)] = ended


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(word) for word in sys.argv[2:]])
