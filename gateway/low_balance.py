"""Have accounts whose credits run low looked after at once, not only by beat's next round."""

import asyncio
import math
import time

from billing.soon import SEND_MAILS, TOP_UP, soon
from gateway.key_ring import Caller

PAUSE_SECONDS = 10
MOST_KNOWN = 10_000


class LowBalances:
    """Sends one web process's word that an account fell below what its owner watches for."""

    def __init__(self) -> None:
        self._told: dict[int, float] = {}

    def note(self, caller: Caller, balance: int) -> None:
        """Note a balance after a charge, in micro-credits."""
        if balance >= caller.watch_below:
            return
        now = time.monotonic()
        if now - self._told.get(caller.account, -math.inf) < PAUSE_SECONDS:
            return
        if len(self._told) >= MOST_KNOWN:
            self._told.clear()
        self._told[caller.account] = now
        # Redis may keep one waiting, which no call should feel.
        asyncio.get_running_loop().run_in_executor(None, _send, caller.account)


def _send(account: int) -> None:
    soon(TOP_UP, account)
    soon(SEND_MAILS)
