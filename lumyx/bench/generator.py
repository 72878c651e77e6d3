"""A lean load generator, for where wrk is missing.

    python -m lumyx.bench.generator TARGET CONNECTIONS SECONDS

Each connection sends a request, reads the answer to its end and sends the next. It prints
one line of JSON; the target is one too, as `lumyx.bench.load` writes it.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator

from lumyx.bench.client import Client, percentile, read_target


class Tally:
    """What all connections found together."""

    def __init__(self) -> None:
        self.latencies: list[float] = []
        self.bytes = self.whole_bytes = 0
        self.not_200 = 0
        self.broken = 0


class BusyClient(Client):
    """One connection that is always waiting for one answer."""

    def __init__(self, requests: Iterator[bytes], tally: Tally) -> None:
        super().__init__()
        self._requests = requests
        self._tally = tally
        self._sent = 0.0
        self._bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        super().connection_made(transport)
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        """Count a connection that the server closed."""
        self._tally.broken += not self.stopped

    def data_received(self, data: bytes) -> None:
        """Count the bytes."""
        self._tally.bytes += len(data)
        self._bytes += len(data)
        super().data_received(data)

    def head_received(self, status: int) -> None:
        """Count what is not an answer."""
        self._tally.not_200 += status != 200

    def answer_ended(self) -> None:
        """Note how long it took, and go on."""
        self._tally.latencies.append(time.perf_counter() - self._sent)
        self._tally.whole_bytes += self._bytes
        self._send()

    def _send(self) -> None:
        self._bytes = 0
        self._sent = time.perf_counter()
        self.ask(next(self._requests))


async def run(target: str, connections: int, seconds: float) -> str:
    """Keep the connections busy for so long and return the line of JSON."""
    loop, tally = asyncio.get_running_loop(), Tally()
    host, port, requests = read_target(target)
    clients = []
    began = time.perf_counter()
    for _ in range(connections):
        _, client = await loop.create_connection(lambda: BusyClient(requests, tally), host, port)
        clients.append(client)
    await asyncio.sleep(seconds)
    took = time.perf_counter() - began
    for client in clients:
        client.stop()
    return json.dumps(
        {
            "requests": len(tally.latencies),
            "seconds": took,
            "bytes": tally.bytes,
            "whole_bytes": tally.whole_bytes,
            "p50_ms": percentile(tally.latencies, 0.5) * 1e3,
            "p99_ms": percentile(tally.latencies, 0.99) * 1e3,
            "not_200": tally.not_200,
            "broken": tally.broken,
        }
    )


if __name__ == "__main__":
    import uvloop

    print(uvloop.run(run(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))))
