"""The ledger: the only place where money moves. All amounts are micro-credits.

`Ledger` serves the hot path: it gathers calls into batches on its own connections. The
functions at the end serve everything synchronous and run the same statements through
Django's connection, so that they can join a transaction.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import cast

import psycopg
from django.conf import settings
from django.db import connection
from psycopg_pool import PoolTimeout

from billing import budgets, ledger_sql, moves
from billing.batches import Batcher
from billing.holds import (
    Closing,
    DuplicateRequest,
    HoldRequest,
    InsufficientCredits,
    LedgerUnavailable,
    OpenHold,
    Receipt,
    RequestDiffers,
    RequestInFlight,
    RequestSettled,
    SpendLimitReached,
)
from billing.models import HoldState
from billing.moves import UNOPENED, Grant, answer_all, decide, firsts, hold_of, literal, sort_moved
from billing.postgres import Pool, Statement

__all__ = [
    "Closing",
    "DuplicateRequest",
    "HoldRequest",
    "InsufficientCredits",
    "Ledger",
    "LedgerUnavailable",
    "OpenHold",
    "Receipt",
    "RequestDiffers",
    "RequestInFlight",
    "RequestSettled",
    "SpendLimitReached",
]

log = logging.getLogger("lumyx.billing")

UNAVAILABLE = (psycopg.OperationalError, PoolTimeout)
SETTLE_TRIES = 7
"""Tries to close a hold, with pauses between them that double."""
FIRST_PAUSE = 0.1
HASTE_SECONDS = 1.0
"""A batch that fails sooner is sent once more: it may have met a connection that was broken."""

HOLD_DAYS = 29
"""Days after which a closed hold is deleted; the sweep is hourly and 30 are promised."""


Encoder = Callable[[Sequence[object]], bytes]


class Ledger:
    """Batched holds and settlements of one web process.

    What closes and what opens goes into one statement, so that one durable commit serves both
    and neither waits for the other's locks. `record` is an insert that stores usage records,
    given as `encode` writes them in `%(records)s`, within that statement, whose `closed` it may
    read. When it fails, the settlement is made without them.
    """

    def __init__(self, pool: Pool, *, record: str, encode: Encoder) -> None:
        self._pool = pool
        texts = (ledger_sql.MOVE, ledger_sql.MOVE_UNCOUNTED)
        self._moving = {text: Statement(text) for text in texts}
        self._recording = {
            text: Statement(text.replace(ledger_sql.RECORDED, f", recorded as ({record})"))
            for text in texts
        }
        self._encode = encode
        self._batches: Batcher[HoldRequest | Closing, Grant | Receipt | None] = Batcher(
            self._send, orphaned=self._release_orphan, along=_gives_up
        )
        self._unsettled: set[asyncio.Future[Receipt]] = set()

    async def authorize(self, request: HoldRequest) -> OpenHold:
        """Set micro-credits aside for a call.

        Raises InsufficientCredits, SpendLimitReached, a DuplicateRequest or LedgerUnavailable.
        A caller that is cancelled meanwhile leaves no hold behind.
        """
        while True:
            waiting = self._batches.submit(request)
            try:
                grant = cast(Grant, await waiting)
            except asyncio.CancelledError:
                # The grant may have come in the very moment of the cancellation.
                if waiting.done() and not waiting.cancelled() and not waiting.exception():
                    self._release_orphan(request, waiting.result())
                raise
            hold = decide(request, grant)
            if hold is not None:
                return hold
            if grant.why == UNOPENED and request.budget is not None:
                await self._open_budget(request.budget)

    def settle(
        self, hold: OpenHold, *, cost: int, record: object | None
    ) -> asyncio.Future[Receipt]:
        """Charge what was used and give the rest of the hold back.

        The future is the receipt, once the charge is durable. Whoever awaits it may be
        cancelled: the settlement is made all the same.
        """
        return self._close(Closing(hold, cost, HoldState.SETTLED, record))

    def release(self, hold: OpenHold, *, record: object | None = None) -> asyncio.Future[Receipt]:
        """Give a whole hold back."""
        return self._close(Closing(hold, 0, HoldState.RELEASED, record))

    async def extend(self, hold: OpenHold) -> None:
        """Keep the hold of a call that is still alive from expiring."""
        try:
            async with self._pool.connection() as pg:
                await pg.execute(ledger_sql.EXTEND, {"hold": hold.id, "ttl": settings.HOLD_SECONDS})
        except UNAVAILABLE:
            log.warning("hold %s could not be extended", hold.id)

    async def drain(self) -> None:
        """Wait until every settlement is durable."""
        await self._batches.drain()
        while self._unsettled:
            await asyncio.wait(self._unsettled)

    def _release_orphan(self, item: HoldRequest | Closing, result: Grant | Receipt | None) -> None:
        if isinstance(item, HoldRequest):
            hold = hold_of(item, cast(Grant, result))
            if hold is not None:
                self.release(hold)

    async def _open_budget(self, budget: str) -> None:
        try:
            await budgets.open_on(self._pool, [budget])
        except UNAVAILABLE as error:
            raise LedgerUnavailable from error

    def _close(self, closing: Closing) -> asyncio.Future[Receipt]:
        closed: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._unsettled.add(closed)
        # Nobody may be left to ask for the exception, which was logged where it arose.
        closed.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._try_to_close(closing, closed, 0)
        return closed

    def _try_to_close(self, closing: Closing, closed: asyncio.Future[Receipt], tries: int) -> None:
        def after(moved: "asyncio.Future[Grant | Receipt | None]") -> None:
            error = moved.exception() or (LedgerUnavailable() if moved.result() is None else None)
            if isinstance(error, LedgerUnavailable) and tries + 1 < SETTLE_TRIES:
                pause = FIRST_PAUSE * 2**tries
                asyncio.get_running_loop().call_later(
                    pause, self._try_to_close, closing, closed, tries + 1
                )
                return
            self._unsettled.discard(closed)
            if error is not None:
                log.error("alarm: hold %s could not be closed and will expire", closing.hold.id)
            if closed.done():
                return
            if error is not None:
                closed.set_exception(error)
            else:
                closed.set_result(cast(Receipt, moved.result()))

        self._batches.submit(closing).add_done_callback(after)

    async def _send(self, items: Sequence[HoldRequest | Closing]) -> list[Grant | Receipt | None]:
        requests = [item for item in items if isinstance(item, HoldRequest)]
        closings = [item for item in items if isinstance(item, Closing)]
        sent = firsts(requests)
        begun, tried = time.monotonic(), False
        while True:
            try:
                receipts, grants = await self._move(closings, sent)
                missed = [c for n, c in enumerate(closings) if n not in receipts]
                earlier = await self._explain(missed) if missed else {}
                break
            except UNAVAILABLE as error:
                # Whoever was kept waiting for this long would meet the same.
                if tried or time.monotonic() - begun > HASTE_SECONDS:
                    raise LedgerUnavailable from error
                tried = True
        granted = iter(answer_all(requests, sent, grants))
        paid = iter([receipts.get(n) or earlier.get(c.hold.id) for n, c in enumerate(closings)])
        return [next(granted) if isinstance(i, HoldRequest) else next(paid) for i in items]

    async def _move(
        self, closings: Sequence[Closing], requests: Sequence[HoldRequest]
    ) -> tuple[dict[int, Receipt], dict[int, Grant]]:
        """Close and grant holds in one statement; return the receipts and the grants."""
        text = moves.statement(closings, requests)
        parameters = moves.parameters(closings, requests)
        records = [c.record for c in closings if c.record is not None]
        async with self._pool.connection() as pg:
            if records:
                parameters["records"] = self._encode(records).decode()
                try:
                    return sort_moved(await self._recording[text].fetch(pg, parameters))
                except UNAVAILABLE:
                    raise
                except psycopg.Error as error:
                    log.error("alarm: usage records lost: %s", type(error).__name__)
                    del parameters["records"]
            return sort_moved(await self._moving[text].fetch(pg, parameters))

    async def _explain(self, closings: Sequence[Closing]) -> dict[str, Receipt]:
        """Say what was charged for holds that were closed before, and note what was lost.

        A hold that is still open is left out: nobody may take it for closed.
        """
        by_id = {c.hold.id: c for c in closings}
        accounts = literal(c.hold.account for c in by_id.values())
        receipts: dict[str, Receipt] = {}
        async with self._pool.connection() as pg:
            cursor = await pg.execute(
                ledger_sql.READ_HOLDS, {"hold": literal(by_id), "account": accounts}
            )
            for hold, state, cost, balance in await cursor.fetchall():
                if state == HoldState.OPEN:
                    continue
                closing = by_id[hold]
                settled = state == HoldState.SETTLED
                receipts[hold] = Receipt(cost if settled else 0, balance)
                if state is not None and not settled and closing.cost:
                    log.error("alarm: hold %s was settled after its release", hold)
                    await pg.execute(
                        ledger_sql.UNCOLLECTED,
                        {"hold": hold, "account": closing.hold.account, "cost": closing.cost},
                    )
        return receipts


def _gives_up(item: HoldRequest | Closing, error: Exception) -> bool:
    """Return whether an item that waits is refused with a batch: what closes is tried again."""
    return isinstance(item, HoldRequest) and isinstance(error, LedgerUnavailable)


def authorize_now(requests: Sequence[HoldRequest]) -> list[OpenHold | None]:
    """Set micro-credits aside for several calls at once; None where that was refused."""
    budgets.open_for({r.budget for r in requests if r.budget is not None})
    sent = firsts(requests)
    grants = answer_all(requests, sent, _move_now([], sent)[1])
    return [hold_of(r, grant) for r, grant in zip(requests, grants, strict=True)]


def close_now(closings: Sequence[Closing], *, expired: bool = False) -> dict[int, Receipt]:
    """Settle and release holds; return the receipt of each that was open, by its position.

    With `expired`, a hold that was extended since it was read stays open.
    """
    return _move_now(closings, [], expired=expired)[0]


def _move_now(
    closings: Sequence[Closing], requests: Sequence[HoldRequest], *, expired: bool = False
) -> tuple[dict[int, Receipt], dict[int, Grant]]:
    with connection.cursor() as cursor:
        cursor.execute(
            moves.statement(closings, requests),
            moves.parameters(closings, requests, expired=expired),
        )
        return sort_moved(cursor.fetchall())


def post(
    *, account: int, kind: str, amount: int, reference: str, bonus: bool = False
) -> int | None:
    """Post a movement that is not use; return the balance after it.

    A bonus is spent last. Returns None where this kind and reference were posted before: then
    nothing moved.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            ledger_sql.POST,
            {
                "account": account,
                "kind": kind,
                "amount": amount,
                "reference": reference,
                "bonus": bonus,
            },
        )
        row = cursor.fetchone()
    return None if row is None else row[0]


def release_expired(*, limit: int = 500) -> int:
    """Release holds whose time is over, and return how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(ledger_sql.EXPIRED, {"limit": limit})
        closings = [
            Closing(OpenHold(hold, account, 0), 0, HoldState.RELEASED, None)
            for hold, account in cursor.fetchall()
        ]
    return len(close_now(closings, expired=True)) if closings else 0


def delete_old_holds(*, days: int = HOLD_DAYS, limit: int = 5_000) -> int:
    """Delete holds that were closed and are older than the request log may be."""
    with connection.cursor() as cursor:
        cursor.execute(ledger_sql.DELETE_OLD, {"days": days, "limit": limit})
        return int(cursor.rowcount)
