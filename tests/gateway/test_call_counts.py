"""What a process counts reaches Redis once, whatever becomes of the connection."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from django.conf import settings
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as Lost

from gateway import call_counts
from gateway.call_counts import CALLS, FIRST_TOKENS, LATENCIES, TOKENS, CallCounts, Kind
from gateway.pricing import Tokens
from gateway.visit import Visit


def visit(endpoint: str = "chat/completions") -> Visit:
    return Visit(id=uuid.uuid4().hex, endpoint=endpoint, ip="192.0.2.1", agent="")


def with_counts(story: Callable[[CallCounts], Awaitable[None]], *, url: str = "") -> None:
    async def run() -> None:
        client = Redis.from_url(url or settings.REDIS_URL)
        try:
            await story(CallCounts(client))
        finally:
            await client.aclose()

    asyncio.run(run())


def counted(model: str) -> dict[Kind, list[int]]:
    found = call_counts.read()
    assert found is not None
    return {kind: sums for kind, sums in found.items() if kind.model == model}


def test_what_processes_counted_is_added_up_at_their_end() -> None:
    model = f"a model with spaces {uuid.uuid4().hex}"

    async def story(counts: CallCounts) -> None:
        counts.start()
        for _ in range(3):
            tokens = Tokens(input=7, output=2)
            counts.note(
                visit(), status=200, model=model, tokens=tokens, charge=5, first_token_ms=25
            )
        await counts.stop()

    with_counts(story)
    with_counts(story)
    [(kind, sums)] = counted(model).items()
    assert kind == Kind(2, streamed=False, endpoint="chat/completions", model=model)
    assert sums[CALLS] == sums[LATENCIES] == 6
    assert (sums[TOKENS], sums[TOKENS + 3]) == (42, 12)
    # A bound belongs to the class below it.
    assert sums[FIRST_TOKENS + 1] == 6


def test_a_batch_whose_answer_was_lost_is_not_added_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    model = uuid.uuid4().hex

    async def story(counts: CallCounts) -> None:
        add = counts._add

        async def lossy(**values: Any) -> None:
            await add(**values)
            raise Lost

        monkeypatch.setattr(counts, "_add", lossy)
        counts.note(visit(), status=200, model=model)
        await counts.flush()
        counts.note(visit(), status=200, model=model)
        monkeypatch.setattr(counts, "_add", add)
        assert [sums[CALLS] for sums in counted(model).values()] == [1]
        await counts.stop()

    with_counts(story)
    assert [sums[CALLS] for sums in counted(model).values()] == [2]


def test_calls_are_counted_on_while_redis_is_away() -> None:
    model = uuid.uuid4().hex

    async def story(counts: CallCounts) -> None:
        add = counts._add
        away = CallCounts(Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.2))
        counts._add = away._add
        for _ in range(2):
            counts.note(visit(), status=503, model=model)
            await counts.flush()
        counts._add = add
        await counts.stop()

    with_counts(story)
    [(kind, sums)] = counted(model).items()
    assert (kind.status_class, sums[CALLS]) == (5, 2)
