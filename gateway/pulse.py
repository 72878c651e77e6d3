"""The pace of a stream's way to its client: signs of life while nothing comes, and an end."""

import asyncio
from types import TracebackType
from typing import Self

from asgiref.typing import ASGISendCallable
from django.conf import settings


class Pulse:
    """Sends the parts of a stream, a sign of life while none come, and nothing for ever.

    A client that does not take a part in CLIENT_STALL_SECONDS has left: then TimeoutError is
    raised. Two timers look at how things stand, so that a part costs no more than a look at the
    clock; used as an asynchronous context manager.
    """

    def __init__(self, send: ASGISendCallable, beat: bytes) -> None:
        self._send = send
        self._beat = beat
        self._loop = asyncio.get_running_loop()
        self._quiet = True
        self._since: float | None = None
        self._beating: asyncio.Task[None] | None = None
        self._limit = asyncio.timeout(None)

    async def __aenter__(self) -> Self:
        await self._limit.__aenter__()
        self._wait()
        self._watch(self._loop.time() + settings.CLIENT_STALL_SECONDS)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        self._stall_timer.cancel()
        if self._beating is not None:
            self._beating.cancel()
        await self._limit.__aexit__(kind, error, trace)

    async def send(self, part: bytes) -> None:
        """Send a part of the stream."""
        self._quiet = False
        self._since = self._loop.time()
        await self._pass(part)
        self._since = None

    async def _pass(self, part: bytes) -> None:
        await self._send({"type": "http.response.body", "body": part, "more_body": True})

    def _wait(self) -> None:
        self._timer = self._loop.call_later(settings.KEEP_ALIVE_SECONDS, self._look)

    def _look(self) -> None:
        # A client that does not read what it has needs no more of it.
        if self._quiet and self._since is None:
            self._beating = asyncio.create_task(self._pass(self._beat))
        self._quiet = True
        self._wait()

    def _watch(self, until: float) -> None:
        self._stall_timer = self._loop.call_at(until, self._look_for_stall)

    def _look_for_stall(self) -> None:
        now = self._loop.time()
        until = (self._since or now) + settings.CLIENT_STALL_SECONDS
        if now >= until:
            self._limit.reschedule(now)
        else:
            self._watch(until)
