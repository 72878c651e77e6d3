"""Notice that a provider falls silent in the middle of its answer, or takes too long in all."""

import asyncio
from typing import Self

import aiohttp


class SilenceWatch:
    """Ends the wait for more of an answer with TimeoutError once it has lasted too long.

    Of silence (seconds) only time that is spent waiting counts, not time in which nobody
    read; the deadline is by the event loop's clock. The timer runs on its own, so that a
    piece costs no more than a look at the clock; used as a context manager.
    """

    def __init__(self, content: aiohttp.StreamReader, seconds: float, deadline: float) -> None:
        self._content = content
        self._seconds = seconds
        self._deadline = deadline
        self._loop = asyncio.get_running_loop()
        self._since: float | None = None

    def __enter__(self) -> Self:
        self._wait(self._loop.time() + self._seconds)
        return self

    def __exit__(self, *raised: object) -> None:
        self._timer.cancel()

    async def read(self) -> bytes:
        """Return what came next, or nothing at the end."""
        self._since = self._loop.time()
        data = await self._content.readany()
        self._since = None
        return data

    def _wait(self, until: float) -> None:
        self._timer = self._loop.call_at(min(until, self._deadline), self._look)

    def _look(self) -> None:
        now = self._loop.time()
        silent_until = (self._since or now) + self._seconds
        if now >= silent_until or now >= self._deadline:
            self._content.set_exception(TimeoutError())
        else:
            self._wait(silent_until)
