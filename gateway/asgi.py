"""A lean ASGI handler for the API: Django's requests and URL resolver, and no thread hops.

Django's own handler runs signals, middleware, body spooling and `response.close()` through
threads, which costs more than a whole call does here. This one reads the body with a
counted limit, resolves the URL, awaits the view, and cancels it when the client leaves.
"""

import asyncio
import logging
from functools import lru_cache
from io import BytesIO

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse
from django.urls import ResolverMatch, get_resolver

from gateway import errors, ids
from gateway.addresses import client_address
from gateway.answers import EventStream, error_response
from gateway.errors import ApiError
from gateway.visit import Visit

log = logging.getLogger("lumyx.gateway")

URLS = "gateway.api_urls"
PREFIX = "/api"


class GatewayRequest(ASGIRequest):
    """Django's request with a body that was read before, and the visit that it belongs to."""

    visit: Visit

    def __init__(self, scope: HTTPScope, body: bytes) -> None:
        super().__init__(scope, BytesIO(body))  # type: ignore[arg-type]
        self._body = body


@lru_cache(maxsize=1_024)
def _resolve(path: str) -> ResolverMatch:
    return get_resolver(URLS).resolve(path)


class GatewayHandler:
    """Serves every path below `/api/`."""

    async def __call__(
        self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Serve one request."""
        visit = _visit(scope)
        task = asyncio.current_task()
        assert task is not None
        left = False

        def cancel(watching: "asyncio.Task[None]") -> None:
            nonlocal left
            if not watching.cancelled():
                left = True
                task.cancel()

        watcher: asyncio.Task[None] | None = None
        try:
            try:
                async with asyncio.timeout(settings.BODY_SECONDS):
                    body = await _read_body(scope, receive)
            except ApiError as error:
                await _send(error_response(error, visit), send)
                return
            except TimeoutError:
                await _send(error_response(errors.body_too_slow(), visit), send)
                return
            except ClientLeft:
                return
            watcher = asyncio.create_task(_until_gone(receive))
            watcher.add_done_callback(cancel)
            await _send(await _respond(GatewayRequest(scope, body), visit), send)
        except asyncio.CancelledError:
            if not left:
                raise
            task.uncancel()
        finally:
            if watcher is not None:
                watcher.remove_done_callback(cancel)
                watcher.cancel()


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
    size = 0
    while message["type"] == "http.request":
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > most:
            raise errors.body_too_large(most)
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()
    raise ClientLeft


async def _until_gone(receive: ASGIReceiveCallable) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _visit(scope: HTTPScope) -> Visit:
    forwarded = agent = ""
    for name, value in scope["headers"]:
        if name == b"user-agent":
            agent = value.decode("latin-1")
        elif name == b"x-forwarded-for":
            forwarded += "," + value.decode("latin-1")
    client = scope["client"]
    return Visit(
        id=ids.new(),
        endpoint="",
        ip=client_address(client[0] if client else "", forwarded),
        agent=agent,
    )


async def _respond(request: GatewayRequest, visit: Visit) -> HttpResponse | EventStream:
    request.visit = visit
    path = request.path_info
    try:
        try:
            match = _resolve(path[len(PREFIX) :])
        except Exception:  # noqa: BLE001  Resolver404, and converters that refuse
            raise errors.unknown_path() from None
        response: HttpResponse | EventStream = await match.func(
            request, *match.args, **match.kwargs
        )
    except ApiError as error:
        return error_response(error, visit)
    except Exception as error:
        # The exception's own text may quote what the client sent, so only its type is logged.
        log.error("call %s failed: %s", visit.public_id, type(error).__name__)
        return error_response(errors.internal(), visit)
    return response


async def _send(response: HttpResponse | EventStream, send: ASGISendCallable) -> None:
    headers = [
        (name.lower().encode("ascii"), value.encode("latin-1"))
        for name, value in response.items()
    ]
    stream = response.source if isinstance(response, EventStream) else None
    try:
        if stream is None:
            headers.append((b"content-length", b"%d" % len(response.content)))
        await send(
            {
                "type": "http.response.start",
                "status": response.status_code,
                "headers": headers,
                "trailers": False,
            }
        )
        if stream is None:
            await send(
                {"type": "http.response.body", "body": response.content, "more_body": False}
            )
            return
        async for part in stream:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        if stream is not None:
            stream.close()
