"""Gather what arrives while a batch is under way, and send it with the next one."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Runs at most one batch at a time; an idle one sends at once, without a timer.

    `send` gets the items of a batch and gives one result for each, in the same order.
    When it raises, every caller of that batch gets the exception, and with them those who waited
    meanwhile, where `along` says so of an item and the exception. `orphaned` gets the result of
    an item whose caller was cancelled while its batch was under way. An item whose caller was
    cancelled before is dropped.
    """

    def __init__(
        self,
        send: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        most: int = 256,
        orphaned: Callable[[Item, Result], None] | None = None,
        along: Callable[[Item, Exception], bool] | None = None,
    ) -> None:
        self._send = send
        self._along = along
        self._orphaned = orphaned
        self._most = most
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._running: asyncio.Task[None] | None = None

    def submit(self, item: Item) -> "asyncio.Future[Result]":
        """Queue one item and return the future of its result."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._running is None:
            # In a context of its own: a batch belongs to none of its callers.
            self._running = asyncio.create_task(self._run(), context=Context())
        return future

    async def drain(self) -> None:
        """Wait until nothing is queued or under way."""
        while self._running is not None:
            await asyncio.wait([self._running])

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch = self._next()
                if not batch:
                    return
                try:
                    results = await self._send([item for item, _ in batch])
                except Exception as error:
                    for _, future in [*batch, *self._who_fails_along(error)]:
                        if not future.done():
                            future.set_exception(error)
                else:
                    for (item, future), result in zip(batch, results, strict=True):
                        if not future.done():
                            future.set_result(result)
                        elif self._orphaned is not None:
                            self._orphaned(item, result)
        finally:
            self._running = None

    def _who_fails_along(self, error: Exception) -> "list[tuple[Item, asyncio.Future[Result]]]":
        """Take those out of the queue who would only wait for the same."""
        if self._along is None:
            return []
        told = [entry for entry in self._waiting if self._along(entry[0], error)]
        if told:
            gone = {id(entry) for entry in told}
            self._waiting = deque(e for e in self._waiting if id(e) not in gone)
        return told

    def _next(self) -> "list[tuple[Item, asyncio.Future[Result]]]":
        batch: list[tuple[Item, asyncio.Future[Result]]] = []
        while self._waiting and len(batch) < self._most:
            entry = self._waiting.popleft()
            if not entry[1].done():
                batch.append(entry)
        return batch
