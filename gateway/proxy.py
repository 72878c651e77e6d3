"""The story of one API call: model, limits, money, provider, answer, charge."""

import asyncio
import contextlib
from dataclasses import dataclass

from billing.ledger import (
    HoldRequest,
    InsufficientCredits,
    Ledger,
    OpenHold,
    Receipt,
    RequestDiffers,
    RequestInFlight,
    RequestSettled,
    SpendLimitReached,
)
from billing.ledger import LedgerUnavailable as NoLedger
from gateway import errors, ids, pricing
from gateway.admission import Admissions
from gateway.attempts import Attempts
from gateway.call_counts import CallCounts
from gateway.catalogue import Catalogue, Offer
from gateway.errors import ApiError
from gateway.exchange import CLIENT_LEFT, Exchange
from gateway.key_ring import Caller
from gateway.low_balance import LowBalances
from gateway.models import ChargeBasis
from gateway.order import Order
from gateway.pricing import Prices
from gateway.request_log import RequestLog
from gateway.stream import AnswerStream
from gateway.visit import Visit
from gateway.wire.call import Call


@dataclass(slots=True, frozen=True)
class Proxy:
    """Runs calls with the parts of one web process."""

    catalogue: Catalogue
    admissions: Admissions
    ledger: Ledger
    attempts: Attempts
    request_log: RequestLog
    low_balances: LowBalances
    counts: CallCounts

    async def run(self, order: Order) -> tuple[bytes, Receipt] | AnswerStream:
        """Carry out a call; return its whole answer and what it cost, or the stream of it.

        Raises ApiError. However it ends, the hold is closed and the call is in the log.
        """
        try:
            offer = await self.find(order)
            exchange = await self._authorize(order, offer)
        except ApiError as error:
            self.log_refusal(error, order.caller, order.visit, order.call)
            raise
        except asyncio.CancelledError:
            self.log_refusal(errors.client_left(), order.caller, order.visit, order.call)
            raise
        try:
            answer = await self.attempts.answer(exchange)
            if isinstance(answer, AnswerStream):
                return answer
            return answer, await _receipt(exchange)
        except ApiError as error:
            # Whoever tries again at once must find these credits free.
            with contextlib.suppress(NoLedger):
                await exchange.close(status=error.status, error=error)
            raise
        except BaseException as error:
            # The client left, or we are at fault; either way nothing is left open.
            left = not isinstance(error, Exception)
            fault = None if left else errors.internal()
            exchange.close(status=CLIENT_LEFT if left else 500, error=fault)
            raise

    async def find(self, order: Order) -> Offer:
        """Return the model that is called; raise the API's 404, 403 or 400 where it may not be."""
        offer = await self.catalogue.find(order.call.model, at=order.visit.started_at)
        if not order.caller.reaches(offer.name):
            raise errors.model_not_allowed()
        if order.dialect.needs not in offer.capabilities:
            raise errors.wrong_kind_of_model(order.dialect.endpoint)
        return offer

    async def _authorize(self, order: Order, offer: Offer) -> Exchange:
        listed = offer.prices_at(order.visit.started_at)
        prices = pricing.discounted(listed, percent=order.caller.price_percent)
        worst, least = _bounds(order.call, offer, prices)
        limit = order.terms.max_cost
        if limit is not None and limit < least:
            raise errors.max_cost_too_low()
        admission = await self.admissions.enter(order)
        try:
            want = worst if limit is None else min(worst, limit)
            hold = await self._hold(order, want=want, need=min(least, want))
        except BaseException:
            await self.admissions.withdraw(admission)
            raise
        exchange = Exchange(
            order=order,
            offer=offer,
            prices=prices,
            ledger=self.ledger,
            on_close=lambda tokens: self.admissions.leave(admission, tokens),
            on_charge=lambda balance: self.low_balances.note(order.caller, balance),
            counts=self.counts,
        )
        exchange.cover(hold, worst=worst)
        return exchange

    async def _hold(self, order: Order, *, want: int, need: int) -> OpenHold:
        caller, terms = order.caller, order.terms
        try:
            return await self.ledger.authorize(
                HoldRequest(
                    account=caller.account,
                    request_id=terms.request_id,
                    want=want,
                    need=need,
                    hold=order.visit.id,
                    budget=caller.key_id,
                    day_most=caller.day_spend,
                    month_most=caller.month_spend,
                    total_most=caller.total_spend,
                    fingerprint=terms.fingerprint,
                )
            )
        except InsufficientCredits:
            raise errors.insufficient_credits() from None
        except SpendLimitReached as error:
            raise errors.spend_limit_reached(error.window) from None
        except NoLedger:
            raise errors.unavailable() from None
        except RequestDiffers:
            raise errors.idempotency_mismatch() from None
        except RequestInFlight:
            raise errors.idempotency_in_flight() from None
        except RequestSettled as error:
            raise errors.idempotency_settled(ids.public(error.hold)) from None

    def log_refusal(
        self, error: ApiError, caller: Caller, visit: Visit, call: Call | None = None
    ) -> None:
        """Log a call that was refused before it began."""
        # A name that is no model's is the client's own text, so it is not kept.
        known = call is not None and error.code != "model_not_found"
        self.counts.note(
            visit,
            status=error.status,
            model=call.model if call and self.catalogue.knows(call.model) else "",
            streamed=call.stream if call else False,
        )
        self.request_log.write(
            visit.row(
                caller,
                model=call.model if call and known else "",
                streamed=call.stream if call else False,
                status=error.status,
                error_code=error.code or "",
                charge_basis=str(ChargeBasis.REJECTED.value),
            )
        )


def _bounds(call: Call, offer: Offer, prices: Prices) -> tuple[int, int]:
    """Return what a call may cost at the most, and the least that makes it worth beginning."""
    own = offer.max_output_tokens if call.most_output is None else call.most_output
    each = min(own, offer.max_output_tokens)
    worst = pricing.worst_case(prices, most_input=call.input_most, most_output=each * call.choices)
    least = pricing.worst_case(
        prices, most_input=call.input_estimate, most_output=min(each, 1) * call.choices
    )
    return worst, min(worst, least)


async def _receipt(exchange: Exchange) -> Receipt:
    try:
        return await exchange.close(status=200, complete=True)
    except NoLedger:
        raise errors.unavailable() from None
