"""What a web process notes in memory and writes in the background, and once more at its end."""

import asyncio
import contextlib
from abc import ABC, abstractmethod


class Flushed(ABC):
    """Something that is written every few seconds."""

    def __init__(self, *, seconds: float) -> None:
        self._seconds = seconds
        self._flushing: asyncio.Task[None] | None = None

    @abstractmethod
    async def flush(self) -> None:
        """Write what was noted."""

    def start(self) -> None:
        """Begin to write in the background."""
        self._flushing = asyncio.create_task(self._flush_for_ever())

    async def stop(self) -> None:
        """Stop, and write what was noted."""
        if self._flushing is not None:
            self._flushing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._flushing
        await self.flush()

    async def _flush_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._seconds)
            await self.flush()
