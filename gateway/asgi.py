"""A lean ASGI handler for the API: Django's requests and URL resolver, and no thread hops.

Django's own handler runs signals, middleware, body spooling and `response.close()` through
threads, which costs more than a whole call does here. This one reads the body with a
counted limit, resolves the URL, awaits the view, and cancels it when the client leaves.
"""

import asyncio
import logging
from functools import lru_cache

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope
from django.conf import settings
from django.urls import ResolverMatch, get_resolver

from accounts.addresses import client_address
from gateway import errors, ids, maintenance
from gateway.errors import ApiError
from gateway.http import EventStream, GatewayRequest, Response, error_response, head
from gateway.pulse import Pulse
from gateway.visit import Visit

log = logging.getLogger("lumyx.gateway")

ANTHROPIC_PATHS = ("/api/v1/messages", "/api/v1/v1/")
"""Where clients expect Anthropic's shapes, whatever goes wrong."""
SHARED_PATHS = ("/api/v1/models",)
"""Where both kinds of client come, and an `anthropic-version` header tells them apart."""
LOOK_AFTER_SECONDS = 0.1
"""How long after a call began we first look whether its client is still there."""
BREATH_BYTES, BREATH_SECONDS = 2**18, 0.001
"""After how much of a large body everybody else has a turn, and how long a one."""


@lru_cache(maxsize=1_024)
def _resolve(urls: str, path: str) -> ResolverMatch:
    return get_resolver(urls).resolve(path)


class GatewayHandler:
    """Serves every path below a prefix, by the URLs of one module."""

    def __init__(self, prefix: str = "/api", *, urls: str = "gateway.api_urls") -> None:
        self._prefix = len(prefix)
        self._urls = urls

    async def __call__(
        self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Serve one request."""
        visit = _visit(scope)
        # For the log; each request runs in a task, and so in a context, of its own.
        ids.under_way.set(visit.public_id)
        try:
            async with asyncio.timeout(settings.BODY_SECONDS):
                body = await _read_body(scope, receive)
        except ApiError as error:
            await _send(error_response(error, visit), visit, send)
        except TimeoutError:
            await _send(error_response(errors.body_too_slow(), visit), visit, send)
        except ClientLeft:
            pass
        else:
            with Presence(receive):
                response = await self._respond(GatewayRequest(scope, body, visit), visit)
                await _send(response, visit, send)

    async def _respond(self, request: GatewayRequest, visit: Visit) -> Response | EventStream:
        path = request.path_info
        try:
            if settings.MAINTENANCE == maintenance.ALL:
                raise errors.under_maintenance(maintenance.seconds_left())
            try:
                match = _resolve(self._urls, path[self._prefix :])
            except Exception:
                raise errors.unknown_path() from None
            response: Response | EventStream = await match.func(
                request, *match.args, **match.kwargs
            )
        except ApiError as error:
            return error_response(error, visit)
        except Exception as error:
            # The log tells its type and where it was; its own text may quote what the client sent.
            log.error("call %s failed", visit.public_id, exc_info=error)
            return error_response(errors.internal(), visit)
        return response


class Presence:
    """Cancels the surrounding task when the client leaves; used as a context manager.

    Most calls end before it looks for the first time, which costs them almost nothing.
    """

    def __init__(self, receive: ASGIReceiveCallable) -> None:
        self._receive = receive
        self._watching: asyncio.Task[None] | None = None
        self._left = False

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._timer = asyncio.get_running_loop().call_later(LOOK_AFTER_SECONDS, self._look)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        self._timer.cancel()
        if self._watching is not None:
            self._watching.cancel()
        if self._left:
            self._task.uncancel()
            return isinstance(error, asyncio.CancelledError)
        return False

    def _look(self) -> None:
        self._watching = asyncio.create_task(self._until_gone())

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._left = True
        self._task.cancel()


class ClientLeft(Exception):
    """The client closed the connection before its body was whole."""


async def _read_body(scope: HTTPScope, receive: ASGIReceiveCallable) -> bytes:
    most = settings.MAX_BODY_BYTES
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > most:
            raise errors.body_too_large(most)
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body = message.get("body", b"")
        if len(body) > most:
            raise errors.body_too_large(most)
        return body
    parts: list[bytes] = []
    size = paused_at = 0
    while message["type"] == "http.request":
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > most:
            raise errors.body_too_large(most)
        if not message.get("more_body"):
            return b"".join(parts)
        if size - paused_at > BREATH_BYTES:
            paused_at = size
            await asyncio.sleep(BREATH_SECONDS)
        message = await receive()
    raise ClientLeft


def _visit(scope: HTTPScope) -> Visit:
    forwarded = agent = ""
    anthropic = scope["path"].startswith(ANTHROPIC_PATHS)
    for name, value in scope["headers"]:
        if name == b"user-agent":
            agent = value.decode("latin-1")
        elif name == b"x-forwarded-for":
            forwarded += "," + value.decode("latin-1")
        elif name == b"anthropic-version":
            anthropic = anthropic or scope["path"].startswith(SHARED_PATHS)
    client = scope["client"]
    return Visit(
        id=ids.new(),
        endpoint="",
        ip=client_address(client[0] if client else "", forwarded),
        agent=agent,
        anthropic=anthropic,
    )


async def _send(response: Response | EventStream, visit: Visit, send: ASGISendCallable) -> None:
    stream = response.source if isinstance(response, EventStream) else None
    try:
        await send(
            {
                "type": "http.response.start",
                "status": 200 if isinstance(response, EventStream) else response.status,
                "headers": head(response, visit),
                "trailers": False,
            }
        )
        if isinstance(response, Response):
            await send({"type": "http.response.body", "body": response.content, "more_body": False})
            return
        async with Pulse(send, response.source.keep_alive) as pulse:
            async for part in response.source:
                await pulse.send(part)
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    except TimeoutError:
        log.warning("call %s was left: its client stopped reading", visit.public_id)
    finally:
        if stream is not None:
            stream.close()
