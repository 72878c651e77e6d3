"""Requests as bytes: sent as they are, however wrong, and what came back."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

SECONDS = 20
"""For one answer: a busy machine is slow, and none is awaited longer."""
TOLD = 2_000
"""So many bytes of a request are shown where it failed."""


@dataclass(frozen=True)
class Sent:
    """One request, and whether its connection must not be used again after it."""

    kind: str
    data: bytes
    last: bool


@dataclass
class Outcome:
    """What came back, by kind of request and status (0: the connection was closed)."""

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)

    def note(self, sent: Sent, status: int, said: str = "") -> None:
        """Count one answer; a failure of ours, or none in time, is kept."""
        self.statuses[sent.kind, status] += 1
        if status >= 500 or status < 0:
            self.failed.append(f"{status} {sent.data[:TOLD]!r}\n  {said[:300]}")

    def table(self) -> str:
        """Return the counts as lines of text."""
        rows = sorted(self.statuses.items())
        kinds = sorted({kind for kind, _ in self.statuses})
        lines = []
        for kind in kinds:
            of_kind = {status: n for (one, status), n in rows if one == kind}
            told = ", ".join(f"{status or 'closed'} × {n:,}" for status, n in of_kind.items())
            lines.append(f"  {kind:<8} {sum(of_kind.values()):>7,}: {told}")
        return "\n".join([f"{self.statuses.total():,} malformed requests", *lines])


async def send_all(port: int, requests: Iterator[Sent], *, connections: int) -> Outcome:
    """Send requests over so many connections at a time."""
    outcome = Outcome()

    async def work() -> None:
        wire: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        for sent in requests:
            wire = wire or await asyncio.open_connection("127.0.0.1", port)
            keep = False
            try:
                async with asyncio.timeout(SECONDS):
                    keep = await _ask(sent, wire, outcome)
            except TimeoutError:
                outcome.note(sent, -1, "no answer in time")
            except (OSError, asyncio.IncompleteReadError, ValueError):
                outcome.note(sent, 0)
            if not keep or sent.last:
                await _close(wire[1])
                wire = None
        if wire is not None:
            await _close(wire[1])

    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(work())
    return outcome


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(SECONDS):
            await writer.wait_closed()


async def _ask(
    sent: Sent, wire: tuple[asyncio.StreamReader, asyncio.StreamWriter], outcome: Outcome
) -> bool:
    """Send one request, note its answer, and return whether the connection can go on."""
    reader, writer = wire
    writer.write(sent.data)
    if sent.last:
        with contextlib.suppress(OSError):
            writer.write_eof()
    status = 100
    while status == 100:
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
    named = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    body = b""
    if sent.last:
        body = await reader.read(400) if status >= 500 else b""
    elif b"content-length" in named:
        body = await reader.readexactly(int(named[b"content-length"]))
    elif named.get(b"transfer-encoding") == b"chunked":
        while size := int((await reader.readline()).strip() or b"0", 16):
            body = await reader.readexactly(size + 2)
        await reader.readline()
    outcome.note(sent, status, body.decode("utf-8", "replace"))
    return named.get(b"connection") != b"close" and b"content-length" in named
