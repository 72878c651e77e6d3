"""The money of one call, from its hold to its charge; closed exactly once, however it ends."""

import asyncio
import logging
from collections.abc import Callable
from typing import Literal

import msgspec
from django.conf import settings

from billing.ledger import Ledger, OpenHold, Receipt
from gateway import pricing
from gateway.call_counts import CallCounts
from gateway.catalogue import Offer, Path
from gateway.errors import ApiError
from gateway.meter import Meter
from gateway.models import ChargeBasis
from gateway.order import Order
from gateway.pricing import Prices, Tokens

log = logging.getLogger("lumyx.gateway")

CLIENT_LEFT = 499
"""The status that the log shows for a call whose client went away before the end."""

Ceiling = Literal["credits", "max_cost"]


class Attempt(msgspec.Struct, omit_defaults=True):
    """One try of one route, as the call's row keeps it; `reason` is never a provider's words."""

    provider: str
    ms: int
    reason: str = ""


class Exchange:
    """Meters one call and settles it by the published matrix.

    The provider's usage counts where it came; else the output that was delivered, marked
    as estimated; a call that brought no output costs nothing. `on_close` gets the tokens
    that were used, `on_charge` the balance after a charge.
    """

    def __init__(
        self,
        *,
        order: Order,
        offer: Offer,
        prices: Prices,
        ledger: Ledger,
        on_close: Callable[[Tokens], None],
        on_charge: Callable[[int], None],
        counts: CallCounts,
    ) -> None:
        self.order = order
        self.offer = offer
        self.prices = prices
        self._most_output = pricing.MOST_TOKENS
        self.meter = self._new_meter()
        self.ceiling: Ceiling | None = None
        """What limits the output below the client's own wish."""
        self._ledger = ledger
        self._on_close = on_close
        self._on_charge = on_charge
        self._counts = counts
        self._hold: OpenHold | None = None
        self._attempts: list[Attempt] = []
        self._provider = ""
        self._begun_ms = 0
        self._timer: asyncio.TimerHandle | None = None
        self._extending: asyncio.Task[None] | None = None
        self._closed: asyncio.Future[Receipt] | None = None

    def cover(self, hold: OpenHold, *, worst: int) -> None:
        """Take the hold that pays for the call, whose worst case would have cost `worst`."""
        self._hold = hold
        self._set_timer()
        call = self.order.call
        self._most_output = self.meter.most_output = pricing.affordable_output(
            self.prices, amount=hold.amount, input_tokens=call.input_estimate
        )
        if hold.amount < worst:
            self.ceiling = "max_cost" if hold.amount == self.order.terms.max_cost else "credits"

    def most_output(self) -> int:
        """Return the output tokens that a provider may be asked for, for each choice."""
        call, offer = self.order.call, self.offer
        own = offer.max_output_tokens if call.most_output is None else call.most_output
        most = min(own, offer.max_output_tokens)
        if self.ceiling is not None:
            covered = max(1, self._most_output // call.choices)
            if covered < most:
                return covered
            # The client's own limit is the lower one after all.
            self.ceiling = None
        return most

    def begins(self, path: Path) -> None:
        """Note that a route is tried; what an earlier one may have counted is forgotten."""
        self._provider = path.provider
        self._begun_ms = self.order.visit.elapsed_ms()
        if self._attempts:
            self.meter = self._new_meter()

    def _new_meter(self) -> Meter:
        order = self.order
        return Meter(
            call_id=order.visit.public_id,
            streamed=order.call.stream,
            input_estimate=order.call.input_estimate,
            most_output=self._most_output,
        )

    def failed(self, reason: str) -> None:
        """Note that the route that was tried last did not answer."""
        spent = self.order.visit.elapsed_ms() - self._begun_ms
        self._attempts.append(Attempt(self._provider, spent, reason))
        self._provider = ""

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
    ) -> "asyncio.Future[Receipt]":
        """Settle or release, and log; the future is the receipt, once durable.

        Needs no running to its end by the caller, who may be cancelled: it is already queued.
        """
        if self._closed is not None:
            return self._closed
        assert self._hold is not None, "a call is closed only after it was covered"
        if self._timer is not None:
            self._timer.cancel()
        order, meter = self.order, self.meter
        tokens, basis = self._account(complete=complete)
        cost = pricing.cost(tokens, self.prices)
        charge = min(cost, self._hold.amount)
        if cost > charge:
            log.warning("call %s cost more than was set aside", order.visit.public_id)
        if self._provider:
            reason = error.code or "" if error is not None else ""
            spent = order.visit.elapsed_ms() - self._begun_ms
            self._attempts.append(Attempt(self._provider, spent, reason))
        first_token_ms = order.visit.ms_at(meter.first_at)
        self._counts.note(
            order.visit,
            status=status,
            model=self.offer.name,
            streamed=order.call.stream,
            tokens=tokens,
            charge=charge,
            first_token_ms=first_token_ms,
        )
        row = order.visit.row(
            order.caller,
            tokens=tokens,
            prices=self.prices,
            model=self.offer.name,
            streamed=order.call.stream,
            status=status,
            error_code=(error.code or "") if error else "",
            charge=charge,
            charge_basis=str(basis.value),
            first_token_ms=first_token_ms,
            provider=self._provider,
            attempts=self._attempts,
        )
        if basis == ChargeBasis.NOTHING:
            self._closed = self._ledger.release(self._hold, record=row)
        else:
            self._closed = self._ledger.settle(self._hold, cost=charge, record=row)
            if order.caller.watch_below:
                self._closed.add_done_callback(self._charged)
        self._on_close(tokens)
        return self._closed

    def _charged(self, closed: "asyncio.Future[Receipt]") -> None:
        if not closed.cancelled() and closed.exception() is None:
            self._on_charge(closed.result().balance)

    def _account(self, *, complete: bool) -> tuple[Tokens, ChargeBasis]:
        if self.meter.reported:
            return self.meter.tokens(), ChargeBasis.REPORTED
        if complete:
            log.error("alarm: no usage was reported for call %s", self.order.visit.public_id)
        if not self.meter.pieces:
            return Tokens(), ChargeBasis.NOTHING
        return self.meter.tokens(), ChargeBasis.ESTIMATED
