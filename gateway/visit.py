"""One call to the API as it comes in: when, from where and with what client."""

import time
from datetime import UTC, datetime
from typing import Any

import msgspec

from gateway import ids
from gateway.clients import Families, families
from gateway.keys import Caller
from gateway.limits import Allowance
from gateway.places import country
from gateway.pricing import Prices, Tokens
from gateway.request_log import Row

NO_PRICES = Prices(0, 0, 0, 0)
NO_TOKENS = Tokens()


class Visit(msgspec.Struct):
    """A call under way; the caller and the allowance are set once they are known."""

    id: str
    endpoint: str
    ip: str
    agent: str
    started_at: datetime = msgspec.field(default_factory=lambda: datetime.now(UTC))
    started: float = msgspec.field(default_factory=time.monotonic)
    caller: Caller | None = None
    allowance: Allowance | None = None

    @property
    def public_id(self) -> str:
        """The id as the client sees it."""
        return ids.public(self.id)

    def elapsed_ms(self) -> int:
        """Return the milliseconds since the call came in."""
        return int((time.monotonic() - self.started) * 1_000)

    def row(
        self,
        caller: Caller,
        *,
        tokens: Tokens = NO_TOKENS,
        prices: Prices = NO_PRICES,
        **columns: Any,
    ) -> Row:
        """Return the request log's row of this call."""
        known: Families = families(self.agent)
        return Row(
            id=self.id,
            started_at=self.started_at,
            account_id=caller.account,
            key_id=caller.key_id,
            endpoint=self.endpoint,
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
