"""The official Python SDKs for tests, whose sync and async clients are asked in the same way."""

import asyncio
from collections.abc import Callable
from typing import Any

import anthropic
import openai

from tests.processes import Server

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
"""A PNG of one pixel, in base64."""
HELLO = "Hello there, how are you today?"
CITIES = 'call:weather {"city":"Oslo"}\ncall:weather {"city":"Rome"}'
"""What the provider stand-in answers with two calls of the tool `weather`."""
CITY: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}

Call = Callable[[Any], Any]
"""Uses a client; what it returns is awaited where the client is async."""


class Sdk:
    """An official client that never retries; each use opens and closes one."""

    def __init__(self, sync: type[Any], asynchronous: type[Any], *, is_async: bool, **given: Any):
        self._type = asynchronous if is_async else sync
        self._is_async = is_async
        self._given = {"max_retries": 0, **given}

    def with_key(self, key: str) -> "Sdk":
        """Return the same client with another key."""
        given = {**self._given, "api_key": key}
        return Sdk(self._type, self._type, is_async=self._is_async, **given)

    def get(self, call: Call) -> Any:
        """Return what one call of the client answers."""
        return self._run(call, None)

    def chunks(self, call: Call) -> list[Any]:
        """Return all that an iterator of the client gives."""
        return list(self._run(call, "iterate"))

    def final(self, call: Call, method: str) -> Any:
        """Return the whole answer that a `.stream()` helper of the client puts together."""
        return self._run(call, method)

    def _run(self, call: Call, then: str | None) -> Any:
        if self._is_async:
            return asyncio.run(self._run_async(call, then))
        with self._type(**self._given) as client:
            if then is None:
                return call(client)
            if then == "iterate":
                return list(call(client))
            with call(client) as stream:
                return getattr(stream, then)()

    async def _run_async(self, call: Call, then: str | None) -> Any:
        async with self._type(**self._given) as client:
            if then is None:
                return await call(client)
            if then == "iterate":
                called = call(client)
                # A list of pages is iterated over as it is; a stream is awaited first.
                found = called if hasattr(called, "__aiter__") else await called
                return [chunk async for chunk in found]
            async with call(client) as stream:
                return await getattr(stream, then)()


def openai_sdk(server: Server, key: str, *, is_async: bool) -> Sdk:
    """Return OpenAI's client at the server."""
    return Sdk(
        openai.OpenAI,
        openai.AsyncOpenAI,
        is_async=is_async,
        base_url=server.api,
        api_key=key,
    )


def anthropic_sdk(server: Server, key: str, *, is_async: bool, base: str = "/api") -> Sdk:
    """Return Anthropic's client at the server, whose base it appends `/v1/messages` to."""
    return Sdk(
        anthropic.Anthropic,
        anthropic.AsyncAnthropic,
        is_async=is_async,
        base_url=f"{server.url}{base}",
        api_key=key,
    )
