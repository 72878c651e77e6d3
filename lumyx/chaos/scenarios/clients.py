"""Clients at their worst: they read one byte a second, leave, or hold a key that was revoked."""

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.db import connection

from gateway import ids, keys
from lumyx.bench import accounting
from lumyx.chaos import aftermath, books
from lumyx.chaos.calls import Kind, call, session
from lumyx.chaos.plant import Node, Plant, wait_for
from lumyx.chaos.scenario import Scenario, Seen

Result = TypeVar("Result")
SLOW_SECONDS = 20
SLOW_BYTES = 100 * 2**20
TOGETHER = 50
LEAVE_AFTER = 3
PROMPTLY = 0.5
REVOKED_SECONDS = 1.0


def _request(node: Node, key: str, model: str) -> bytes:
    path, body = Kind(model).request()
    content = json.dumps(body | {"max_tokens": 16_000}).encode()
    return (
        f"POST /api/v1{path} HTTP/1.1\r\nHost: 127.0.0.1:{node.port}\r\n"
        f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    ).encode() + content


def read_slowly(plant: Plant, times: int) -> Seen:
    """Have many clients read a long stream at one byte a second."""
    seen, who = Seen(), books.newcomer()
    many = books.more_keys(who, 8)
    before = [accounting.memory_bytes(node.pid) for node in plant.nodes]
    most = list(before)
    with contextlib.ExitStack() as stack:
        wires = []
        for number in range(times):
            node = plant.nodes[number % len(plant.nodes)]
            wire = stack.enter_context(socket.socket())
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            wire.connect(("127.0.0.1", node.port))
            wire.sendall(_request(node, many[number % len(many)], "echo-tokens-60000"))
            wires.append(wire)
        end = time.monotonic() + SLOW_SECONDS
        while time.monotonic() < end:
            second = time.monotonic() + 1
            for wire in wires:
                with contextlib.suppress(BlockingIOError, ConnectionError):
                    wire.recv(1, socket.MSG_DONTWAIT)
            now = [accounting.memory_bytes(node.pid) for node in plant.nodes]
            most = [max(pair) for pair in zip(most, now, strict=True)]
            time.sleep(max(0, second - time.monotonic()))
        streaming = aftermath.open_calls(plant)
    grown = sum(most) - sum(before)
    wait_for(lambda: len(who.rows()) >= times, seconds=60, what="the rows of the calls")
    seen.words = (
        f"memory {grown / 2**20:+.0f} MB at the most, on {len(plant.nodes)} processes together;"
        f" {streaming} of {times} streams were held back at the provider after {SLOW_SECONDS} s"
    )
    seen.expect(grown < SLOW_BYTES, f"memory grew by {grown / 2**20:.0f} MB")
    statuses = {row.status for row in who.rows()}
    seen.expect(statuses == {499}, f"the log says {sorted(statuses)}, not 499")
    return seen


@dataclass
class Left:
    """A client that left: its call's public id, and how many pieces of text it had got."""

    call: str
    pieces: int


def leave(plant: Plant, times: int) -> Seen:
    """Have clients leave in the middle of streams; see when the provider's connection closes."""
    seen, who = Seen(), books.newcomer()
    many = books.more_keys(who, 8)
    waits, gone = [], []
    for start in range(0, times, TOGETHER):
        count = min(TOGETHER, times - start)
        node = plant.nodes[start // TOGETHER % len(plant.nodes)]
        left, took = asyncio.run(_leave_together(plant, node, many, count))
        waits.append(took)
        gone += left
    wait_for(lambda: len(who.rows()) >= times, seconds=20, what="the rows of the calls")
    rows = {str(row.id): row for row in who.rows()}
    wrong = 0
    for one in gone:
        row = next(r for name, r in rows.items() if name.replace("-", "") == one.call)
        wrong += not (one.pieces <= row.output_tokens <= one.pieces + 3 and row.charge > 0)
    charges = who.charges()
    seen.words = (
        f"the provider’s connections closed within {max(waits) * 1_000:.0f} ms; {len(charges)}"
        " charged, each for what it had got"
    )
    seen.expect(max(waits) < PROMPTLY, f"a provider’s connection stayed for {max(waits):.2f} s")
    seen.expect(not wrong, f"{wrong} of {times} were not charged what had come")
    seen.expect(len(charges) == times, f"{len(charges)} charges for {times} calls")
    return seen


async def _leave_together(
    plant: Plant, node: Node, many: list[str], count: int
) -> tuple[list[Left], float]:
    all_have_some = asyncio.Event()
    waiting = count

    async def one(number: int) -> tuple[Left, asyncio.StreamWriter]:
        nonlocal waiting
        reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
        writer.write(_request(node, many[number % len(many)], "echo-slow-tokens-100"))
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        public = head.partition("x-request-id: ")[2].partition("\r\n")[0]
        left = Left(ids.from_public(public) or "", 0)

        async def read() -> None:
            nonlocal waiting
            async for line in reader:
                left.pieces += b'"content":"' in line and b'"content":""' not in line
                if left.pieces == LEAVE_AFTER:
                    waiting -= 1
                    if not waiting:
                        all_have_some.set()

        reading = asyncio.create_task(read())
        await all_have_some.wait()
        reading.cancel()
        return left, writer

    before = await asyncio.to_thread(aftermath.cancelled, plant)
    async with asyncio.timeout(60):
        found = await asyncio.gather(*(one(n) for n in range(count)))
    for _, writer in found:
        writer.transport.abort()
    took = await asyncio.to_thread(
        wait_for,
        lambda: aftermath.cancelled(plant) >= before + count,
        seconds=10,
        what="the provider's connections to close",
    )
    return [left for left, _ in found], took


def revoke(plant: Plant, times: int) -> Seen:
    """Revoke keys that every process has just used; see when each refuses them."""
    seen, who = Seen(), books.newcomer()
    waits = [asyncio.run(_revoke(plant, who)) for _ in range(times)]
    seen.words = f"refused by all {len(plant.nodes)} processes within {max(waits) * 1_000:.0f} ms"
    seen.expect(max(waits) <= REVOKED_SECONDS, f"a revoked key worked for {max(waits):.2f} s")
    return seen


async def _revoke(plant: Plant, who: books.Customer) -> float:
    row, key = await asyncio.to_thread(_alone, lambda: keys.issue(who.user, name="Chaos"))
    kind = Kind("whole", stream=False)
    async with session() as client:
        for node in plant.nodes:
            if (await call(client, node.api, key, kind)).status != 200:
                return float("inf")
        revoked = time.monotonic()
        await asyncio.to_thread(_alone, lambda: keys.revoke(row))

        async def refused(node: Node) -> float:
            while (answer := await call(client, node.api, key, kind)).status == 200:
                if answer.began - revoked > 5:
                    return float("inf")
                await asyncio.sleep(0.01)
            return answer.began - revoked

        return max(await asyncio.gather(*(refused(node) for node in plant.nodes)))


def _alone(act: Callable[[], Result]) -> Result:
    """Do something on a thread, and leave no connection of it behind."""
    try:
        return act()
    finally:
        connection.close()


SCENARIOS = [
    Scenario(
        "slow-readers",
        "clients that read 1 byte a second",
        200,
        20,
        "memory < 100 MB more; provider held back, or the stream cut at the idle limit",
        read_slowly,
    ),
    Scenario(
        "leavers",
        "clients that leave in the middle of a stream",
        500,
        20,
        "provider’s connection closed in < 500 ms; what came is charged, nothing more",
        leave,
    ),
    Scenario(
        "revoked",
        "key revoked",
        50,
        5,
        "refused in ≤ 1 s on every process",
        revoke,
    ),
]
