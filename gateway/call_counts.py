"""How many calls there were and what they used: counted in memory, added up in Redis.

Each process adds what it counted to one hash every few seconds, so that the sums outlive
processes and are those of every node that shares the Redis. Nothing here tells of a customer.
"""

import logging
import os
from bisect import bisect_left
from typing import Any

import msgspec
import redis
from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway import ids, queue
from gateway.flushing import Flushed
from gateway.pricing import Tokens
from gateway.visit import NO_TOKENS, Visit

log = logging.getLogger("lumyx.gateway")

FLUSH_SECONDS = 5
NAME = "call-counts:1"
"""The hash; its number changes with the meaning of its fields."""
KEPT_SECONDS = 3_600
"""How long it is known of a batch that it was added, in case the answer to it was lost."""
BOUNDS_MS = (
    *(10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000),
    *(10_000, 30_000, 60_000, 120_000, 300_000, 600_000),
)
"""The upper bounds of the classes of times; one class more is above the last of them."""
CLASSES = len(BOUNDS_MS) + 1
BUCKETS = Tokens.__struct_fields__

# Where each number stands in the list that is kept for one kind of call.
CALLS, CHARGE, LATENCY_MS, FIRST_TOKEN_MS = range(4)
TOKENS = 4
LATENCIES = TOKENS + len(BUCKETS)
FIRST_TOKENS = LATENCIES + CLASSES
NOTHING = (0,) * (FIRST_TOKENS + CLASSES)

# A batch whose answer was lost is sent again, and then adds nothing.
ADD = """
if not redis.call('set', KEYS[2], 1, 'NX', 'EX', ARGV[1]) then return 0 end
for i = 2, #ARGV, 2 do redis.call('hincrby', KEYS[1], ARGV[i], ARGV[i + 1]) end
return 1
"""


class Kind(msgspec.Struct, frozen=True):
    """What calls that are counted together have in common; `model` is empty where none is known."""

    status_class: int
    streamed: bool
    endpoint: str
    model: str


class CallCounts(Flushed):
    """Counts the calls of one web process; loses a few seconds of them where it is killed."""

    def __init__(self, client: "Redis") -> None:
        super().__init__(seconds=FLUSH_SECONDS)
        self._add = client.register_script(ADD)
        self._noted: dict[tuple[int, bool, str, str], list[int]] = {}
        self._unsent: tuple[str, list[Any]] | None = None

    def note(
        self,
        visit: Visit,
        *,
        status: int,
        model: str = "",
        streamed: bool = False,
        tokens: Tokens = NO_TOKENS,
        charge: int = 0,
        first_token_ms: int | None = None,
    ) -> None:
        """Count a call that is over; the model must be one of the catalogue's."""
        visit.counted = True
        key = (status // 100, streamed, visit.endpoint, model)
        sums = self._noted.get(key)
        if sums is None:
            sums = self._noted[key] = list(NOTHING)
        sums[CALLS] += 1
        latency = visit.elapsed_ms()
        sums[LATENCY_MS] += latency
        sums[LATENCIES + bisect_left(BOUNDS_MS, latency)] += 1
        if first_token_ms is not None:
            sums[FIRST_TOKEN_MS] += first_token_ms
            sums[FIRST_TOKENS + bisect_left(BOUNDS_MS, first_token_ms)] += 1
        if tokens is not NO_TOKENS:
            sums[CHARGE] += charge
            sums[TOKENS] += tokens.input
            sums[TOKENS + 1] += tokens.cache_read
            sums[TOKENS + 2] += tokens.cache_write
            sums[TOKENS + 3] += tokens.output
            sums[TOKENS + 4] += tokens.reasoning

    async def flush(self) -> None:
        """Add what was counted; what Redis does not take now is kept for the next time."""
        try:
            while unsent := self._next_batch():
                batch, fields = unsent
                await self._add(keys=[NAME, batch], args=[KEPT_SECONDS, *fields])
                self._unsent = None
        except RedisError as error:
            log.warning("calls are counted later: %s", type(error).__name__)

    def _next_batch(self) -> tuple[str, list[Any]] | None:
        """Return the batch that Redis has not taken, else what was counted since, if anything."""
        if self._unsent is None and self._noted:
            noted, self._noted = self._noted, {}
            self._unsent = f"call-counts:{os.getpid()}:{ids.new()}", _fields(noted)
        return self._unsent


def _fields(noted: dict[tuple[int, bool, str, str], list[int]]) -> list[Any]:
    fields: list[Any] = []
    for (status_class, streamed, endpoint, model), sums in noted.items():
        about = f"{status_class} {streamed:d} {endpoint} {model}"
        for place, number in enumerate(sums):
            if number:
                fields += (f"{place} {about}", number)
    return fields


def read() -> dict[Kind, list[int]] | None:
    """Return what all processes have counted since Redis was last empty; None: Redis is away."""
    try:
        with queue.connect() as client:
            found: dict[bytes, bytes] = client.hgetall(NAME)
    except redis.RedisError:
        return None
    counts: dict[Kind, list[int]] = {}
    for field, number in found.items():
        place, status_class, streamed, endpoint, model = field.decode().split(" ", 4)
        kind = Kind(int(status_class), streamed == "1", endpoint, model)
        counts.setdefault(kind, list(NOTHING))[int(place)] = int(number)
    return counts
