"""Pass a provider's stream on to the client as it comes, and charge it before its end."""

import logging
from collections.abc import AsyncIterator

import aiohttp

from billing.ledger import LedgerUnavailable
from gateway import upstream
from gateway.errors import ApiError, ceiling_reached, stream_broken, upstream_failed
from gateway.exchange import CLIENT_LEFT, Exchange
from gateway.wire import openai
from gateway.wire.openai_answers import (
    Answer,
    BrokenStream,
    Events,
    Renamer,
    read_chunks,
    without_usage,
)

log = logging.getLogger("lumyx.gateway")


class ChatStream:
    """One streamed answer; `close` must be called however it ends, also if it never began.

    Memory stays bounded: nothing that was passed on is kept. The charge is durable before
    the terminal event is sent. A stream that breaks ends with an error event and without
    `[DONE]`, since a silent end would look like success.
    """

    def __init__(
        self, exchange: Exchange, response: aiohttp.ClientResponse, *, capped: bool
    ) -> None:
        self._exchange = exchange
        self._response = response
        self._capped = capped
        self._events = Events()
        self._rename = Renamer(exchange.offer.name)
        self._done = False
        self._finished = False
        self._cut = False
        self._error: ApiError | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for data in self._response.content.iter_any():
                ready = self._take(data)
                if ready:
                    yield ready
                if self._done or self._error is not None:
                    break
            else:
                ready = self._take(b"\n\n")
                if ready:
                    yield ready
        except Exception as error:
            self._error = _broken(error)
        if self._error is None and not (self._finished or self._done):
            self._error = stream_broken()
        elif self._error is None and self._cut:
            self._error = ceiling_reached()
        await self._settle()
        if self._error is None:
            yield openai.DONE
        else:
            yield openai.error_event(self._error)

    def close(self) -> None:
        """Leave the provider and charge what was used, if that is not done yet."""
        self._response.close()
        self._exchange.close(status=CLIENT_LEFT)

    async def _settle(self) -> None:
        status = 200 if self._error is None else self._error.status
        try:
            await self._exchange.close(
                status=status, error=self._error, complete=self._error is None
            )
        except LedgerUnavailable:
            log.error("alarm: a stream ended without its settlement")

    def _take(self, data: bytes) -> bytes:
        """Meter what came and return what goes on to the client."""
        payloads = self._events.feed(data)
        if openai.DONE_DATA in payloads:
            self._done = True
            payloads = payloads[: payloads.index(openai.DONE_DATA)]
        chunks = self._read(payloads)
        self._exchange.observe(chunks)
        asked = self._exchange.call.include_usage
        ready = [
            payload if asked or chunk.usage is None else without_usage(payload)
            for payload, chunk in zip(payloads, chunks, strict=False)
            if self._goes_on(chunk)
        ]
        if self._error is None and self._exchange.exhausted():
            self._error = ceiling_reached()
        return self._rename(b"data: " + b"\n\ndata: ".join(ready) + b"\n\n") if ready else b""

    def _read(self, payloads: list[bytes]) -> list[Answer]:
        """Read chunks up to the first that is broken, which ends the stream."""
        try:
            chunks = read_chunks(payloads)
        except BrokenStream:
            chunks = []
            for payload in payloads:
                try:
                    chunks += read_chunks([payload])
                except BrokenStream:
                    self._error = stream_broken()
                    break
        for number, chunk in enumerate(chunks):
            if chunk.error is not None:
                self._error = stream_broken()
                return chunks[:number]
        return chunks

    def _goes_on(self, chunk: Answer) -> bool:
        """Return whether a chunk is for the client, and note when the answer is finished."""
        if not chunk.choices:
            return chunk.usage is None or self._exchange.call.include_usage
        for choice in chunk.choices:
            if choice.finish_reason is not None:
                self._finished = True
                # The usage chunk, which says what it cost, is still to come.
                self._cut = self._cut or (self._capped and choice.finish_reason == "length")
        return True


def _broken(error: Exception) -> ApiError:
    if isinstance(error, TimeoutError):
        return upstream_failed(504, code="provider_timeout")
    if not (upstream.broke_off(error) or isinstance(error, BrokenStream)):
        log.error("a stream failed: %s", type(error).__name__)
    return stream_broken()
