"""A lean load generator, for where wrk is missing.

    python -m lumyx.bench.generator URL KEYS-FILE BODY CONNECTIONS SECONDS

Each connection sends a request, reads the answer to its end and sends the next. It prints
one line of JSON, as `lumyx.bench.load` reads it.
"""

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

UNKNOWN = float("inf")
"""The length of a chunked body, which ends with the last chunk instead."""
LAST_CHUNK = b"\r\n0\r\n\r\n"


class Tally:
    """What all connections found together."""

    def __init__(self) -> None:
        self.latencies: list[float] = []
        self.bytes = 0
        self.not_200 = 0
        self.broken = 0


class Client(asyncio.Protocol):
    """One connection that is always waiting for one answer."""

    def __init__(self, requests: Iterator[bytes], tally: Tally) -> None:
        self._requests = requests
        self._tally = tally
        self._stopped = False
        self._head = self._tail = b""
        self._left: float | None = None
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        """Count a connection that the server closed."""
        if not self._stopped:
            self._tally.broken += 1

    def stop(self) -> None:
        """Leave, in the middle of an answer too."""
        self._stopped = True
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take the next part of an answer, and go on once it is whole."""
        self._tally.bytes += len(data)
        self._tail = (self._tail + data)[-7:]
        if self._left is not None:
            self._left -= len(data)
        elif not self._read_head(data):
            return
        chunked = self._left == UNKNOWN
        if (chunked and self._tail.endswith(LAST_CHUNK)) or (not chunked and self._left == 0):
            self._tally.latencies.append(time.perf_counter() - self._sent)
            self._send()

    def _read_head(self, data: bytes) -> bool:
        self._head += data
        head, mark, body = self._head.partition(b"\r\n\r\n")
        if not mark:
            return False
        self._tally.not_200 += head[9:12] != b"200"
        _, found, length = head.lower().partition(b"content-length:")
        size = float(length.partition(b"\r\n")[0]) if found else UNKNOWN
        self._left = size - len(body)
        return True

    def _send(self) -> None:
        self._head = self._tail = b""
        self._left = None
        self._sent = time.perf_counter()
        self._transport.write(next(self._requests))


def requests(url: str, keys: list[str], body: bytes) -> Iterator[bytes]:
    """Give the request of each key in turn, for ever."""
    parts = urlsplit(url)
    return itertools.cycle(
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {key}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
        for key in keys
    )


async def run(url: str, keys: list[str], body: bytes, connections: int, seconds: float) -> str:
    """Keep the connections busy for so long and return the line of JSON."""
    loop, tally, parts = asyncio.get_running_loop(), Tally(), urlsplit(url)
    clients = []
    for_all = requests(url, keys, body)
    began = time.perf_counter()
    for _ in range(connections):
        _, client = await loop.create_connection(
            lambda: Client(for_all, tally), parts.hostname or "", parts.port or 80
        )
        clients.append(client)
    await asyncio.sleep(seconds)
    took = time.perf_counter() - began
    for client in clients:
        client.stop()
    ordered = sorted(tally.latencies) or [0.0]
    return json.dumps(
        {
            "requests": len(tally.latencies),
            "seconds": took,
            "bytes": tally.bytes,
            "p50_ms": ordered[len(ordered) // 2] * 1e3,
            "p99_ms": ordered[len(ordered) * 99 // 100] * 1e3,
            "not_200": tally.not_200,
            "broken": tally.broken,
        }
    )


def main() -> None:
    """Run from the command line."""
    import uvloop

    url, keys, body, connections, seconds = sys.argv[1:]
    lines = Path(keys).read_text().splitlines()
    print(uvloop.run(run(url, lines, body.encode(), int(connections), float(seconds))))


if __name__ == "__main__":
    main()
