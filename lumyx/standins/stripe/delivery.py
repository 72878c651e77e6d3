"""Send the imitated Stripe's events, signed as Stripe signs them."""

import asyncio
import contextlib
import hmac
import random
import time
from typing import Literal

import aiohttp
import msgspec

from lumyx.standins.stripe.store import Thing

RETRIES = (0.3, 1.0, 3.0, 10.0)
SECONDS = 10
Order = Literal["as-is", "reverse", "shuffle"]


class Delivery:
    """Sends events one after the other, in the background; tests can stop, copy and mix them."""

    def __init__(self, url: str, secret: str) -> None:
        self.url, self.secret = url, secret
        self.mode: Literal["send", "drop", "hold"] = "send"
        self.copies = 1
        self.delay = 0.0
        self.held: list[Thing] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    def take(self, event: Thing) -> None:
        """Send an event, keep it back or drop it."""
        if self.mode == "hold":
            self.held.append(event)
        elif self.mode == "send":
            for _ in range(self.copies):
                self.send(event)

    def send(self, event: Thing) -> None:
        """Send an event in the background."""
        if not self.url:
            return
        task = asyncio.get_running_loop().create_task(self._deliver(event))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def flush(self, order: Order, *, seed: int, copies: int) -> int:
        """Send what was held, in another order if wanted, and wait until all of it was taken."""
        events, self.held = self.held * copies, []
        if order == "reverse":
            events.reverse()
        elif order == "shuffle":
            random.Random(seed).shuffle(events)  # noqa: S311  tests want it again
        for event in events:
            await self._deliver(event)
        return len(events)

    async def close(self) -> None:
        """Give up what is under way."""
        for task in list(self._tasks):
            task.cancel()
        if self._session is not None:
            await self._session.close()

    async def _deliver(self, event: Thing) -> None:
        if self.delay:
            await asyncio.sleep(self.delay)
        for pause in (*RETRIES, None):
            if await self._post(event):
                return
            if pause is not None:
                await asyncio.sleep(pause)

    async def _post(self, event: Thing) -> bool:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=SECONDS)
            self._session = aiohttp.ClientSession(timeout=timeout)
        body = msgspec.json.encode(event)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": sign(body, self.secret),
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
            async with self._session.post(self.url, data=body, headers=headers) as answer:
                return 200 <= answer.status < 300
        return False


def sign(body: bytes, secret: str, at: int | None = None) -> str:
    """Return the header that Stripe sends: https://docs.stripe.com/webhooks#verify-manually."""
    at = int(time.time()) if at is None else at
    digest = hmac.digest(secret.encode(), f"{at}.".encode() + body, "sha256").hex()
    return f"t={at},v1={digest}"
