"""Ask the routes of a model, one after the other, until one of them answers.

Another route is asked only while nothing of an answer has gone to the client; a failed
attempt costs the customer nothing.
"""

import asyncio
import random
from dataclasses import dataclass

import aiohttp

from gateway import upstream
from gateway.catalogue import Path
from gateway.errors import ApiError, no_route, providers_busy
from gateway.exchange import Exchange
from gateway.routing import Routing
from gateway.slots import Slots
from gateway.stream import AnswerStream
from gateway.upstream import Failed
from gateway.wire import registry
from gateway.wire.call import Target
from gateway.wire.conversation import Conversation
from gateway.wire.dialects import Forward, Passage, ProviderDialect
from gateway.wire.translation import Translation, meter_events, shown

MOST_ATTEMPTS = 3
SECOND_TRY_SECONDS = 0.25
"""The pause, give or take half of it, before the only route there is is asked again."""
PROVIDERS_FAULT = {"provider_stream_error", "provider_timeout"}
WORTH_A_SECOND_TRY = {"connection_lost", "unreachable", "status_500", "status_502", "status_503"}


@dataclass(slots=True, frozen=True)
class Attempts:
    """Runs exchanges over the routes of their models."""

    session: aiohttp.ClientSession
    routing: Routing
    slots: Slots

    async def answer(self, exchange: Exchange) -> bytes | AnswerStream:
        """Return the whole answer, or the stream of it once it has begun; raise ApiError."""
        if not exchange.offer.paths:
            raise providers_busy()
        waiting = self.routing.plan(path for path in exchange.offer.paths if speaks(path, exchange))
        if not waiting:
            raise no_route(exchange.order.dialect.endpoint)
        alone = len(waiting) == 1
        last: ApiError | None = None
        for number in range(MOST_ATTEMPTS):
            if not waiting:
                break
            path = waiting.pop(0)
            if not await self._enter(path, exchange):
                continue
            exchange.begins(path)
            self.routing.begins(path)
            try:
                return await self._ask(path, exchange)
            except Failed as failure:
                self._leave(path, exchange)
                self.routing.failed(path, failure)
                exchange.failed(failure.reason)
                last = failure.error
                if not failure.again:
                    break
                if alone and number == 0 and failure.reason in WORTH_A_SECOND_TRY:
                    waiting.append(path)
                    await asyncio.sleep(SECOND_TRY_SECONDS * (0.5 + random.random()))  # noqa: S311
            except BaseException:
                self._leave(path, exchange)
                raise
        raise last or providers_busy()

    async def _enter(self, path: Path, exchange: Exchange) -> bool:
        most = path.most_concurrent
        if most is None:
            return True
        return await self.slots.enter(_slot(path), most, exchange.order.visit.id)

    def _leave(self, path: Path, exchange: Exchange) -> None:
        if path.most_concurrent is not None:
            self.slots.leave(_slot(path), exchange.order.visit.id)

    async def _ask(self, path: Path, exchange: Exchange) -> bytes | AnswerStream:
        order = exchange.order
        provider = registry.PROVIDERS[path.dialect]
        target = Target(path.upstream_name, exchange.most_output(), exchange.offer.capabilities)
        forward = _forward(provider, exchange)
        conversation = None
        try:
            if forward is not None:
                endpoint, body = forward.endpoint, forward.body(order.call, target)
            else:
                conversation = order.dialect.conversation(order.call)
                endpoint, body = provider.endpoint, provider.body(conversation, target)
        except ApiError as error:
            raise Failed(error, "not_translatable", blame=0) from error
        way = Way(path, provider, forward, conversation, target)
        deadline = asyncio.get_running_loop().time() + path.total
        # One limit spans the wait for the head and for the first byte, or the whole answer.
        seconds = path.first_byte if order.call.stream else path.whole
        try:
            async with asyncio.timeout(min(seconds, path.total)):
                response = await upstream.post(
                    self.session,
                    path,
                    endpoint,
                    body=body,
                    headers=provider.headers(path.key, order.call),
                )
                try:
                    if order.call.stream:
                        return await self._stream(exchange, way, response, deadline)
                    return await self._whole(exchange, way, response, deadline)
                except BaseException:
                    response.close()
                    raise
        except TimeoutError as error:
            raise upstream.too_late("no_answer_in_time") from error

    async def _stream(
        self,
        exchange: Exchange,
        way: "Way",
        response: aiohttp.ClientResponse,
        deadline: float,
    ) -> AnswerStream:
        path = way.path

        def ended(error: ApiError | None) -> None:
            self._leave(path, exchange)
            if error is not None and error.code in PROVIDERS_FAULT:
                self.routing.failed(path, Failed(error, error.code))

        stream = AnswerStream(
            exchange,
            response,
            way.passage(exchange),
            idle_seconds=path.idle,
            deadline=deadline,
            on_end=ended,
        )
        await stream.begin()
        self.routing.succeeded(path)
        return stream

    async def _whole(
        self,
        exchange: Exchange,
        way: "Way",
        response: aiohttp.ClientResponse,
        deadline: float,
    ) -> bytes:
        body = await upstream.read_whole(response, idle_seconds=way.path.idle, deadline=deadline)
        response.close()
        try:
            answer = way.whole(body, exchange)
        except ApiError as error:
            raise Failed(error, "no_answer") from error
        self._leave(way.path, exchange)
        self.routing.succeeded(way.path)
        return answer


@dataclass(slots=True, frozen=True)
class Way:
    """How one answer comes back: forwarded as it is, or through the events of a conversation."""

    path: Path
    provider: ProviderDialect
    forward: Forward | None
    conversation: Conversation | None
    target: Target

    def passage(self, exchange: Exchange) -> Passage:
        """Return the way of a streamed answer."""
        about = exchange.order.about(exchange.offer.name)
        if self.forward is not None:
            return self.forward.passage(about, exchange.meter)
        assert self.conversation is not None
        return Translation(
            self.provider.reader(self.conversation, self.target),
            exchange.order.dialect.writer(about),
            exchange.meter,
            thinking=self.conversation.show_reasoning,
        )

    def whole(self, body: bytes, exchange: Exchange) -> bytes:
        """Meter an unstreamed answer and return it as the client reads it."""
        about = exchange.order.about(exchange.offer.name)
        if self.forward is not None:
            return self.forward.whole(body, about, exchange.meter)
        assert self.conversation is not None
        events = self.provider.read_whole(body)
        meter_events(events, exchange.meter)
        visible = shown(events, thinking=self.conversation.show_reasoning)
        return exchange.order.dialect.whole(visible, exchange.meter.tokens(), about)


def _slot(path: Path) -> str:
    return f"provider:{path.provider_id}"


def _forward(provider: ProviderDialect, exchange: Exchange) -> Forward | None:
    """Return the provider's own endpoint for a call, where it has one for this model."""
    endpoint = exchange.order.dialect.endpoint
    if endpoint == "completions" and "completions" not in exchange.offer.capabilities:
        return None
    return provider.forwards.get(endpoint)


def speaks(path: Path, exchange: Exchange) -> bool:
    """Return whether a route can carry a call: embeddings have no translation."""
    endpoint = exchange.order.dialect.endpoint
    return endpoint != "embeddings" or endpoint in registry.PROVIDERS[path.dialect].forwards
