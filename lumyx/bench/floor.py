"""The do-nothing floor: an ASGI function and an aiohttp session that forward, and no more."""

import os
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

UPSTREAM = os.environ.get("BENCH_UPSTREAM", "")
PACED_UPSTREAM = os.environ.get("BENCH_PACED_UPSTREAM", "")

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_session: aiohttp.ClientSession | None = None


async def application(scope: Message, receive: Receive, send: Send) -> None:
    """Forward one request to the same path of the mock provider."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    assert _session is not None
    message = await receive()
    body = message["body"]
    while message["more_body"]:
        message = await receive()
        body += message["body"]
    path = scope["path"]
    upstream = PACED_UPSTREAM if path.startswith(("/paced", "/held")) else UPSTREAM
    response = await _session.post(
        upstream + path, data=body, headers={"Content-Type": "application/json"}
    )
    kind = response.headers["Content-Type"].encode()
    start: Message = {"type": "http.response.start", "status": response.status}
    if kind == b"text/event-stream":
        await send(start | {"headers": [(b"content-type", kind)]})
        async for part in response.content.iter_any():
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return
    whole = await response.read()
    length = str(len(whole)).encode()
    await send(start | {"headers": [(b"content-type", kind), (b"content-length", length)]})
    await send({"type": "http.response.body", "body": whole, "more_body": False})


async def _live(receive: Receive, send: Send) -> None:
    global _session
    await receive()
    _session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60),
        cookie_jar=aiohttp.DummyCookieJar(),
    )
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await _session.close()
    await send({"type": "lifespan.shutdown.complete"})
