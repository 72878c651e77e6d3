"""Count the tokens of a call without making it; free, and limited like any other call."""

import asyncio
from functools import cache
from typing import Any

import msgspec
from msgspec import Raw

from gateway import upstream
from gateway.catalogue import Offer, Path
from gateway.errors import ApiError
from gateway.models import ChargeBasis
from gateway.order import Order
from gateway.pricing import Tokens
from gateway.proxy import Proxy
from gateway.upstream import Failed
from gateway.wire import registry
from gateway.wire.call import LIKELY_BYTES_PER_DOCUMENT_TOKEN, TOKENS_PER_IMAGE
from gateway.wire.reading import UNREADABLE, encode

ENDPOINT = "messages/count_tokens"
COUNTED = ("system", "messages", "tools")
SENT = (*COUNTED, "tool_choice", "thinking", "output_config")
"""The fields that Anthropic's own endpoint takes, besides the model."""
PER_MESSAGE, PER_REQUEST = 4, 3
"""Tokens around each message, and to begin the answer, by the common rule of thumb."""
MOST_SECONDS = 20.0


class Counted(msgspec.Struct):
    """What a provider counted."""

    input_tokens: int


_read = msgspec.json.Decoder(Counted).decode


async def count(order: Order, proxy: Proxy) -> bytes:
    """Return the tokens in Anthropic's shape; raise ApiError.

    A provider that speaks Anthropic's dialect counts for itself; for others, and where that
    fails, a common vocabulary counts.
    """
    try:
        offer = await proxy.find(order)
        admission = await proxy.admissions.enter(order)
    except ApiError as error:
        proxy.log_refusal(error, order.caller, order.visit, order.call)
        raise
    try:
        tokens = await _ask(order, proxy, offer)
        if tokens is None:
            tokens = await asyncio.to_thread(count_here, order.call.fields)
    finally:
        proxy.admissions.leave(admission, Tokens())
    proxy.counts.note(order.visit, status=200, model=offer.name)
    proxy.request_log.write(
        order.visit.row(
            order.caller, model=offer.name, status=200, charge_basis=str(ChargeBasis.FREE.value)
        )
    )
    return encode({"input_tokens": tokens})


async def _ask(order: Order, proxy: Proxy, offer: Offer) -> int | None:
    """Return what a provider of Anthropic's dialect counts, or None where none does."""
    speakers = [path for path in offer.paths if path.dialect == "anthropic"]
    for path in proxy.attempts.routing.plan(speakers)[:1]:
        try:
            return await _ask_one(path, order, proxy)
        except Failed as failure:
            if not failure.again:
                raise failure.error from None
    return None


async def _ask_one(path: Path, order: Order, proxy: Proxy) -> int:
    fields = {name: value for name, value in order.call.fields.items() if name in SENT}
    fields["model"] = Raw(encode(path.upstream_name))
    headers = registry.PROVIDERS[path.dialect].headers(path.key, order.call)
    try:
        deadline = asyncio.get_running_loop().time() + MOST_SECONDS
        async with asyncio.timeout_at(deadline):
            response = await upstream.post(
                proxy.attempts.session, path, ENDPOINT, body=encode(fields), headers=headers
            )
            try:
                body = await upstream.read_whole(
                    response, idle_seconds=path.idle, deadline=deadline
                )
            finally:
                response.close()
        return _read(body).input_tokens
    except TimeoutError as error:
        raise upstream.too_late("no_answer_in_time") from error
    except UNREADABLE:
        raise upstream.no_answer("no_answer") from None


@cache
def _vocabulary() -> Any:
    # Imported late: it takes a second to load, and few processes ever count.
    import bpe_openai

    return bpe_openai.get_encoding("o200k_base")


def count_here(fields: dict[str, Raw]) -> int:
    """Return about how many tokens the prompt of a body has, by OpenAI's vocabulary."""
    total = PER_REQUEST
    for name in COUNTED:
        if name in fields:
            value = msgspec.json.decode(fields[name])
            total += _count(value)
            if name == "messages":
                total += PER_MESSAGE * len(value)
    return total


def _count(value: Any) -> int:
    if isinstance(value, str):
        # Lone surrogates are allowed in JSON but have no UTF-8.
        clean = value.encode("utf-8", "replace").decode()
        return len(_vocabulary().encode_ordinary(clean))
    if isinstance(value, list):
        return sum(_count(item) for item in value)
    if not isinstance(value, dict):
        return 0
    if value.get("type") == "image":
        return TOKENS_PER_IMAGE
    if value.get("type") == "document":
        return len(str(value.get("source"))) // LIKELY_BYTES_PER_DOCUMENT_TOKEN
    return sum(_count(item) for name, item in value.items() if name not in ("type", "role"))
