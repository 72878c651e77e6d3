"""The endpoints of the public API: read, call, respond."""

import contextlib
from typing import Any
from urllib.parse import parse_qsl

from rest_framework.request import Request

from billing import budgets
from billing.amounts import in_credits
from gateway import errors, key_shown, public_prices, runtime
from gateway.async_views import AsyncAPIView
from gateway.errors import ApiError
from gateway.http import Response, object_response
from gateway.public_prices import Listing

FIND_ACCOUNT = "select balance, held from billing_account where id = %(account)s"


class Models(AsyncAPIView):
    """`GET models`: every model that can be called, with its prices and limits."""

    endpoint = "models"
    scope = None

    async def get(self, request: Request) -> Response:
        """List the models that the key may call, in the shape that the client's SDK expects."""
        now = self.visit.started_at
        offers = [
            public_prices.listing(offer, at=now)
            for offer in await runtime.current().catalogue.offers(at=now)
            if self.caller.reaches(offer.name)
        ]
        self.visit.allowance = await runtime.current().limits.peek(self.caller)
        if self.visit.anthropic:
            query = request.META["QUERY_STRING"]
            return object_response(anthropic_page(offers, query))
        models = [describe(offer) for offer in offers]
        return object_response({"object": "list", "data": models})


class Model(AsyncAPIView):
    """`GET models/{id}`: one model."""

    endpoint = "models"
    scope = None

    async def get(self, request: Request, name: str) -> Response:
        """Return one model, or 404."""
        now = self.visit.started_at
        offer = await runtime.current().catalogue.find(name, at=now)
        self.visit.allowance = await runtime.current().limits.peek(self.caller)
        shape = describe_to_anthropic if self.visit.anthropic else describe
        return object_response(shape(public_prices.listing(offer, at=now)))


class Credits(AsyncAPIView):
    """`GET credits`: what the caller's account has, and what is held for calls under way."""

    endpoint = "credits"
    scope = "usage"

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
    """`GET key`: what the calling key may do, and how much of its limits is used."""

    endpoint = "key"
    scope = None

    async def get(self, request: Request) -> Response:
        """Return the key's state; times are Unix seconds."""
        parts = runtime.current()
        self.visit.allowance = await parts.limits.peek(self.caller)
        tokens = await parts.token_limits.peek(self.caller)
        spent = await budgets.spent_on(parts.pool, self.caller.key_id)
        return object_response(
            key_shown.describe(self.caller, self.visit.allowance, tokens=tokens, spent=spent)
        )


class UnknownPath(AsyncAPIView):
    """Every other path below the API's base."""

    async def authenticate(self, request: Request) -> Any:
        """Say that there is nothing here, whoever asks."""
        with contextlib.suppress(ApiError):
            self.visit.caller = await super().authenticate(request)
        raise errors.unknown_path()


def describe(offer: Listing) -> dict[str, Any]:
    """Return a model in OpenAI's shape, with its limits, prices and capabilities added."""
    return {
        "id": offer.name,
        "object": "model",
        "created": int(offer.created_at.timestamp()),
        "owned_by": "lumyx",
        "name": offer.display_name,
        "context_window": offer.context_window,
        "max_output_tokens": offer.max_output_tokens,
        "capabilities": sorted(offer.capabilities),
        "pricing": public_prices.pricing(offer),
    }


def describe_to_anthropic(offer: Listing) -> dict[str, Any]:
    """Return a model in Anthropic's shape, with what we add in ours."""
    return {
        "type": "model",
        "id": offer.name,
        "display_name": offer.display_name,
        "created_at": offer.created_at.isoformat().replace("+00:00", "Z"),
        "max_input_tokens": offer.context_window,
        "max_tokens": offer.max_output_tokens,
        "pricing": public_prices.pricing(offer),
    }


def anthropic_page(offers: list[Listing], query: str) -> dict[str, Any]:
    """Return one page of models in Anthropic's shape, by its cursor parameters."""
    given = dict(parse_qsl(query))
    names = [offer.name for offer in offers]
    first, last = 0, len(offers)
    if given.get("after_id") in names:
        first = names.index(given["after_id"]) + 1
    if given.get("before_id") in names:
        last = names.index(given["before_id"])
    limit = given.get("limit", "")[:6]
    most = min(int(limit) or 1_000, 1_000) if limit.isascii() and limit.isdigit() else 1_000
    page = offers[first:last]
    page = page[-most:] if "before_id" in given and "after_id" not in given else page[:most]
    return {
        "data": [describe_to_anthropic(offer) for offer in page],
        "has_more": len(page) < last - first,
        "first_id": page[0].name if page else None,
        "last_id": page[-1].name if page else None,
    }
