"""A connection that puts load: sends a request, and tells when its answer begins and ends."""

import asyncio
import itertools
import json
from collections.abc import Iterator, Mapping
from typing import cast
from urllib.parse import urlsplit

UNKNOWN = float("inf")
"""The length of a chunked body, which ends with the last chunk instead."""
LAST_CHUNK = b"\r\n0\r\n\r\n"


class Client(asyncio.Protocol):
    """A connection that waits for one answer at a time; what happens then is its subclass's."""

    def __init__(self) -> None:
        self.stopped = False
        self._head = self._tail = b""
        self._left: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def stop(self) -> None:
        """Leave, in the middle of an answer too."""
        self.stopped = True
        self._transport.abort()

    def ask(self, request: bytes) -> None:
        """Send a request."""
        self._head = self._tail = b""
        self._left = None
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Take the next part of an answer."""
        self._tail = (self._tail + data)[-7:]
        body = data
        if self._left is not None:
            self._left -= len(data)
        else:
            found = self._read_head(data)
            if found is None:
                return
            body = found
        if body:
            self.body_received(body)
        chunked = self._left == UNKNOWN
        if (chunked and self._tail.endswith(LAST_CHUNK)) or (not chunked and self._left == 0):
            self.answer_ended()

    def _read_head(self, data: bytes) -> bytes | None:
        """Return what there is of the body, or None where the head is not whole yet."""
        self._head += data
        head, mark, body = self._head.partition(b"\r\n\r\n")
        if not mark:
            return None
        _, found, length = head.lower().partition(b"\r\ncontent-length:")
        self._left = float(length.partition(b"\r\n")[0]) - len(body) if found else UNKNOWN
        self.head_received(int(head[9:12]))
        return body

    def head_received(self, status: int) -> None:
        """Hear the status of an answer."""

    def body_received(self, data: bytes) -> None:
        """Hear a part of an answer's body, with its framing."""

    def answer_ended(self) -> None:
        """Hear that an answer is whole."""


def requests(url: str, keys: list[str], headers: Mapping[str, str], body: bytes) -> Iterator[bytes]:
    """Give the request of each key in turn, for ever."""
    parts = urlsplit(url)
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return itertools.cycle(
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {key}\r\n{more}Content-Length: {len(body)}\r\n\r\n".encode()
        + body
        for key in keys
    )


def read_target(text: str) -> tuple[str, int, Iterator[bytes]]:
    """Return the host, the port and the requests that a line of JSON asks for."""
    target = json.loads(text)
    parts = urlsplit(target["url"])
    with open(target["keys"]) as file:
        keys = file.read().splitlines()
    asked = requests(target["url"], keys, target["headers"], json.dumps(target["body"]).encode())
    return parts.hostname or "", parts.port or 80, asked


def percentile(values: list[float], share: float) -> float:
    """Return the value below which this share of all values lies; 0 where there are none."""
    ordered = sorted(values) or [0.0]
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
