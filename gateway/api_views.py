"""The endpoints of the public API: read, call, respond."""

import contextlib
from typing import Any

from rest_framework.request import Request

from gateway import errors, runtime
from gateway.async_views import AsyncAPIView
from gateway.catalogue import Offer
from gateway.errors import ApiError
from gateway.http import EventStream, Response, object_response
from gateway.stream import ChatStream
from gateway.wire import openai

MICRO = 1_000_000

FIND_ACCOUNT = "select balance, held from billing_account where id = %(account)s"


class ChatCompletions(AsyncAPIView):
    """`POST chat/completions`: OpenAI's Chat Completions, streamed or not."""

    endpoint = openai.ENDPOINT

    async def post(self, request: Request) -> Response | EventStream:
        """Run one call."""
        proxy = runtime.current().proxy
        try:
            call = openai.read(request._request.body)
        except ApiError as error:
            proxy.log_refusal(error, self.caller, self.visit)
            raise
        answer = await proxy.run(call, self.caller, self.visit)
        if isinstance(answer, ChatStream):
            return EventStream(answer)
        return Response(answer)


class Models(AsyncAPIView):
    """`GET models`: every model that can be called, with its prices and limits."""

    endpoint = "models"

    async def get(self, request: Request) -> Response:
        """List the models by name."""
        offers = await runtime.current().catalogue.offers()
        self.visit.allowance = await runtime.current().limits.peek(self.caller)
        models = [describe(offer) for offer in offers.values()]
        return object_response({"object": "list", "data": models})


class Model(AsyncAPIView):
    """`GET models/{id}`: one model."""

    endpoint = "models"

    async def get(self, request: Request, name: str) -> Response:
        """Return one model, or 404."""
        offer = await runtime.current().catalogue.find(name)
        self.visit.allowance = await runtime.current().limits.peek(self.caller)
        return object_response(describe(offer))


class Credits(AsyncAPIView):
    """`GET credits`: what the caller's account has, and what is held for calls under way."""

    endpoint = "credits"

    async def get(self, request: Request) -> Response:
        """Return the account's credits; 1 credit is 1,000,000 micro-credits."""
        async with runtime.current().pool.connection() as pg:
            cursor = await pg.execute(FIND_ACCOUNT, {"account": self.caller.account})
            row = await cursor.fetchone()
        if row is None:
            raise errors.internal()
        self.visit.allowance = await runtime.current().limits.peek(self.caller)
        balance, held = row
        return object_response(
            {
                "object": "credits",
                "balance": in_credits(balance),
                "held": in_credits(held),
                "available": in_credits(balance - held),
                "balance_micro": balance,
                "held_micro": held,
                "available_micro": balance - held,
            }
        )


class Key(AsyncAPIView):
    """`GET key`: the calling key's limits and how much of them is used."""

    endpoint = "key"

    async def get(self, request: Request) -> Response:
        """Return the key's state; resets are Unix seconds."""
        caller = self.caller
        self.visit.allowance = allowance = await runtime.current().limits.peek(caller)
        return object_response(
            {
                "object": "key",
                "id": str(caller.key_id),
                "name": caller.name,
                "created": int(caller.created_at.timestamp()),
                "limits": {
                    "minute": {
                        "limit": allowance.minute_limit,
                        "used": allowance.minute_used,
                        "reset": allowance.minute_reset,
                    },
                    "day": {
                        "limit": allowance.day_limit,
                        "used": allowance.day_used,
                        "reset": allowance.day_reset,
                    },
                },
            }
        )


class UnknownPath(AsyncAPIView):
    """Every other path below the API's base."""

    async def authenticate(self, request: Request) -> Any:
        """Say that there is nothing here, whoever asks."""
        with contextlib.suppress(ApiError):
            self.visit.caller = await super().authenticate(request)
        raise errors.unknown_path()


def describe(offer: Offer) -> dict[str, Any]:
    """Return a model in OpenAI's shape, with its limits, prices and capabilities added."""
    return {
        "id": offer.name,
        "object": "model",
        "created": int(offer.created_at.timestamp()),
        "owned_by": "lumyx",
        "name": offer.display_name,
        "context_window": offer.context_window,
        "max_output_tokens": offer.max_output_tokens,
        "capabilities": offer.capabilities,
        "pricing": {
            "unit": "credits per 1,000,000 tokens",
            "input": in_credits(offer.prices.input),
            "cache_read": in_credits(offer.prices.cache_read),
            "cache_write": in_credits(offer.prices.cache_write),
            "output": in_credits(offer.prices.output),
        },
    }


def in_credits(micro: int) -> str:
    """Write micro-credits as credits, exactly and without trailing zeros."""
    whole, part = divmod(abs(micro), MICRO)
    decimals = f".{part:06d}".rstrip("0").rstrip(".")
    return f"{'-' if micro < 0 else ''}{whole}{decimals}"
