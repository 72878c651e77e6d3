"""What each API key has spent; the ledger's statement writes it, and here it is opened and read.

A budget's id is its key's. All amounts are micro-credits, all days and months UTC.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from billing.ledger_sql import THIS_MONTH, TODAY
from billing.postgres import Pool

OPEN = f"""
insert into billing_budget (id, day, month)
select id, {TODAY}, {THIS_MONTH} from unnest(%(ids)s::uuid[]) id
on conflict (id) do nothing
"""  # noqa: S608  the words are our own

SPENT = f"""
select case when day < {TODAY} then 0 else day_spent end,
       case when month < {THIS_MONTH} then 0 else month_spent end,
       total, held
from billing_budget where id = %(id)s::uuid
"""  # noqa: S608  the words are our own


class Spent(msgspec.Struct, frozen=True, gc=False):
    """What a budget has spent today, this month and ever, and what it has held for open calls."""

    day: int = 0
    month: int = 0
    total: int = 0
    held: int = 0


def open_for(ids: Iterable[UUID | str]) -> None:
    """Make the budgets that are not there yet; the ledger makes one that it misses, too."""
    with connection.cursor() as cursor:
        cursor.execute(OPEN, {"ids": [str(id) for id in ids]})


async def open_on(pool: Pool, ids: Iterable[UUID | str]) -> None:
    """Do the same on the hot path's connections."""
    async with pool.connection() as pg:
        await pg.execute(OPEN, {"ids": [str(id) for id in ids]})


def spent(id: UUID | str) -> Spent:
    """Return what a budget has spent; a budget that was never used has spent nothing."""
    with connection.cursor() as cursor:
        cursor.execute(SPENT, {"id": str(id)})
        return _read(cursor.fetchone())


async def spent_on(pool: Pool, id: UUID | str) -> Spent:
    """Return the same by the hot path's connections."""
    async with pool.connection() as pg:
        cursor = await pg.execute(SPENT, {"id": str(id)})
        return _read(await cursor.fetchone())


def _read(row: tuple[Any, ...] | None) -> Spent:
    return Spent(*row) if row is not None else Spent()
