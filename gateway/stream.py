"""Pass a provider's stream on to the client as it comes, and charge it before its end."""

import logging
from collections.abc import AsyncIterator, Callable

import aiohttp

from billing.ledger import LedgerUnavailable, Receipt
from gateway import upstream
from gateway.errors import ApiError, ceiling_reached, stream_broken, upstream_failed
from gateway.exchange import CLIENT_LEFT, Exchange
from gateway.pricing import Tokens
from gateway.silence import SilenceWatch
from gateway.upstream import Failed
from gateway.wire.dialects import Passage
from gateway.wire.events import BrokenStream
from gateway.wire.sse import Events

log = logging.getLogger("lumyx.gateway")


class AnswerStream:
    """One streamed answer; `close` must be called however it ends, also if it never began.

    Memory stays bounded: nothing that was passed on is kept. The charge is durable before
    the terminal event is sent. A stream that breaks ends with an error event and without
    its terminal event, since a silent end would look like success.
    """

    def __init__(
        self,
        exchange: Exchange,
        response: aiohttp.ClientResponse,
        passage: Passage,
        *,
        idle_seconds: float,
        deadline: float,
        on_end: Callable[[ApiError | None], None],
    ) -> None:
        self.keep_alive = exchange.order.dialect.keep_alive
        self._exchange = exchange
        self._response = response
        self._passage = passage
        self._events = Events()
        self._idle_seconds = idle_seconds
        self._deadline = deadline
        self._on_end = on_end
        self._first = b""
        self._left = False
        self._error: ApiError | None = None

    async def begin(self) -> None:
        """Read up to the first event; raise Failed where there is none.

        So far nothing went to the client, so another provider may still answer.
        """
        try:
            while not self._first and not self._over():
                data = await self._response.content.readany()
                if not data:
                    break
                self._first = self._take(data)
        except TimeoutError as error:
            raise upstream.too_late("no_answer_in_time") from error
        except BrokenStream:
            raise upstream.no_answer("no_stream") from None
        except upstream.FOREIGN as error:
            raise upstream.no_answer("connection_lost") from error
        if self._passage.broken and not self._first:
            raise upstream.no_answer("error_in_stream")
        if not self._first and not self._passage.finished:
            raise upstream.no_answer("empty_stream")

    def _over(self) -> bool:
        passage = self._passage
        return passage.closed or passage.broken or self._error is not None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        passage = self._passage
        try:
            if self._first:
                first, self._first = self._first, b""
                yield first
            content = self._response.content
            with SilenceWatch(content, self._idle_seconds, self._deadline) as watch:
                while not self._over():
                    data = await watch.read()
                    ready = self._take(data or b"\n\n")
                    if ready:
                        yield ready
                    if not data:
                        break
        except Exception as error:
            self._error = _broken(error)
        if self._error is None:
            if passage.broken or not passage.finished:
                self._error = stream_broken()
            elif passage.cut and self._exchange.ceiling is not None:
                self._error = ceiling_reached(self._exchange.ceiling)
        await self._settle()
        if self._error is None:
            yield passage.end(self._exchange.meter.tokens())
        else:
            yield passage.fail(self._error)

    async def receipt(self) -> Receipt:
        """Return what the answer cost, once that is durable; raises LedgerUnavailable."""
        return await self._exchange.close(status=CLIENT_LEFT)

    def used(self) -> tuple[Tokens, bool]:
        """Return what the answer used so far, and whether that is its provider's own count."""
        meter = self._exchange.meter
        return meter.tokens() if meter.reported or meter.pieces else Tokens(), meter.reported

    def close(self) -> None:
        """Leave the provider and charge what was used, if that is not done yet."""
        self._leave()
        self._exchange.close(status=CLIENT_LEFT)

    def _leave(self) -> None:
        self._response.close()
        if not self._left:
            self._left = True
            self._on_end(self._error)

    async def _settle(self) -> None:
        self._leave()
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
        ready = self._passage.take(payloads) if payloads else b""
        if self._exchange.meter.exhausted() and not self._passage.finished:
            self._error = ceiling_reached(self._exchange.ceiling or "credits")
        return ready


def _broken(error: Exception) -> ApiError:
    if isinstance(error, Failed):
        return error.error
    if isinstance(error, TimeoutError):
        return upstream_failed(504, code="provider_timeout")
    if not isinstance(error, (*upstream.FOREIGN, BrokenStream)):
        log.error("a stream failed: %s", type(error).__name__)
    return stream_broken()
