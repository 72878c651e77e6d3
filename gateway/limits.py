"""Requests per key, by clock minute and by UTC day, counted in Redis in one round trip.

A call that is refused does not count. While Redis is away each process counts for itself.
"""

import logging
import time
from collections.abc import Sequence

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from billing.batches import Batcher
from gateway.errors import ApiError, too_many_requests
from gateway.key_ring import Caller

log = logging.getLogger("lumyx.gateway")

MINUTE = 60
DAY = 86_400
REDIS_PAUSE = 1.0
"""Seconds for which a process counts by itself after Redis failed to answer."""

PEEK, TAKE, GIVE_BACK = 0, 1, -1

# Two keys and three arguments for each request: what to do, the minute limit, the day limit.
# Gives minute count, day count and whether it was taken, for each.
SCRIPT = f"""
local out = {{}}
for i = 1, #KEYS, 2 do
  local a = (i - 1) / 2 * 3
  local act = tonumber(ARGV[a + 1])
  local minute = tonumber(redis.call('GET', KEYS[i]) or 0)
  local day = tonumber(redis.call('GET', KEYS[i + 1]) or 0)
  local taken = 0
  if act == {TAKE} and minute < tonumber(ARGV[a + 2]) and day < tonumber(ARGV[a + 3]) then
    minute = redis.call('INCR', KEYS[i])
    day = redis.call('INCR', KEYS[i + 1])
    if minute == 1 then redis.call('EXPIRE', KEYS[i], {2 * MINUTE}) end
    if day == 1 then redis.call('EXPIRE', KEYS[i + 1], {DAY + 2 * MINUTE}) end
    taken = 1
  elseif act == {GIVE_BACK} then
    if minute > 0 then minute = redis.call('DECR', KEYS[i]) end
    if day > 0 then day = redis.call('DECR', KEYS[i + 1]) end
  end
  out[#out + 1] = minute
  out[#out + 1] = day
  out[#out + 1] = taken
end
return out
"""


class Turn(msgspec.Struct, frozen=True, gc=False):
    """One thing to do with a key's windows at a moment (Unix seconds)."""

    act: int
    key_id: str
    minute_limit: int
    day_limit: int
    now: int


class Allowance(msgspec.Struct, frozen=True, gc=False):
    """How a key stands with its limits after a request."""

    minute_limit: int
    minute_used: int
    minute_reset: int
    day_limit: int
    day_used: int
    day_reset: int
    taken: bool

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Return the rate-limit headers as ASGI takes them; resets are Unix seconds."""
        return [
            (b"x-ratelimit-limit-minute", b"%d" % self.minute_limit),
            (b"x-ratelimit-remaining-minute", b"%d" % max(0, self.minute_limit - self.minute_used)),
            (b"x-ratelimit-reset-minute", b"%d" % self.minute_reset),
            (b"x-ratelimit-limit-day", b"%d" % self.day_limit),
            (b"x-ratelimit-remaining-day", b"%d" % max(0, self.day_limit - self.day_used)),
            (b"x-ratelimit-reset-day", b"%d" % self.day_reset),
        ]

    def refusal(self, now: int) -> ApiError:
        """Return the error for a request that was not taken."""
        if self.day_used >= self.day_limit:
            return too_many_requests("day", self.day_limit, max(1, self.day_reset - now))
        return too_many_requests("minute", self.minute_limit, max(1, self.minute_reset - now))


Counts = tuple[int, int, bool]


class LocalWindows:
    """The same counting in this process's memory, for while Redis is away."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, int, int], int] = {}
        self._minute = 0

    def apply(self, turn: Turn) -> Counts:
        """Do one turn and return the counts after it."""
        minute, day = turn.now // MINUTE, turn.now // DAY
        if minute != self._minute:
            self._minute = minute
            current = {(MINUTE, minute), (DAY, day)}
            self._counts = {k: n for k, n in self._counts.items() if (k[1], k[2]) in current}
        minute_key, day_key = (turn.key_id, MINUTE, minute), (turn.key_id, DAY, day)
        used = self._counts.get(minute_key, 0), self._counts.get(day_key, 0)
        step = 0
        if turn.act == GIVE_BACK and min(used) > 0:
            step = -1
        elif turn.act == TAKE and used[0] < turn.minute_limit and used[1] < turn.day_limit:
            step = 1
        if step:
            self._counts[minute_key] = used[0] + step
            self._counts[day_key] = used[1] + step
        return used[0] + step, used[1] + step, step > 0


def day_name(key_id: str, day: int) -> str:
    """Return where Redis counts a key's requests of a day (days since 1970)."""
    return f"limit:{key_id}:d{day}"


class Limits:
    """The limits of all keys, as one web process applies them."""

    def __init__(self, client: Redis) -> None:
        self._script = client.register_script(SCRIPT)
        self._local = LocalWindows()
        self._away_until = float("-inf")
        self._turns: Batcher[Turn, Counts] = Batcher(self._apply)

    async def take(self, caller: Caller) -> Allowance:
        """Count one request, unless a limit is used up."""
        return await self._turn(TAKE, caller)

    async def give_back(self, caller: Caller, taken: Allowance | None) -> Allowance:
        """Uncount a request that was refused after all, in the windows that it was counted in."""
        at = None if taken is None else taken.minute_reset - MINUTE
        return await self._turn(GIVE_BACK, caller, at)

    async def peek(self, caller: Caller) -> Allowance:
        """Return how the key stands, without counting anything."""
        return await self._turn(PEEK, caller)

    async def _turn(self, act: int, caller: Caller, at: int | None = None) -> Allowance:
        now = int(time.time()) if at is None else at
        minute, day, taken = await self._turns.submit(
            Turn(act, caller.key_id, caller.minute_limit, caller.day_limit, now)
        )
        return Allowance(
            minute_limit=caller.minute_limit,
            minute_used=minute,
            minute_reset=(now // MINUTE + 1) * MINUTE,
            day_limit=caller.day_limit,
            day_used=day,
            day_reset=(now // DAY + 1) * DAY,
            taken=taken,
        )

    async def _apply(self, turns: Sequence[Turn]) -> list[Counts]:
        if time.monotonic() >= self._away_until:
            try:
                return await self._ask_redis(turns)
            except (RedisError, OSError, TimeoutError):
                log.warning("Redis is away: each process counts for itself")
                self._away_until = time.monotonic() + REDIS_PAUSE
        return [self._local.apply(turn) for turn in turns]

    async def _ask_redis(self, turns: Sequence[Turn]) -> list[Counts]:
        keys: list[str] = []
        arguments: list[int] = []
        for turn in turns:
            keys.append(f"limit:{turn.key_id}:m{turn.now // MINUTE}")
            keys.append(day_name(turn.key_id, turn.now // DAY))
            arguments += (turn.act, turn.minute_limit, turn.day_limit)
        out = await self._script(keys=keys, args=arguments)
        return [(out[n], out[n + 1], out[n + 2] == 1) for n in range(0, len(out), 3)]
