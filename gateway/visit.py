"""One call to the API as it comes in: when, from where and with what client."""

import time
from datetime import UTC, datetime
from typing import Any

import msgspec

from accounts.clients import Families, families
from accounts.places import country
from gateway import ids
from gateway.key_ring import Caller
from gateway.limits import Allowance
from gateway.pricing import Prices, Tokens
from gateway.request_log import Row
from gateway.token_limits import TokenAllowance

NO_PRICES = Prices(0, 0, 0, 0)
NO_TOKENS = Tokens()
OVERLOADED = 529


class Visit(msgspec.Struct):
    """A call under way; the caller and the allowance are set once they are known."""

    id: str
    endpoint: str
    ip: str
    agent: str
    started_at: datetime = msgspec.field(default_factory=lambda: datetime.now(UTC))
    started: float = msgspec.field(default_factory=time.monotonic)
    anthropic: bool = False
    """Whether errors are to be written in Anthropic's shape."""
    caller: Caller | None = None
    allowance: Allowance | None = None
    token_allowance: TokenAllowance | None = None
    counted: bool = False
    """Whether the counts of calls have it."""

    @property
    def public_id(self) -> str:
        """The id as the client sees it."""
        return ids.public(self.id)

    def numbered(self, status: int) -> int:
        """Return a status as the route's dialect numbers it: Anthropic's 529 is others' 503."""
        return OVERLOADED if self.anthropic and status == 503 else status

    def elapsed_ms(self) -> int:
        """Return the milliseconds since the call came in."""
        return int((time.monotonic() - self.started) * 1_000)

    def ms_at(self, moment: float | None) -> int | None:
        """Return the milliseconds from the call's begin to a moment of the monotonic clock."""
        return None if moment is None else int((moment - self.started) * 1_000)

    def row(
        self,
        caller: Caller,
        *,
        status: int,
        tokens: Tokens = NO_TOKENS,
        prices: Prices = NO_PRICES,
        **columns: Any,
    ) -> Row | None:
        """Return the request log's row of this call, or nothing where its key keeps no log."""
        if not caller.log_days:
            return None
        known: Families = families(self.agent)
        return Row(
            id=self.id,
            started_at=self.started_at,
            account_id=caller.account,
            key_id=caller.key_id,
            endpoint=self.endpoint,
            status=self.numbered(status),
            input_tokens=tokens.input,
            cache_read_tokens=tokens.cache_read,
            cache_write_tokens=tokens.cache_write,
            output_tokens=tokens.output,
            reasoning_tokens=tokens.reasoning,
            input_price=prices.input,
            cache_read_price=prices.cache_read,
            cache_write_price=prices.cache_write,
            output_price=prices.output,
            latency_ms=self.elapsed_ms(),
            ip=self.ip,
            country=country(self.ip),
            client=known.client,
            system=known.system,
            device=known.device,
            **columns,
        )
