"""A lean mock provider, for where nginx is missing and for streams that come chunk by chunk.

    python -m lumyx.bench.bundled_mock PORT

`/whole/…` gives the completion, `/stream/…` the stream at once, `/anthropic/…` the same in
Anthropic's dialect, `/paced/…` the stream with 20 ms before each chunk and `/held/…` with 2 s.
"""

import asyncio
import sys
from typing import cast

from lumyx.bench import answers

JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
SSE_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)
LAST = b"0\r\n\r\n"


def framed(data: bytes) -> bytes:
    """Return data as one chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


WHOLE = JSON_HEAD % len(answers.WHOLE) + answers.WHOLE
STREAM = SSE_HEAD + framed(answers.STREAM) + LAST
ANTHROPIC = SSE_HEAD + framed(answers.ANTHROPIC_STREAM) + LAST
BEGIN = SSE_HEAD + framed(answers.BEGIN)
CHUNK = framed(answers.CHUNK)
END = framed(answers.END) + LAST


class MockProvider(asyncio.Protocol):
    """Answers each request by the first word of its path, without looking at its body."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with nothing received."""
        self._transport = cast(asyncio.Transport, transport)
        self._received = b""
        self._timer: asyncio.TimerHandle | None = None

    def connection_lost(self, error: Exception | None) -> None:
        """Stop a stream that nobody reads."""
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self._received += data
        while (path := self._next_request()) is not None:
            if path.startswith(b"/stream"):
                self._transport.write(STREAM)
            elif path.startswith(b"/anthropic"):
                self._transport.write(ANTHROPIC)
            elif path.startswith(b"/paced"):
                self._stream(answers.PACE_SECONDS)
            elif path.startswith(b"/held"):
                self._stream(answers.HELD_SECONDS)
            else:
                self._transport.write(WHOLE)

    def _next_request(self) -> bytes | None:
        head, mark, rest = self._received.partition(b"\r\n\r\n")
        if not mark:
            return None
        _, _, after = head.lower().partition(b"content-length:")
        length = int(after.partition(b"\r\n")[0] or 0)
        if len(rest) < length:
            return None
        self._received = rest[length:]
        return head.split(b" ", 2)[1]

    def _stream(self, pause: float) -> None:
        """Send each chunk when it is due by the clock, so that no delay adds to the next one's."""
        loop = asyncio.get_running_loop()
        began, sent = loop.time(), 0

        def send_next() -> None:
            nonlocal sent
            sent += 1
            self._transport.write(CHUNK)
            if sent == answers.CHUNKS:
                self._transport.write(END)
            else:
                self._timer = loop.call_at(began + (sent + 1) * pause, send_next)

        self._transport.write(BEGIN)
        self._timer = loop.call_at(began + pause, send_next)


async def serve(port: int) -> None:
    """Serve on loopback until cancelled."""
    server = await asyncio.get_running_loop().create_server(
        MockProvider, "127.0.0.1", port, backlog=1_024
    )
    await server.serve_forever()


if __name__ == "__main__":
    import uvloop

    uvloop.run(serve(int(sys.argv[1])))
