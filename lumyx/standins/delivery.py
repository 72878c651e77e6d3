"""Send the stand-in's answers, with the faults that the model name asks for."""

import asyncio
import socket
import struct
from collections.abc import Iterator

import msgspec
from aiohttp import web

from lumyx.standins.behaviours import AFTER_TOKENS, Behaviour
from lumyx.standins.dialects import Dialect
from lumyx.standins.exchanges import LATE, Event, Exchange

BURST = 8
"""Tokens sent before other connections, and a client that left, are looked at."""
NEVER = 10**9
OVERSIZED_EVENT = 8 * 1024 * 1024
OVERSIZED_BODY = 70 * 1024 * 1024
OVERSIZED_NUMBER = 2
"""Which event of a stream is oversized, from 0."""
BROKEN_STREAMS = frozenset({"cut", "reset", "silent-end", "error-mid", "garbage", "stall"})
BROKEN_JSON = b'<html>{"choices":[{"message": Bad Gateway'


class Gone(Exception):
    """The connection was reset on purpose."""


async def answer(request: web.Request, exchange: Exchange) -> web.StreamResponse:
    """Answer a call as its model name says."""
    behaviour, dialect = exchange.behaviour, exchange.dialect
    if behaviour.has("hang"):
        await asyncio.sleep(NEVER)
    if behaviour.has("slow-start"):
        await asyncio.sleep(2)
    if behaviour.has("close-head"):
        close(request)
        return json_response(dialect, b"")  # goes nowhere
    status = _status(exchange)
    if status != 200:
        return refuse(exchange, status)
    if behaviour.has("200-error"):
        text = f"Sorry, no answer to: {exchange.said}"
        return json_response(dialect, dialect.error(text, status=500))
    if exchange.streamed:
        return await _stream(request, exchange)
    # An unstreamed answer takes as long as its tokens would.
    await asyncio.sleep(behaviour.pause() * exchange.tokens)
    if behaviour.has("reset"):
        await reset(request)
    return await _send_whole(request, exchange)


def _status(exchange: Exchange) -> int:
    behaviour = exchange.behaviour
    if behaviour.fail is not None:
        return behaviour.fail
    if behaviour.retry_after is not None:
        return 429
    return 500 if behaviour.has("error-mid") and not exchange.streamed else 200


def refuse(exchange: Exchange, status: int) -> web.Response:
    """Fail as real providers do: with the prompt in the message."""
    text = f"Status {status} for your request with the input: {exchange.said}"
    wait = exchange.behaviour.retry_after
    if wait is None and status == 429:
        wait = 7
    headers = {} if wait is None else {"Retry-After": str(wait)}
    return json_response(
        exchange.dialect, exchange.dialect.error(text, status=status), status, headers
    )


def json_response(
    dialect: Dialect, body: bytes, status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    """Return an answer in JSON with the dialect's headers."""
    return web.Response(
        body=body,
        status=status,
        content_type="application/json",
        headers=dialect.headers() | (headers or {}),
    )


async def _send_whole(request: web.Request, exchange: Exchange) -> web.StreamResponse:
    behaviour = exchange.behaviour
    body = BROKEN_JSON if behaviour.has("garbage") else msgspec.json.encode(exchange.whole())
    if behaviour.has("oversized"):
        body = _pad(body, OVERSIZED_BODY)
    broken = behaviour.traits & {"cut", "stall", "head-only"}
    if not broken and behaviour.drip is None and behaviour.reset is None:
        return json_response(exchange.dialect, body)
    response = web.StreamResponse(headers=exchange.dialect.headers())
    response.content_type = "application/json"
    response.content_length = len(body)
    await response.prepare(request)
    await _hold(behaviour, "head-only")
    wire = Wire(request, response, behaviour)
    try:
        await wire.send(body[: len(body) // 2] if broken else body)
        await wire.flush()
    except Gone:
        return response
    await _hold(behaviour, "stall")
    if behaviour.has("cut"):
        close(request)
    return response


async def _stream(request: web.Request, exchange: Exchange) -> web.StreamResponse:
    behaviour = exchange.behaviour
    response = web.StreamResponse(headers=exchange.dialect.headers())
    response.content_type = "text/event-stream"
    response.charset = "utf-8"
    response.headers["Cache-Control"] = "no-cache"
    await response.prepare(request)
    await _hold(behaviour, "head-only")
    wire = Wire(request, response, behaviour)
    try:
        await _send_events(wire, exchange)
        if behaviour.has("error-mid"):
            await wire.send(encode(exchange.failure(), behaviour))
        elif behaviour.has("garbage"):
            for bad in exchange.garbage:
                await wire.send(bad)
        await wire.flush()
    except Gone:
        return response
    await _hold(behaviour, "stall")
    if behaviour.has("cut"):
        close(request)
    elif behaviour.has("reset"):
        await reset(request)
    return response


async def _send_events(wire: "Wire", exchange: Exchange) -> None:
    """Send events at their pace, up to where the asked-for fault comes."""
    behaviour = exchange.behaviour
    for number, event in enumerate(_sent(exchange)):
        if event.token and behaviour.pace:
            await asyncio.sleep(behaviour.pause())
        elif event.token and number % BURST == 0:
            await asyncio.sleep(0)
        if event.late and behaviour.has("late-usage"):
            await asyncio.sleep(LATE)
        if number == OVERSIZED_NUMBER and behaviour.has("oversized"):
            event = msgspec.structs.replace(event, data=_pad(event.data, OVERSIZED_EVENT))
        if behaviour.has("comments"):
            await wire.send(_keep_alive(exchange))
        await wire.send(encode(event, behaviour))


def _sent(exchange: Exchange) -> Iterator[Event]:
    """Give the events before the fault, if there is one."""
    broken = bool(exchange.behaviour.traits & BROKEN_STREAMS)
    tokens = 0
    for event in exchange.events():
        if broken and (event.end or (event.token and tokens == AFTER_TOKENS)):
            return
        tokens += event.token
        yield event


def encode(event: Event, behaviour: Behaviour) -> bytes:
    """Write an event in the framing that the behaviour asks for."""
    lines = [b"event: " + event.name.encode()] if event.name else []
    if behaviour.has("multi-data") and event.data.startswith(b"{"):
        lines += [b"data: {", b"data: " + event.data[1:]]
    else:
        lines.append(b"data: " + event.data)
    return _join(lines, behaviour)


def _join(lines: list[bytes], behaviour: Behaviour) -> bytes:
    end = b"\r\n" if behaviour.has("crlf") else b"\n"
    return end.join([*lines, b"", b""])


def _keep_alive(exchange: Exchange) -> bytes:
    sent = exchange.keep_alive
    if isinstance(sent, Event):
        return encode(sent, exchange.behaviour)
    return _join([sent], exchange.behaviour)


def _pad(data: bytes, size: int) -> bytes:
    """Return a JSON object with a first field that makes it as large as that."""
    if not data.startswith(b"{"):
        return data.ljust(size)
    return b'{"padding":"' + b"x" * size + b'",' + data[1:]


class Wire:
    """Writes a body in the pieces, and up to the byte, that the behaviour asks for."""

    def __init__(
        self, request: web.Request, response: web.StreamResponse, behaviour: Behaviour
    ) -> None:
        self._request = request
        self._response = response
        self._step = behaviour.drip
        self._left = behaviour.reset
        self._waiting = bytearray()

    async def send(self, data: bytes) -> None:
        """Write some of the body; raise Gone where the connection was to be reset."""
        if self._step is None:
            await self._put(data)
            return
        self._waiting += data
        while len(self._waiting) >= self._step:
            await self._put(bytes(self._waiting[: self._step]))
            del self._waiting[: self._step]
            # Lets the reader see each piece by itself.
            await asyncio.sleep(0.001)

    async def flush(self) -> None:
        """Write what is left of the body."""
        if self._waiting:
            await self._put(bytes(self._waiting))

    async def _put(self, data: bytes) -> None:
        if self._left is None:
            await self._response.write(data)
            return
        if data[: self._left]:
            await self._response.write(data[: self._left])
        self._left -= min(len(data), self._left)
        if not self._left:
            await reset(self._request)
            raise Gone


async def _hold(behaviour: Behaviour, trait: str) -> None:
    if behaviour.has(trait):
        await asyncio.sleep(NEVER)


def close(request: web.Request) -> None:
    """Close the TCP connection in the middle of an answer."""
    if request.transport is not None:
        request.transport.close()


async def reset(request: web.Request) -> None:
    """Reset the TCP connection, once what was sent is likely to have been read."""
    await asyncio.sleep(0.05)
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
