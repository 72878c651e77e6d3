"""Tokens per key by clock minute, counted in Redis: an estimate first, what was used later.

A call that is refused does not count. While Redis is away each process counts for itself.
"""

import logging
import time
from collections.abc import Sequence

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from billing.batches import Batcher
from gateway.errors import ApiError, too_many_tokens
from gateway.key_ring import Caller

log = logging.getLogger("lumyx.gateway")

MINUTE = 60
REDIS_PAUSE = 1.0
"""Seconds for which a process counts by itself after Redis failed to answer."""
NO_LIMIT = -1

# One key and two arguments for each turn: how many tokens, and the limit or none. Gives the
# count and whether they were counted.
SCRIPT = f"""
local out = {{}}
for i = 1, #KEYS do
  local tokens, limit = tonumber(ARGV[i * 2 - 1]), tonumber(ARGV[i * 2])
  local used = tonumber(redis.call('GET', KEYS[i]) or 0)
  local counted = 0
  if limit == {NO_LIMIT} or used + tokens <= limit then
    counted = 1
    if tokens ~= 0 then
      used = math.max(0, used + tokens)
      redis.call('SET', KEYS[i], used, 'EX', {2 * MINUTE})
    end
  end
  out[#out + 1] = used
  out[#out + 1] = counted
end
return out
"""


class Turn(msgspec.Struct, frozen=True, gc=False):
    """Tokens to count, or to take away again, in one window (minutes since 1970)."""

    key_id: str
    minute: int
    tokens: int
    limit: int = NO_LIMIT


class TokenAllowance(msgspec.Struct, frozen=True, gc=False):
    """How a key stands with its tokens a minute after a call's estimate."""

    limit: int
    used: int
    reset: int
    estimate: int
    taken: bool

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Return the rate-limit headers as ASGI takes them; the reset is in Unix seconds."""
        return [
            (b"x-ratelimit-limit-tokens", b"%d" % self.limit),
            (b"x-ratelimit-remaining-tokens", b"%d" % max(0, self.limit - self.used)),
            (b"x-ratelimit-reset-tokens", b"%d" % self.reset),
        ]

    def refusal(self, now: int) -> ApiError:
        """Return the error for a call that was not taken."""
        return too_many_tokens(self.limit, self.estimate, max(1, self.reset - now))


Count = tuple[int, bool]


class LocalWindow:
    """The same counting in this process's memory, for while Redis is away."""

    def __init__(self) -> None:
        self._minute = 0
        self._used: dict[str, int] = {}

    def apply(self, turn: Turn) -> Count:
        """Do one turn and return the count after it."""
        if turn.minute > self._minute:
            self._minute = turn.minute
            self._used = {}
        used = self._used.get(turn.key_id, 0) if turn.minute == self._minute else 0
        if turn.limit != NO_LIMIT and used + turn.tokens > turn.limit:
            return used, False
        used = max(0, used + turn.tokens)
        if turn.minute == self._minute:
            self._used[turn.key_id] = used
        return used, True


class TokenLimits:
    """The token limits of all keys that have one, as one web process applies them."""

    def __init__(self, client: Redis) -> None:
        self._script = client.register_script(SCRIPT)
        self._local = LocalWindow()
        self._away_until = float("-inf")
        self._turns: Batcher[Turn, Count] = Batcher(self._apply)

    async def take(self, caller: Caller, tokens: int) -> TokenAllowance:
        """Count a call's estimated tokens, unless they would go over the key's limit.

        Only for keys that have a token limit.
        """
        assert caller.token_limit is not None
        minute = int(time.time()) // MINUTE
        used, taken = await self._turns.submit(
            Turn(caller.key_id, minute, tokens, caller.token_limit)
        )
        return TokenAllowance(
            limit=caller.token_limit,
            used=used,
            reset=(minute + 1) * MINUTE,
            estimate=tokens,
            taken=taken,
        )

    async def peek(self, caller: Caller) -> TokenAllowance | None:
        """Return how the key stands, without counting anything; None where it has no limit."""
        return None if caller.token_limit is None else await self.take(caller, 0)

    def correct(self, caller: Caller, allowance: TokenAllowance, used: int) -> None:
        """Put what a call really used in its estimate's place, soon, while that still counts."""
        difference = used - allowance.estimate
        if allowance.taken and difference and time.time() < allowance.reset:
            minute = allowance.reset // MINUTE - 1
            self._turns.submit(Turn(caller.key_id, minute, difference))

    async def drain(self) -> None:
        """Wait until every correction is made."""
        await self._turns.drain()

    async def _apply(self, turns: Sequence[Turn]) -> list[Count]:
        if time.monotonic() >= self._away_until:
            try:
                return await self._ask_redis(turns)
            except (RedisError, OSError, TimeoutError):
                log.warning("Redis is away: each process counts tokens for itself")
                self._away_until = time.monotonic() + REDIS_PAUSE
        return [self._local.apply(turn) for turn in turns]

    async def _ask_redis(self, turns: Sequence[Turn]) -> list[Count]:
        keys = [f"tokens:{turn.key_id}:m{turn.minute}" for turn in turns]
        arguments = [number for turn in turns for number in (turn.tokens, turn.limit)]
        out = await self._script(keys=keys, args=arguments)
        return [(out[n], out[n + 1] == 1) for n in range(0, len(out), 2)]
