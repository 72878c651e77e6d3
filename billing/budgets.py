"""What each API key has spent; the ledger's statement writes it, and here it is opened and read.

A budget's id is its key's. All amounts are micro-credits, all days and months UTC.
"""

from collections.abc import Iterable
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
select id,
       case when day < {TODAY} then 0 else day_spent end,
       case when month < {THIS_MONTH} then 0 else month_spent end,
       total, held
from billing_budget where id = any(%(ids)s::uuid[])
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
    return next(iter(spent_by([id]).values()), Spent())


def spent_by(ids: Iterable[UUID | str]) -> dict[UUID, Spent]:
    """Return what each of these budgets has spent, those that were ever used."""
    with connection.cursor() as cursor:
        cursor.execute(SPENT, {"ids": [str(id) for id in ids]})
        return {row[0]: Spent(*row[1:]) for row in cursor.fetchall()}


async def spent_on(pool: Pool, id: UUID | str) -> Spent:
    """Return the same by the hot path's connections."""
    async with pool.connection() as pg:
        cursor = await pg.execute(SPENT, {"ids": [str(id)]})
        row = await cursor.fetchone()
        return Spent(*row[1:]) if row is not None else Spent()
