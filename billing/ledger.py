"""The ledger: the only place where money moves. All amounts are micro-credits.

`Ledger` serves the hot path: it gathers calls into batches on its own connections. The
functions at the end serve everything synchronous and run the same statements through
Django's connection, so that they can join a transaction.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import msgspec
import psycopg
from django.conf import settings
from django.db import connection
from psycopg_pool import PoolTimeout

from billing import ledger_sql
from billing.batches import Batcher
from billing.models import HoldState
from billing.postgres import Pool

log = logging.getLogger("lumyx.billing")

UNAVAILABLE = (psycopg.OperationalError, PoolTimeout)
SETTLE_TRIES = 7
"""Tries to close a hold, with pauses between them that double."""
FIRST_PAUSE = 0.1

HOLD_DAYS = 29
"""Days after which a closed hold is deleted; the sweep is hourly and 30 are promised."""


class InsufficientCredits(Exception):
    """The account cannot pay for the least that the call needs."""


class DuplicateRequest(Exception):
    """This request id already took a hold."""


class LedgerUnavailable(Exception):
    """PostgreSQL does not answer; nothing was charged."""


class HoldRequest(msgspec.Struct, frozen=True, gc=False):
    """What a call asks to set aside: `want` if it can be had, never less than `need`.

    `hold` is the hold's id, a UUID in hexadecimal.
    """

    account: int
    request_id: str
    want: int
    need: int
    hold: str


class OpenHold(msgspec.Struct, frozen=True, gc=False):
    """Micro-credits set aside for one call."""

    id: str
    account: int
    amount: int


class Closing(msgspec.Struct, frozen=True, gc=False):
    """How a hold ends, and the usage record to store in the same transaction."""

    hold: OpenHold
    cost: int
    state: HoldState
    record: object | None


Grant = tuple[int, int, str | None, int | None]
Encoder = Callable[[Sequence[object]], bytes]


def literal(values: Iterable[object]) -> str:
    """Write numbers and ids as a PostgreSQL array, faster than the driver adapts a list."""
    return "{" + ",".join(map(str, values)) + "}"


def move_parameters(
    closings: Sequence[Closing], requests: Sequence[HoldRequest], *, expired: bool = False
) -> dict[str, Any]:
    """Return the parameters of one statement that closes and grants holds."""
    return {
        "c_ord": literal(range(len(closings))),
        "c_hold": literal(c.hold.id for c in closings),
        "c_account": literal(c.hold.account for c in closings),
        "c_cost": literal(c.cost for c in closings),
        "c_state": literal(int(c.state) for c in closings),
        "expired": expired,
        "a_ord": literal(range(len(requests))),
        "a_hold": literal(r.hold for r in requests),
        "a_account": literal(r.account for r in requests),
        "a_request": [r.request_id for r in requests],
        "a_want": literal(r.want for r in requests),
        "a_need": literal(r.need for r in requests),
        "ttl": settings.HOLD_SECONDS,
    }


def sort_moved(rows: Iterable[tuple[Any, ...]]) -> tuple[dict[int, int], dict[int, Grant]]:
    """Return the charges of what was closed and the grants of what was asked, by position."""
    charged: dict[int, int] = {}
    grants: dict[int, Grant] = {}
    for closed, place, amount, *rest in rows:
        if closed:
            charged[place] = amount
        else:
            grants[place] = (amount, rest[0], rest[1], rest[2])
    return charged, grants


def decide(request: HoldRequest, grant: Grant) -> OpenHold | None:
    """Return the hold that was granted, or None to try again; raise where it is refused."""
    granted, left, earlier, earlier_amount = grant
    if granted:
        return OpenHold(request.hold, request.account, granted)
    if earlier == request.hold and earlier_amount is not None:
        # Our own earlier try was committed although its answer was lost.
        return OpenHold(request.hold, request.account, earlier_amount)
    if earlier is not None:
        raise DuplicateRequest
    if request.need > left:
        raise InsufficientCredits
    return None


class Ledger:
    """Batched holds and settlements of one web process.

    What closes and what opens goes into one statement, so that one durable commit serves both
    and neither waits for the other's locks. `record` is an insert that stores usage records,
    given as `encode` writes them in `%(records)s`, within that statement, whose `closed` it may
    read. When it fails, the settlement is made without them.
    """

    def __init__(self, pool: Pool, *, record: str, encode: Encoder) -> None:
        self._pool = pool
        self._move_and_record = ledger_sql.MOVE.replace(
            ledger_sql.RECORDED, f", recorded as ({record})"
        )
        self._encode = encode
        self._moves: Batcher[HoldRequest | Closing, Grant | int] = Batcher(
            self._send, orphaned=self._release_orphan
        )
        self._unsettled: set[asyncio.Future[int]] = set()

    async def authorize(self, request: HoldRequest) -> OpenHold:
        """Set micro-credits aside for a call.

        Raises InsufficientCredits, DuplicateRequest or LedgerUnavailable. A caller that is
        cancelled meanwhile leaves no hold behind.
        """
        while True:
            waiting = self._moves.submit(request)
            try:
                grant = await waiting
            except asyncio.CancelledError:
                # The grant may have come in the very moment of the cancellation.
                if waiting.done() and not waiting.cancelled() and not waiting.exception():
                    self._release_orphan(request, waiting.result())
                raise
            hold = decide(request, cast(Grant, grant))
            if hold is not None:
                return hold

    def settle(self, hold: OpenHold, *, cost: int, record: object | None) -> asyncio.Future[int]:
        """Charge what was used and give the rest of the hold back.

        The future is the charge, once durable. Whoever awaits it may be cancelled: the
        settlement is made all the same.
        """
        return self._close(Closing(hold, cost, HoldState.SETTLED, record))

    def release(self, hold: OpenHold, *, record: object | None = None) -> asyncio.Future[int]:
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
        await self._moves.drain()
        while self._unsettled:
            await asyncio.wait(self._unsettled)

    def _release_orphan(self, item: HoldRequest | Closing, result: Grant | int) -> None:
        if isinstance(item, HoldRequest) and isinstance(result, tuple) and result[0]:
            self.release(OpenHold(item.hold, item.account, result[0]))

    def _close(self, closing: Closing) -> asyncio.Future[int]:
        closed: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._unsettled.add(closed)
        # Nobody may be left to ask for the exception, which was logged where it arose.
        closed.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._try_to_close(closing, closed, 0)
        return closed

    def _try_to_close(self, closing: Closing, closed: asyncio.Future[int], tries: int) -> None:
        def after(moved: "asyncio.Future[Grant | int]") -> None:
            error = moved.exception()
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
                closed.set_result(cast(int, moved.result()))

        self._moves.submit(closing).add_done_callback(after)

    async def _send(self, items: Sequence[HoldRequest | Closing]) -> list[Grant | int]:
        requests = [item for item in items if isinstance(item, HoldRequest)]
        closings = [item for item in items if isinstance(item, Closing)]
        for last in (False, True):
            try:
                charged, grants = await self._move(closings, requests)
                missed = [c for n, c in enumerate(closings) if n not in charged]
                earlier = await self._explain(missed) if missed else {}
                break
            except UNAVAILABLE as error:
                if last:
                    raise LedgerUnavailable from error
        granted = iter([grants[n] for n in range(len(requests))])
        paid = iter([charged.get(n, earlier.get(c.hold.id, 0)) for n, c in enumerate(closings)])
        return [next(granted) if isinstance(i, HoldRequest) else next(paid) for i in items]

    async def _move(
        self, closings: Sequence[Closing], requests: Sequence[HoldRequest]
    ) -> tuple[dict[int, int], dict[int, Grant]]:
        """Close and grant holds in one statement; return the charges and the grants."""
        parameters = move_parameters(closings, requests)
        records = [c.record for c in closings if c.record is not None]
        async with self._pool.connection() as pg:
            if records:
                parameters["records"] = self._encode(records).decode()
                try:
                    cursor = await pg.execute(self._move_and_record, parameters)
                    return sort_moved(await cursor.fetchall())
                except UNAVAILABLE:
                    raise
                except psycopg.Error as error:
                    log.error("alarm: usage records lost: %s", type(error).__name__)
                    del parameters["records"]
            cursor = await pg.execute(ledger_sql.MOVE, parameters)
            return sort_moved(await cursor.fetchall())

    async def _explain(self, closings: Sequence[Closing]) -> dict[str, int]:
        """Say what was charged for holds that were closed before, and note what was lost."""
        by_id = {c.hold.id: c for c in closings}
        async with self._pool.connection() as pg:
            cursor = await pg.execute(ledger_sql.READ_HOLDS, {"hold": literal(by_id)})
            charged: dict[str, int] = {}
            for hold, state, cost in await cursor.fetchall():
                closing = by_id[hold]
                if state == HoldState.SETTLED:
                    charged[hold] = cost
                elif closing.cost:
                    log.error("alarm: hold %s was settled after its release", hold)
                    await pg.execute(
                        ledger_sql.UNCOLLECTED,
                        {"hold": hold, "account": closing.hold.account, "cost": closing.cost},
                    )
            return charged


def authorize_now(requests: Sequence[HoldRequest]) -> list[OpenHold | None]:
    """Set micro-credits aside for several calls at once; None where there was no money."""
    _, grants = _move_now([], requests)
    return [
        OpenHold(r.hold, r.account, grants[n][0]) if grants[n][0] else None
        for n, r in enumerate(requests)
    ]


def close_now(closings: Sequence[Closing], *, expired: bool = False) -> dict[int, int]:
    """Settle and release holds; return the charge of each that was open, by its position.

    With `expired`, a hold that was extended since it was read stays open.
    """
    return _move_now(closings, [], expired=expired)[0]


def _move_now(
    closings: Sequence[Closing], requests: Sequence[HoldRequest], *, expired: bool = False
) -> tuple[dict[int, int], dict[int, Grant]]:
    with connection.cursor() as cursor:
        cursor.execute(ledger_sql.MOVE, move_parameters(closings, requests, expired=expired))
        return sort_moved(cursor.fetchall())


def post(*, account: int, kind: str, amount: int, reference: str) -> int | None:
    """Post a movement that is not use; return the balance after it.

    Returns None where this kind and reference were posted before: then nothing moved.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            ledger_sql.POST,
            {"account": account, "kind": kind, "amount": amount, "reference": reference},
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
