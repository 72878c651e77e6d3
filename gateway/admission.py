"""Let a call in by its key's limits: requests, tokens a minute, calls at once."""

import time
from dataclasses import dataclass

import msgspec

from gateway.errors import too_many_at_once
from gateway.key_ring import Caller
from gateway.limits import Allowance, Limits
from gateway.order import Order
from gateway.pricing import Tokens
from gateway.slots import Slots
from gateway.token_limits import TokenAllowance, TokenLimits
from gateway.visit import Visit


class Admission(msgspec.Struct):
    """A call that was let in, and what it has to give back."""

    caller: Caller
    visit: Visit
    tokens: TokenAllowance | None = None
    inside: bool = False


@dataclass(slots=True, frozen=True)
class Admissions:
    """The limits of all keys, as one web process applies them."""

    limits: Limits
    token_limits: TokenLimits
    slots: Slots

    async def enter(self, order: Order) -> Admission:
        """Let a call in; raise the API's 429, and count nothing, where a limit is used up."""
        caller, visit = order.caller, order.visit
        visit.allowance = await self.limits.take(caller)
        if not visit.allowance.taken:
            raise visit.allowance.refusal(int(time.time()))
        admission = Admission(caller, visit)
        try:
            if caller.token_limit is not None:
                await self._take_tokens(admission, order.call.input_estimate)
            if caller.concurrency_limit is not None:
                most = caller.concurrency_limit
                if not await self.slots.enter(_slot(caller), most, visit.id):
                    raise too_many_at_once(most)
                admission.inside = True
        except BaseException:
            await self.withdraw(admission)
            raise
        return admission

    async def _take_tokens(self, admission: Admission, tokens: int) -> None:
        found = await self.token_limits.take(admission.caller, tokens)
        admission.visit.token_allowance = found
        if not found.taken:
            raise found.refusal(int(time.time()))
        admission.tokens = found

    async def withdraw(self, admission: Admission) -> None:
        """Take back a call that was refused after all: it counts for nothing."""
        self.leave(admission, Tokens())
        allowance: Allowance | None = admission.visit.allowance
        admission.visit.allowance = await self.limits.give_back(admission.caller, allowance)

    def leave(self, admission: Admission, used: Tokens) -> None:
        """Note the end of a call and the tokens that it used."""
        if admission.tokens is not None:
            total = used.input + used.cache_read + used.cache_write + used.output
            self.token_limits.correct(admission.caller, admission.tokens, total)
        if admission.inside:
            self.slots.leave(_slot(admission.caller), admission.visit.id)


def _slot(caller: Caller) -> str:
    return f"key:{caller.key_id}"
