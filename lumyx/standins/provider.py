"""An AI provider on loopback that speaks OpenAI's and Anthropic's dialects and echoes.

    python -m lumyx.standins.provider --port 8001

Its base URL is then http://127.0.0.1:8001/v1: Chat Completions, legacy Completions, Embeddings,
Messages, and the counting of their tokens. The answer is the text of the last user message, one
event per token, with real token counts; before it, `[image image/png 68 bytes]` for what was
shown. After the result of a tool it is that result. The model name says how it behaves: see
`lumyx.standins.behaviours`, and `lumyx.standins.answers` for how tools are called. Any bearer
token (Messages: `x-api-key`) will do, unless STANDIN_PROVIDER_KEY is set.

For tests, kept in memory alone; nothing is logged:
  GET /v1/_last            the last call's path, query, headers and body, and the counters
                           `calls`, `open_calls`, `open_streams` and `cancelled` (calls whose
                           client went away before their end)
  GET /v1/_calls?since=N   of the last 200 calls those after number N: `n`, `path`, `model`,
                           `status` (null where nothing was answered)
  POST /v1/_reset          flaky models fail again
"""

import argparse
import asyncio
import hmac
import ipaddress
import os
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from aiohttp import web

from lumyx.standins import behaviours, delivery, messages_rules, reading, tokens
from lumyx.standins.answers import BadCall
from lumyx.standins.behaviours import Behaviour
from lumyx.standins.chat_replies import ChatExchange
from lumyx.standins.completions import CompletionsExchange
from lumyx.standins.dialects import ANTHROPIC, OPENAI, Dialect
from lumyx.standins.embeddings import EmbeddingsExchange
from lumyx.standins.exchanges import Exchange
from lumyx.standins.messages_replies import CountExchange, MessagesExchange
from lumyx.standins.recorder import Recorder, SeenCall

MOST_BODY_BYTES = 128 * 1024 * 1024
MOST_MESSAGES_BYTES = 32 * 1024 * 1024
STARTED = 1_700_000_000
SEEN = web.RequestKey("seen", SeenCall)

Maker = Callable[[dict[str, Any], Behaviour], Exchange]
ENDPOINTS: Mapping[str, tuple[Dialect, Maker]] = {
    "/v1/chat/completions": (OPENAI, ChatExchange),
    "/v1/completions": (OPENAI, CompletionsExchange),
    "/v1/embeddings": (OPENAI, EmbeddingsExchange),
    "/v1/messages": (ANTHROPIC, MessagesExchange),
    "/v1/messages/count_tokens": (ANTHROPIC, CountExchange),
}


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
        app.router.add_get("/v1/_calls", self.calls)
        app.router.add_post("/v1/_reset", self.reset)
        app.router.add_get("/v1/models", self.models)
        for path in ENDPOINTS:
            app.router.add_post(path, self.call)
        app.on_response_prepare.append(_note_status)
        return app

    async def health(self, request: web.Request) -> web.Response:
        """Say that the stand-in is up."""
        return web.Response(text="ok\n")

    async def last(self, request: web.Request) -> web.Response:
        """Show the last call and the counters."""
        return _json(self.recorder.last())

    async def calls(self, request: web.Request) -> web.Response:
        """List the last calls."""
        since = request.query.get("since", "0")
        return _json(self.recorder.since(int(since) if since.isdecimal() else 0))

    async def reset(self, request: web.Request) -> web.Response:
        """Let flaky models fail again."""
        self.recorder.reset()
        return web.Response(status=204)

    async def models(self, request: web.Request) -> web.Response:
        """List the models, for clients that send its version as Anthropic does."""
        dialect = ANTHROPIC if "anthropic-version" in request.headers else OPENAI
        if not self._allowed(request, dialect):
            return self._refused(request, dialect)
        if dialect is OPENAI:
            shown = [
                {"id": name, "object": "model", "created": STARTED, "owned_by": "standin"}
                for name in behaviours.LISTED
            ]
            return _json({"object": "list", "data": shown}, dialect)
        created = "2023-11-14T22:13:20Z"
        shown = [
            {"type": "model", "id": name, "display_name": name, "created_at": created}
            for name in behaviours.LISTED
        ]
        ends = {"first_id": behaviours.LISTED[0], "last_id": behaviours.LISTED[-1]}
        return _json({"data": shown, "has_more": False, **ends}, dialect)

    async def call(self, request: web.Request) -> web.StreamResponse:
        """Answer a call and count it, also when its client goes away meanwhile."""
        recorder = self.recorder
        request[SEEN] = recorder.begin(request)
        try:
            return await self._call(request)
        except (asyncio.CancelledError, ConnectionError):
            recorder.cancelled += 1
            raise
        finally:
            recorder.open_calls -= 1

    async def _call(self, request: web.Request) -> web.StreamResponse:
        dialect, maker = ENDPOINTS[request.path]
        body = await request.read()
        self.recorder.keep(request, body)
        if not self._allowed(request, dialect):
            return self._refused(request, dialect)
        if dialect is ANTHROPIC:
            refused = _refuse_as_anthropic(request, body)
            if refused is not None:
                return refused
        try:
            fields = reading.read_object(body)
            model = request[SEEN].model = fields["model"]
            if dialect is ANTHROPIC:
                messages_rules.check_version(fields, request.headers["anthropic-version"])
            exchange = maker(fields, behaviours.read(model))
        except BadCall as bad:
            text = dialect.error(bad.message, status=400, param=bad.param)
            return delivery.json_response(dialect, text, 400)
        except behaviours.UnknownModel:
            return delivery.json_response(dialect, dialect.unknown_model(model), 404)
        return await self._answer(request, exchange, model)

    async def _answer(
        self, request: web.Request, exchange: Exchange, model: str
    ) -> web.StreamResponse:
        flaky = exchange.behaviour.flaky
        if flaky and self.recorder.count_for(model) <= flaky:
            return delivery.refuse(exchange, 503)
        self.recorder.open_streams += exchange.streamed
        try:
            return await delivery.answer(request, exchange)
        finally:
            self.recorder.open_streams -= exchange.streamed

    def _allowed(self, request: web.Request, dialect: Dialect) -> bool:
        key = dialect.key(request.headers)
        if key is None:
            return False
        return not self._key or hmac.compare_digest(key.encode(), self._key.encode())

    def _refused(self, request: web.Request, dialect: Dialect) -> web.Response:
        body = dialect.refusal(dialect.key(request.headers))
        return delivery.json_response(dialect, body, 401)


def _refuse_as_anthropic(request: web.Request, body: bytes) -> web.Response | None:
    version = request.headers.get("anthropic-version")
    if version is None:
        status, text = 400, "anthropic-version: header is required"
    elif version not in messages_rules.VERSIONS:
        status, text = 400, f'anthropic-version: "{version}" is not a valid version'
    elif len(body) > MOST_MESSAGES_BYTES:
        status, text = 413, "Request exceeds the maximum size"
    else:
        return None
    return delivery.json_response(ANTHROPIC, ANTHROPIC.error(text, status=status), status)


async def _note_status(request: web.Request, response: web.StreamResponse) -> None:
    """Keep the status of a call, unless its connection is closed and none goes out."""
    seen = request.get(SEEN)
    transport = request.transport
    if seen is not None and transport is not None and not transport.is_closing():
        seen.status = response.status


def _json(shown: object, dialect: Dialect = OPENAI) -> web.Response:
    return delivery.json_response(dialect, msgspec.json.encode(shown))


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
