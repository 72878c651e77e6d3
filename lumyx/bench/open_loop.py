"""Requests at a steady rate, whether or not the earlier ones were answered.

    python -m lumyx.bench.open_loop TARGET RATE SECONDS

The time to the first byte of an answer's body counts from when its request would have gone, had
a connection been free at once: a server that falls behind does not slow down what is asked of it.
Prints one line of JSON.
"""

import asyncio
import json
import sys
import time
from collections import deque

from lumyx.bench.client import Client, percentile, read_target

GRACE_SECONDS = 2.0
"""How long the last answers are waited for."""
MOST_CONNECTIONS = 1_000


class Schedule:
    """The requests that are due, the connections that are free, and what was found."""

    def __init__(self) -> None:
        self.first_bytes: list[float] = []
        self.waiting: deque[float] = deque()
        self.free: list[TimedClient] = []
        self.connections = self.not_200 = self.broken = 0


class TimedClient(Client):
    """One connection, which takes the oldest request that waits."""

    def __init__(self, schedule: Schedule) -> None:
        super().__init__()
        self._schedule = schedule
        self.due: float | None = None

    def connection_lost(self, error: Exception | None) -> None:
        """Count a connection that the server closed before the answer was whole."""
        schedule = self._schedule
        schedule.connections -= 1
        if self in schedule.free:
            schedule.free.remove(self)
        else:
            schedule.broken += not self.stopped

    def head_received(self, status: int) -> None:
        """Count what is not an answer."""
        self._schedule.not_200 += status != 200

    def body_received(self, data: bytes) -> None:
        """Note the first byte."""
        if self.due is not None:
            self._schedule.first_bytes.append(time.perf_counter() - self.due)
            self.due = None

    def answer_ended(self) -> None:
        """Be free for the next request."""
        self._schedule.free.append(self)


async def run(target: str, rate: int, seconds: float) -> str:
    """Send the requests and return the line of JSON."""
    loop, schedule = asyncio.get_running_loop(), Schedule()
    host, port, requests = read_target(target)
    clients: list[TimedClient] = []
    opening: set[asyncio.Task[None]] = set()

    async def connect() -> None:
        try:
            _, client = await loop.create_connection(lambda: TimedClient(schedule), host, port)
        except OSError:
            schedule.connections -= 1
            schedule.broken += 1
            return
        clients.append(client)
        schedule.free.append(client)
        send()

    def send() -> None:
        while schedule.waiting and schedule.free:
            client = schedule.free.pop()
            client.due = schedule.waiting.popleft()
            client.ask(next(requests))

    def open_another() -> None:
        schedule.connections += 1
        task = loop.create_task(connect())
        opening.add(task)
        task.add_done_callback(opening.discard)

    for _ in range(20):
        schedule.connections += 1
        await connect()
    began, asked = time.perf_counter(), round(rate * seconds)
    for number in range(asked):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        schedule.waiting.append(time.perf_counter())
        send()
        if schedule.waiting and schedule.connections < MOST_CONNECTIONS:
            open_another()
    end = loop.time() + GRACE_SECONDS
    while len(schedule.first_bytes) < asked and loop.time() < end:
        send()
        await asyncio.sleep(0.005)
    for task in opening:
        task.cancel()
    for client in clients:
        client.stop()
    return json.dumps(
        {
            "asked": asked,
            "answered": len(schedule.first_bytes),
            "p50_ms": percentile(schedule.first_bytes, 0.5) * 1e3,
            "p99_ms": percentile(schedule.first_bytes, 0.99) * 1e3,
            "not_200": schedule.not_200,
            "broken": schedule.broken,
        }
    )


if __name__ == "__main__":
    import uvloop

    print(uvloop.run(run(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))))
