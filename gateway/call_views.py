"""The endpoints that call models: read, call, respond."""

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request

from billing.amounts import in_credits
from billing.ledger import Receipt
from gateway import counting, runtime
from gateway.async_views import AsyncAPIView
from gateway.errors import ApiError
from gateway.http import EventStream, Headers, Response
from gateway.key_ring import Caller
from gateway.order import Order, read_terms
from gateway.stream import AnswerStream
from gateway.wire import registry
from gateway.wire.call import Call
from gateway.wire.dialects import ClientDialect


class ModelCall(AsyncAPIView):
    """A call to a model, in the dialect of the endpoint."""

    dialect: ClientDialect

    async def dispatch(  # type: ignore[override]
        self, request: Any, *args: Any, **kwargs: Any
    ) -> Response | EventStream:
        """Serve one call; one that ended before anybody counted it is counted here."""
        try:
            response = await super().dispatch(request, *args, **kwargs)
        except Exception:
            runtime.count(self.visit, status=500)
            raise
        if isinstance(response, Response):
            runtime.count(self.visit, status=response.status)
        return response

    async def authenticate(self, request: Request) -> Caller:
        """Return who calls; a valid key that may not make this call finds it in its log."""
        try:
            return await super().authenticate(request)
        except ApiError as error:
            if self.visit.caller is not None:
                runtime.current().proxy.log_refusal(error, self.visit.caller, self.visit)
            raise

    async def post(self, request: Request) -> Response | EventStream:
        """Run one call."""
        body: bytes = request._request.body
        proxy = runtime.current().proxy
        try:
            order = self.order(body, self.dialect.read(body), request.META)
        except ApiError as error:
            proxy.log_refusal(error, self.caller, self.visit)
            raise
        answer = await proxy.run(order)
        if isinstance(answer, AnswerStream):
            return EventStream(answer)
        content, receipt = answer
        return Response(content, headers=charged(receipt))

    def order(self, body: bytes, call: Call, meta: Mapping[str, Any]) -> Order:
        """Return what is asked for, with the terms in the headers."""
        call.betas = meta.get("HTTP_ANTHROPIC_BETA", "")
        terms = read_terms(
            call_id=self.visit.id,
            endpoint=self.endpoint,
            body=body,
            idempotency_key=meta.get("HTTP_IDEMPOTENCY_KEY", ""),
            max_cost=meta.get("HTTP_X_MAX_COST", ""),
        )
        return Order(self.dialect, call, self.caller, self.visit, terms)


def charged(receipt: Receipt) -> Headers:
    """Return the headers that say what an answer cost and what is left, in credits."""
    return [
        (b"x-lumyx-charge", in_credits(receipt.charge).encode()),
        (b"x-lumyx-balance", in_credits(receipt.balance).encode()),
    ]


class ChatCompletions(ModelCall):
    """`POST chat/completions`: OpenAI's Chat Completions, streamed or not."""

    dialect = registry.CHAT
    endpoint = dialect.endpoint


class Messages(ModelCall):
    """`POST messages`: Anthropic's Messages, streamed or not."""

    dialect = registry.MESSAGES
    endpoint = dialect.endpoint


class Responses(ModelCall):
    """`POST responses`: OpenAI's Responses, streamed or not; nothing is stored."""

    dialect = registry.RESPONSES
    endpoint = dialect.endpoint


class Completions(ModelCall):
    """`POST completions`: OpenAI's legacy completions, streamed or not."""

    dialect = registry.COMPLETIONS
    endpoint = dialect.endpoint


class Embeddings(ModelCall):
    """`POST embeddings`: OpenAI's embeddings."""

    dialect = registry.EMBEDDINGS
    endpoint = dialect.endpoint


class CountTokens(ModelCall):
    """`POST messages/count_tokens`: how many tokens a call of Messages would take in; free."""

    dialect = registry.MESSAGES
    endpoint = "messages/count_tokens"

    async def post(self, request: Request) -> Response:
        """Count the tokens of one body."""
        body: bytes = request._request.body
        parts = runtime.current()
        try:
            order = self.order(body, registry.MESSAGES.read_count(body), request.META)
        except ApiError as error:
            parts.proxy.log_refusal(error, self.caller, self.visit)
            raise
        return Response(await counting.count(order, parts.proxy))
