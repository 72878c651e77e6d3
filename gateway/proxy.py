"""The story of one API call: limits, model, money, provider, answer, charge."""

import asyncio
import contextlib
import time
from dataclasses import dataclass

import aiohttp

from billing.ledger import DuplicateRequest, HoldRequest, InsufficientCredits, Ledger, OpenHold
from billing.ledger import LedgerUnavailable as NoLedger
from gateway import pricing, upstream
from gateway.catalogue import Catalogue, Offer
from gateway.errors import ApiError, client_left, insufficient_credits, internal, unavailable
from gateway.exchange import CLIENT_LEFT, Exchange
from gateway.keys import Caller
from gateway.limits import Limits
from gateway.models import ChargeBasis
from gateway.request_log import RequestLog
from gateway.stream import ChatStream
from gateway.visit import Visit
from gateway.wire import openai
from gateway.wire.openai import ChatCall
from gateway.wire.openai_answers import read_completion, renamed


@dataclass(slots=True, frozen=True)
class Proxy:
    """Runs calls with the parts of one web process."""

    catalogue: Catalogue
    limits: Limits
    ledger: Ledger
    request_log: RequestLog
    session: aiohttp.ClientSession

    async def run(self, call: ChatCall, caller: Caller, visit: Visit) -> bytes | ChatStream:
        """Carry out a call; return its whole answer, or the stream of it.

        Raises ApiError. However it ends, the hold is closed and the call is in the log.
        """
        try:
            offer = await self.catalogue.find(call.model)
            await self._take_turn(caller, visit)
            exchange, cap = await self._authorize(call, caller, visit, offer)
        except ApiError as error:
            self.log_refusal(error, caller, visit, call)
            raise
        except asyncio.CancelledError:
            self.log_refusal(client_left(), caller, visit, call)
            raise
        try:
            return await self._exchange(exchange, cap)
        except ApiError as error:
            # Whoever tries again at once must find these credits free.
            with contextlib.suppress(NoLedger):
                await exchange.close(status=error.status, error=error)
            raise
        except BaseException as error:
            # The client left, or we are at fault; either way nothing is left open.
            left = not isinstance(error, Exception)
            exchange.close(status=CLIENT_LEFT if left else 500, error=None if left else internal())
            raise

    async def _take_turn(self, caller: Caller, visit: Visit) -> None:
        visit.allowance = await self.limits.take(caller)
        if not visit.allowance.taken:
            raise visit.allowance.refusal(int(time.time()))

    async def _authorize(
        self, call: ChatCall, caller: Caller, visit: Visit, offer: Offer
    ) -> tuple[Exchange, int | None]:
        each = min(call.most_output or offer.max_output_tokens, offer.max_output_tokens)
        want = pricing.worst_case(
            offer.prices, most_input=call.input_most, most_output=each * call.choices
        )
        need = pricing.worst_case(
            offer.prices, most_input=call.input_estimate, most_output=call.choices
        )
        try:
            hold = await self._hold(caller, visit, want=want, need=min(need, want))
        except ApiError:
            visit.allowance = await self.limits.give_back(caller, visit.allowance)
            raise
        exchange = Exchange(call=call, caller=caller, visit=visit, offer=offer, ledger=self.ledger)
        return exchange, exchange.cover(hold, wanted=want)

    async def _hold(self, caller: Caller, visit: Visit, *, want: int, need: int) -> OpenHold:
        try:
            return await self.ledger.authorize(
                HoldRequest(
                    account=caller.account,
                    request_id=visit.id,
                    want=want,
                    need=need,
                    hold=visit.id,
                )
            )
        except InsufficientCredits:
            raise insufficient_credits() from None
        except NoLedger:
            raise unavailable() from None
        except DuplicateRequest:
            raise internal() from None

    async def _exchange(self, exchange: Exchange, cap: int | None) -> bytes | ChatStream:
        call, path = exchange.call, exchange.offer.paths[0]
        most = min(
            size for size in (call.most_output, exchange.offer.max_output_tokens, cap) if size
        )
        body = openai.prepare(call, upstream_name=path.upstream_name, most_output=most)
        response = await upstream.post(self.session, path, openai.ENDPOINT, body)
        if call.stream:
            return ChatStream(exchange, response, capped=cap is not None)
        try:
            whole = await upstream.read_whole(response)
        finally:
            response.close()
        exchange.observe([read_completion(whole)])
        answer = renamed(whole, exchange.offer.name)
        try:
            await exchange.close(status=200, complete=True)
        except NoLedger:
            raise unavailable() from None
        return answer

    def log_refusal(
        self, error: ApiError, caller: Caller, visit: Visit, call: ChatCall | None = None
    ) -> None:
        """Log a call that was refused before it began."""
        # A name that is no model's is the client's own text, so it is not kept.
        known = call is not None and error.code != "model_not_found"
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
