"""Streams that are open together, and whether each of their chunks came in time.

    python -m lumyx.bench.streams TARGET pace STREAMS TURNS
    python -m lumyx.bench.streams TARGET hold STREAMS SECONDS

`pace` keeps so many paced streams open: they begin spread over the length of one stream, and
each is followed by the next, so many in turn. A chunk is late where it comes more than 100 ms
after it was due, counted from the stream's first chunk; a first chunk, after one second.

`hold` opens the streams, prints a line of JSON once all have begun (or after so many seconds),
and keeps them open until its standard input ends.
"""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Iterator

from lumyx.bench import answers
from lumyx.bench.client import Client, percentile, read_target

LATE_SECONDS = 0.1
LATE_FIRST_SECONDS = 1.0
STREAM_SECONDS = answers.CHUNKS * answers.PACE_SECONDS
GRACE_SECONDS = 2.0
MARK = b"data: "
AT_ONCE = 32
"""How many streams `hold` opens together."""


class Lateness:
    """How late each chunk of one stream is, in seconds after it was due."""

    def __init__(self, *, asked_at: float) -> None:
        self._asked_at = asked_at
        self._first: float | None = None
        self._chunks = 0
        self.first_byte = 0.0
        self.most = 0.0
        """Of any chunk but the first."""

    def hear(self, chunks: int, *, now: float) -> None:
        """Count chunks that came together; the newest of them was due last."""
        if self._first is None:
            self._first = now
            self.first_byte = now - self._asked_at
            self._chunks = chunks
            return
        # The oldest of them has waited the longest. The last two, which tell the usage and the
        # end, are due with the one before.
        oldest = min(self._chunks, answers.CHUNKS)
        self._chunks += chunks
        self.most = max(self.most, now - self._first - oldest * answers.PACE_SECONDS)

    @property
    def late(self) -> bool:
        """Whether anybody would have noticed."""
        return self.most > LATE_SECONDS or self.first_byte > LATE_FIRST_SECONDS


class Watch:
    """What all streams found together; it is over once so many have ended."""

    def __init__(self, expected: int) -> None:
        self.expected = expected
        self.ended: list[Lateness] = []
        self.begun = self.not_200 = self.broken = 0
        self.over = asyncio.Event()


class StreamClient(Client):
    """One connection, with one stream after the other."""

    def __init__(self, requests: Iterator[bytes], watch: Watch, turns: int) -> None:
        super().__init__()
        self._requests = requests
        self._watch = watch
        self._turns = turns
        self._cut = b""
        self._chunks = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first stream."""
        super().connection_made(transport)
        self._begin()

    def connection_lost(self, error: Exception | None) -> None:
        """Count a connection that the server closed."""
        self._watch.broken += not self.stopped and self._turns > 0

    def head_received(self, status: int) -> None:
        """Count what is not a stream."""
        self._watch.not_200 += status != 200

    def body_received(self, data: bytes) -> None:
        """Count the chunks, one that was cut between two reads as well."""
        whole = self._cut + data
        found = whole.count(MARK)
        self._cut = whole[-(len(MARK) - 1) :]
        if found:
            if not self._chunks:
                self._watch.begun += 1
            self._chunks += found
            self._lateness.hear(found, now=time.perf_counter())

    def answer_ended(self) -> None:
        """Go on with the next stream."""
        self._watch.ended.append(self._lateness)
        if len(self._watch.ended) == self._watch.expected:
            self._watch.over.set()
        self._turns -= 1
        if self._turns:
            self._begin()

    def _begin(self) -> None:
        self._cut, self._chunks = b"", 0
        self._lateness = Lateness(asked_at=time.perf_counter())
        self.ask(next(self._requests))


async def pace(target: str, streams: int, turns: int) -> str:
    """Keep paced streams open and return the line of JSON."""
    loop, watch = asyncio.get_running_loop(), Watch(streams * turns)
    host, port, requests = read_target(target)
    clients: list[StreamClient] = []
    began = loop.time()

    async def connect(number: int) -> None:
        await asyncio.sleep(began + number * STREAM_SECONDS / streams - loop.time())
        try:
            _, client = await loop.create_connection(
                lambda: StreamClient(requests, watch, turns), host, port
            )
        except OSError:
            watch.broken += 1
            return
        clients.append(client)

    await asyncio.gather(*(connect(number) for number in range(streams)))
    end = began + (turns + 1) * STREAM_SECONDS + GRACE_SECONDS
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(watch.over.wait(), end - loop.time())
    for client in clients:
        client.stop()
    unfinished = streams * turns - len(watch.ended)
    return json.dumps(
        {
            "streams": len(watch.ended),
            "seconds": loop.time() - began,
            "late": unfinished + sum(stream.late for stream in watch.ended),
            "p99_late_ms": percentile([stream.most for stream in watch.ended], 0.99) * 1e3,
            "first_byte_ms": percentile([s.first_byte for s in watch.ended], 0.5) * 1e3,
            "not_200": watch.not_200,
            "broken": watch.broken,
        }
    )


async def hold(target: str, streams: int, seconds: float) -> None:
    """Open the streams, say so, and keep them open until standard input ends."""
    loop, watch = asyncio.get_running_loop(), Watch(streams)
    host, port, requests = read_target(target)
    end = loop.time() + seconds
    opened = 0
    while watch.begun < streams and loop.time() < end and not watch.broken:
        if opened < streams and opened - watch.begun < AT_ONCE:
            opened += 1
            await loop.create_connection(lambda: StreamClient(requests, watch, 1), host, port)
        else:
            await asyncio.sleep(0.005)
    found = {"open": watch.begun, "not_200": watch.not_200, "broken": watch.broken}
    print(json.dumps(found), flush=True)
    await asyncio.to_thread(sys.stdin.read)


def main() -> None:
    """Run from the command line."""
    import uvloop

    target, word, streams, number = sys.argv[1:]
    if word == "pace":
        print(uvloop.run(pace(target, int(streams), int(number))))
    else:
        uvloop.run(hold(target, int(streams), float(number)))


if __name__ == "__main__":
    main()
