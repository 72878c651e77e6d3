"""An account's calls as a file, written a part at a time, so that nothing long is held."""

import csv
import io
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
from asgiref.sync import sync_to_async
from django.db import close_old_connections

from billing.history import safe
from billing.models import Account
from gateway import calls
from gateway.usage import Query

HEAD = (
    *("time (UTC)", "request id", "model", "endpoint", "key", "key id", "provider", "streamed"),
    *("status", "error", "input tokens", "cache read tokens", "cache write tokens"),
    *("output tokens", "of them reasoning", "input price", "cache read price"),
    *("cache write price", "output price", "charge (credits)", "charge basis", "took (ms)"),
    "first token (ms)",
)
"""Prices are credits per 1,000,000 tokens."""

encode = msgspec.json.Encoder().encode


async def as_csv(account: Account, query: Query, keys: dict[str, str]) -> AsyncIterator[str]:
    """Write calls as CSV (RFC 4180)."""
    yield _rows([HEAD])
    async for part in _parts(account, query):
        yield _rows([_cells(call, keys) for call in part])


async def as_json(account: Account, query: Query, keys: dict[str, str]) -> AsyncIterator[bytes]:
    """Write calls as `GET usage` would, in one list."""
    yield b'{"object":"list","data":['
    first = True
    async for part in _parts(account, query):
        text = b",\n".join(encode(call) for call in part)
        yield text if first else b",\n" + text
        first = False
    yield b"]}\n"


async def _parts(account: Account, query: Query) -> AsyncIterator[list[dict[str, Any]]]:
    parts = calls.every(account, query)
    following = sync_to_async(_next)
    while (part := await following(parts)) is not None:
        yield part


def _next(parts: Iterator[list[dict[str, Any]]]) -> list[dict[str, Any]] | None:
    part = next(parts, None)
    # A slow reader is to keep no connection from others.
    close_old_connections()
    return part


def _cells(call: dict[str, Any], keys: dict[str, str]) -> list[Any]:
    tokens, prices = call["tokens"], call["prices"]
    words = [call["model"], call["endpoint"], keys.get(call["key"]), call["key"], call["provider"]]
    return [
        call["started_at"],
        call["id"],
        *(safe(word or "") for word in words),
        "yes" if call["streamed"] else "no",
        call["status"],
        safe(call["error_code"] or ""),
        *(tokens[name] for name in ("input", "cache_read", "cache_write", "output", "reasoning")),
        *(prices[name] for name in ("input", "cache_read", "cache_write", "output")),
        call["charge"],
        call["charge_basis"],
        call["latency_ms"],
        "" if call["first_token_ms"] is None else call["first_token_ms"],
    ]


def _rows(rows: list[Any]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
