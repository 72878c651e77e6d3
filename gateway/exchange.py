"""The money of one call, from its hold to its charge; closed exactly once, however it ends."""

import asyncio
import logging
from collections.abc import Iterable

from django.conf import settings

from billing.ledger import Ledger, OpenHold
from gateway import pricing
from gateway.catalogue import Offer
from gateway.errors import ApiError
from gateway.keys import Caller
from gateway.models import ChargeBasis
from gateway.pricing import Tokens
from gateway.visit import Visit
from gateway.wire.openai import BYTES_PER_TOKEN, BadUsage, ChatCall
from gateway.wire.openai_answers import Answer

log = logging.getLogger("lumyx.gateway")

CLIENT_LEFT = 499
"""The status that the log shows for a call whose client went away before the end."""
SMALL_DELTA = 8
"""Bytes up to which a delta is taken for one token, where the provider reports no usage."""

MOST_BYTES_PER_TOKEN = 12
"""Text of which a token takes more bytes, on average, does not exist in practice."""


class Exchange:
    """Meters one call and settles it by the published matrix.

    The provider's usage counts where it came; else the output that was delivered, marked
    as estimated; a call that brought no output costs nothing.
    """

    def __init__(
        self, *, call: ChatCall, caller: Caller, visit: Visit, offer: Offer, ledger: Ledger
    ) -> None:
        self.call = call
        self.offer = offer
        self._caller = caller
        self._visit = visit
        self._ledger = ledger
        self._hold: OpenHold | None = None
        self._usage: Tokens | None = None
        self._deltas = 0
        self._bytes = 0
        self._most_output = 0
        self._first_ms: int | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._extending: asyncio.Task[None] | None = None
        self._closed: asyncio.Future[int] | None = None

    def cover(self, hold: OpenHold, *, wanted: int) -> int | None:
        """Take the hold that pays for the call; return the output cap that it imposes, if any."""
        self._hold = hold
        self._set_timer()
        affordable = pricing.affordable_output(
            self.offer.prices, amount=hold.amount, input_tokens=self.call.input_estimate
        )
        self._most_output = affordable
        if hold.amount >= wanted:
            return None
        cap = max(1, affordable // self.call.choices)
        most = self.call.most_output
        return cap if most is None or cap < most else None

    def observe(self, answers: Iterable[Answer]) -> None:
        """Meter a whole answer or chunks of one."""
        for answer in answers:
            for choice in answer.choices or ():
                output = choice.delta or choice.message
                size = output.size() if output is not None else 0
                if size:
                    self._deltas += 1
                    self._bytes += size
            if answer.usage is not None:
                try:
                    self._usage = answer.tokens()
                except BadUsage:
                    log.error("alarm: impossible usage in call %s", self._visit.public_id)
        if self._deltas and self._first_ms is None:
            self._first_ms = self._visit.elapsed_ms()

    def exhausted(self) -> bool:
        """Return whether the output surely costs more than what was set aside."""
        surely = max(self._deltas, self._bytes // MOST_BYTES_PER_TOKEN)
        return surely > self._most_output

    def _set_timer(self) -> None:
        # Independent of what the provider sends and the client reads: a hold that expired
        # under a living call could not be charged.
        self._timer = asyncio.get_running_loop().call_later(
            settings.HOLD_SECONDS / 3, self._keep_alive
        )

    def _keep_alive(self) -> None:
        if self._hold is not None:
            self._extending = asyncio.create_task(self._ledger.extend(self._hold))
            self._set_timer()

    def close(
        self, *, status: int, error: ApiError | None = None, complete: bool = False
    ) -> "asyncio.Future[int]":
        """Settle or release, and log; the future is the charge, once durable.

        Needs no running to its end by the caller, who may be cancelled: it is already queued.
        """
        if self._closed is not None:
            return self._closed
        assert self._hold is not None, "a call is closed only after it was covered"
        if self._timer is not None:
            self._timer.cancel()
        tokens, basis = self._account(complete=complete)
        cost = pricing.cost(tokens, self.offer.prices)
        charge = min(cost, self._hold.amount)
        if cost > charge:
            log.warning("call %s cost more than was set aside", self._visit.public_id)
        row = self._visit.row(
            self._caller,
            tokens=tokens,
            prices=self.offer.prices,
            model=self.offer.name,
            streamed=self.call.stream,
            status=status,
            error_code=(error.code or "") if error else "",
            charge=charge,
            charge_basis=str(basis.value),
            first_token_ms=self._first_ms,
        )
        if basis == ChargeBasis.NOTHING:
            self._closed = self._ledger.release(self._hold, record=row)
        else:
            self._closed = self._ledger.settle(self._hold, cost=charge, record=row)
        return self._closed

    def _account(self, *, complete: bool) -> tuple[Tokens, ChargeBasis]:
        if self._usage is not None:
            return self._usage, ChargeBasis.REPORTED
        if complete:
            log.error("alarm: no usage was reported for call %s", self._visit.public_id)
        if not self._deltas:
            return Tokens(), ChargeBasis.NOTHING
        if self.call.stream and self._bytes <= SMALL_DELTA * self._deltas:
            output = self._deltas
        else:
            output = -(-self._bytes // BYTES_PER_TOKEN)
        return Tokens(input=self.call.input_estimate, output=output), ChargeBasis.ESTIMATED
