"""An AI provider on loopback that speaks OpenAI's Chat Completions and answers by echoing.

    python -m lumyx.standins.provider --port 8001

Its base URL is then http://127.0.0.1:8001/v1. The answer is the text of the last user
message, one event per token, with real token counts. The model name says how it behaves: see
`lumyx.standins.behaviours`. Any bearer token will do, unless STANDIN_PROVIDER_KEY is set.

GET /v1/_last, for tests: the last call's headers and body, and the counters `calls`,
`open_calls`, `open_streams` and `cancelled` (calls whose client went away before their end).
They are kept in memory alone; nothing is logged.
"""

import argparse
import asyncio
import contextlib
import hmac
import ipaddress
import os
import secrets
from typing import Any

import msgspec
from aiohttp import web

from lumyx.standins import behaviours, replies, streams, tokens
from lumyx.standins.behaviours import Behaviour
from lumyx.standins.replies import BadCall, Call, Reply

MOST_BODY_BYTES = 128 * 1024 * 1024
STARTED = 1_700_000_000
NEVER = 10**9


class Recorder(msgspec.Struct):
    """The last call and counters of all, for tests."""

    headers: list[tuple[str, str]] = []
    body: str = ""
    calls: int = 0
    open_calls: int = 0
    open_streams: int = 0
    cancelled: int = 0


class ProviderStandIn:
    """The handlers of the stand-in."""

    def __init__(self, key: str = "") -> None:
        self._key = key
        self.recorder = Recorder()

    def application(self) -> web.Application:
        """Return the web application."""
        app = web.Application(client_max_size=MOST_BODY_BYTES)
        app.router.add_get("/healthz", self.health)
        app.router.add_get("/v1/_last", self.last)
        app.router.add_get("/v1/models", self.models)
        app.router.add_post("/v1/chat/completions", self.chat)
        return app

    async def health(self, request: web.Request) -> web.Response:
        """Say that the stand-in is up."""
        return web.Response(text="ok\n")

    async def last(self, request: web.Request) -> web.Response:
        """Show the last call and the counters."""
        shown = msgspec.to_builtins(self.recorder)
        shown["headers"] = {name.lower(): value for name, value in self.recorder.headers}
        shown["header_names"] = [name for name, _ in self.recorder.headers]
        with contextlib.suppress(msgspec.DecodeError):
            shown["body"] = msgspec.json.decode(self.recorder.body)
        return _json(msgspec.json.encode(shown))

    async def models(self, request: web.Request) -> web.Response:
        """List the models."""
        if not self._allowed(request):
            return _refused()
        listed = [
            {"id": name, "object": "model", "created": STARTED, "owned_by": "standin"}
            for name in behaviours.LISTED
        ]
        return _json(msgspec.json.encode({"object": "list", "data": listed}))

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Answer a call and count it, also when its client goes away meanwhile."""
        recorder = self.recorder
        recorder.calls += 1
        recorder.open_calls += 1
        try:
            return await self._chat(request)
        except (asyncio.CancelledError, ConnectionError):
            recorder.cancelled += 1
            raise
        finally:
            recorder.open_calls -= 1

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.recorder.headers = [(str(name), value) for name, value in request.headers.items()]
        self.recorder.body = body.decode("utf-8", "replace")
        if not self._allowed(request):
            return _refused()
        try:
            call = replies.read(body)
            behaviour = behaviours.read(call.model)
            reply = replies.compose(call, behaviour)
        except BadCall as bad:
            return _json(replies.error(bad.message, status=400, param=bad.param), 400)
        except behaviours.UnknownModel:
            text = "The model does not exist or you do not have access to it."
            return _json(
                replies.error(text, status=404, param="model", code="model_not_found"), 404
            )
        if not call.stream:
            return await self._answer(request, call, reply, behaviour)
        self.recorder.open_streams += 1
        try:
            return await self._answer(request, call, reply, behaviour)
        finally:
            self.recorder.open_streams -= 1

    async def _answer(
        self, request: web.Request, call: Call, reply: Reply, behaviour: Behaviour
    ) -> web.StreamResponse:
        if behaviour.has("hang"):
            await asyncio.sleep(NEVER)
        if behaviour.has("slow-start"):
            await asyncio.sleep(2)
        failed = behaviour.fail or (500 if behaviour.has("error-mid") and not call.stream else 0)
        if failed:
            return _failure(call, failed)
        if behaviour.has("200-error"):
            return _json(replies.error(f"Sorry, no answer to: {call.said()}", status=500))
        if call.stream:
            response = web.StreamResponse(headers=_headers())
            return await streams.send(request, response, call, reply, behaviour)
        # An unstreamed answer takes as long as its tokens would.
        await asyncio.sleep(behaviour.pace * len(reply.content))
        if behaviour.has("reset"):
            await streams.reset(request)
        if behaviour.has("garbage"):
            return _json(b'<html>{"choices":[{"message": Bad Gateway')
        answer = msgspec.json.encode(replies.whole(call, reply, behaviour))
        if behaviour.has("cut"):
            return await _cut(request, answer)
        return _json(answer)

    def _allowed(self, request: web.Request) -> bool:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return False
        return not self._key or hmac.compare_digest(token.strip().encode(), self._key.encode())


def _headers() -> dict[str, str]:
    return {
        "x-request-id": f"req_{secrets.token_hex(16)}",
        "openai-version": "2020-10-01",
        "openai-processing-ms": "1",
        "x-ratelimit-limit-requests": "10000",
        "x-ratelimit-remaining-requests": "9999",
    }


def _json(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        body=body,
        status=status,
        content_type="application/json",
        headers=_headers() | (headers or {}),
    )


def _refused() -> web.Response:
    text = "Incorrect API key provided. You can find your API key at the stand-in's start."
    return _json(replies.error(text, status=401, code="invalid_api_key"), 401)


def _failure(call: Call, status: int) -> web.Response:
    """Fail as real providers do: with the prompt in the message."""
    codes = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}
    text = f"Status {status} for your request with the input: {call.said()}"
    return _json(
        replies.error(text, status=status, code=codes.get(status)),
        status,
        {"Retry-After": "7"} if status == 429 else None,
    )


async def _cut(request: web.Request, answer: bytes) -> web.StreamResponse:
    """Send half of an answer and close the connection."""
    response = web.StreamResponse(headers=_headers())
    response.content_type = "application/json"
    response.content_length = len(answer)
    await response.prepare(request)
    await response.write(answer[: len(answer) // 2])
    streams.close(request)
    return response


def loopback(value: str) -> str:
    """Read a loopback address; the stand-in serves no other."""
    if not ipaddress.ip_address(value).is_loopback:
        raise ValueError("must be a loopback address")
    return value


def main(arguments: list[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m lumyx.standins.provider")
    parser.add_argument("--host", type=loopback, default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args(arguments)
    tokens.load()
    quiet: Any = None
    web.run_app(
        ProviderStandIn(os.environ.get("STANDIN_PROVIDER_KEY", "")).application(),
        host=options.host,
        port=options.port,
        access_log=None,
        print=quiet,
        handler_cancellation=True,
        shutdown_timeout=0.5,
    )


if __name__ == "__main__":
    main()
