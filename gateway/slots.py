"""Calls under way at once, by name, shared by all processes as leases in Redis.

A name is anything with room for so many calls, such as `key:<id>` or `provider:<id>`. A lease
lasts a minute and is renewed while its call lives, so a killed process frees its slots. While
Redis is away each process counts for itself, and nothing here ever raises.
"""

import asyncio
import contextlib
import logging
import time
from collections import defaultdict, deque
from collections.abc import Sequence

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from billing.batches import Batcher

log = logging.getLogger("lumyx.gateway")

LEASE_SECONDS = 60
RENEW_SECONDS = 20
REDIS_PAUSE = 1.0
"""Seconds for which a process counts by itself after Redis failed to answer."""
MOST_OWED = 10_000
"""How many leases that could not be given back are remembered; the others run out."""

ENTER, LEAVE, RENEW = 1, -1, 0

# One key and three arguments for each turn: what to do, how many may be inside, which call;
# before them the time, and when a new lease ends. Gives whether the call is inside.
SCRIPT = f"""
local now, ends = ARGV[1], ARGV[2]
local out = {{}}
for i = 1, #KEYS do
  local a = 3 + (i - 1) * 3
  local inside = 0
  if tonumber(ARGV[a]) == {LEAVE} then
    redis.call('ZREM', KEYS[i], ARGV[a + 2])
  else
    redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now)
    if redis.call('ZCARD', KEYS[i]) < tonumber(ARGV[a + 1]) then
      redis.call('ZADD', KEYS[i], ends, ARGV[a + 2])
      redis.call('EXPIRE', KEYS[i], {LEASE_SECONDS})
      inside = 1
    end
  end
  out[#out + 1] = inside
end
return out
"""


class Turn(msgspec.Struct, frozen=True, gc=False):
    """One thing to do with a name's leases."""

    act: int
    name: str = ""
    most: int = 0
    call: str = ""


class Slots:
    """The slots of all names, as one web process takes and gives them back.

    Turns go to Redis in order and one batch at a time, so a lease that was given back is
    never renewed.
    """

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._script = client.register_script(SCRIPT)
        self._inside: defaultdict[str, set[str]] = defaultdict(set)
        self._owed: deque[Turn] = deque(maxlen=MOST_OWED)
        self._away_until = float("-inf")
        self._turns: Batcher[Turn, bool] = Batcher(self._apply)
        self._renewing: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to renew leases in the background."""
        self._renewing = asyncio.create_task(self._renew_for_ever())

    async def stop(self) -> None:
        """Stop renewing, and give back all that is still held."""
        if self._renewing is not None:
            self._renewing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._renewing
        for name, calls in list(self._inside.items()):
            for call in list(calls):
                self.leave(name, call)
        await self.drain()

    async def drain(self) -> None:
        """Wait until everything that was given back is."""
        await self._turns.drain()

    async def enter(self, name: str, most: int, call: str) -> bool:
        """Take a slot for a call, unless so many are taken; the call must leave again."""
        try:
            return await self._turns.submit(Turn(ENTER, name, most, call))
        except asyncio.CancelledError:
            # The slot may have been taken already, and nobody would give it back.
            self.leave(name, call)
            raise

    def leave(self, name: str, call: str) -> None:
        """Give a call's slot back soon; does nothing where it has none."""
        self._turns.submit(Turn(LEAVE, name, call=call))

    async def renew(self) -> None:
        """Renew the leases of all calls that this process has inside."""
        await self._turns.submit(Turn(RENEW))

    async def _renew_for_ever(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            await self.renew()

    async def _apply(self, turns: Sequence[Turn]) -> list[bool]:
        answers = await self._ask(turns)
        return [
            self._note(turn, None if answers is None else answers[place])
            for place, turn in enumerate(turns)
        ]

    def _note(self, turn: Turn, answer: bool | None) -> bool:
        """Keep this process's own count after a turn; no answer means that it decides."""
        if turn.act == RENEW:
            return True
        calls = self._inside[turn.name]
        if turn.act == ENTER:
            entered = len(calls) < turn.most if answer is None else answer
            if entered:
                calls.add(turn.call)
        else:
            entered = False
            calls.discard(turn.call)
            if answer is None:
                self._owed.append(turn)
        if not calls:
            del self._inside[turn.name]
        return entered

    async def _ask(self, turns: Sequence[Turn]) -> list[bool] | None:
        """Return what Redis answers to each turn, or None while it is away."""
        if time.monotonic() < self._away_until:
            return None
        try:
            if any(turn.act == RENEW for turn in turns):
                await self._renew()
            return await self._ask_redis(turns)
        except (RedisError, OSError, TimeoutError):
            log.warning("Redis is away: each process counts the calls under way for itself")
            self._away_until = time.monotonic() + REDIS_PAUSE
            return None

    async def _ask_redis(self, turns: Sequence[Turn]) -> list[bool]:
        now = time.time()
        keys: list[str] = []
        arguments: list[float | str] = [now, now + LEASE_SECONDS]
        for turn in turns:
            if turn.act != RENEW:
                keys.append(_key(turn.name))
                arguments += (turn.act, turn.most, turn.call)
        if not keys:
            return [True] * len(turns)
        out = iter(await self._script(keys=keys, args=arguments))
        return [turn.act == RENEW or next(out) == 1 for turn in turns]

    async def _renew(self) -> None:
        ends = time.time() + LEASE_SECONDS
        async with self._client.pipeline(transaction=False) as pipe:
            for turn in self._owed:
                pipe.zrem(_key(turn.name), turn.call)
            for name, calls in self._inside.items():
                pipe.zadd(_key(name), dict.fromkeys(calls, ends))
                pipe.expire(_key(name), LEASE_SECONDS)
            await pipe.execute()
        self._owed.clear()


def _key(name: str) -> str:
    return f"slots:{name}"
