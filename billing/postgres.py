"""The process's own pool of PostgreSQL connections for the hot path, outside the ORM."""

import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import connections
from psycopg import AsyncConnection, AsyncRawCursor
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]
PLANNING = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off"
"""Planning a batch anew each time costs more than running it; and a plan that was made while a
table was new and empty must not read all of it when it has grown."""


class Statement:
    """A statement with named parameters, which are found once and not at each execution.

    The driver remembers where the parameters of short statements are, and would search ours
    anew for each batch.
    """

    def __init__(self, text: str) -> None:
        self._names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", text)))
        place = {name: f"${n}" for n, name in enumerate(self._names, 1)}
        self._text = re.sub(r"%\((\w+)\)s", lambda found: place[found[1]], text)

    async def fetch(
        self, pg: AsyncConnection[TupleRow], parameters: Mapping[str, Any]
    ) -> list[TupleRow]:
        """Run it and return all rows; parameters that it does not name are left out."""
        async with AsyncRawCursor(pg) as cursor:
            await cursor.execute(self._text, [parameters[name] for name in self._names])
            return await cursor.fetchall()


async def _prepare_always(connection: AsyncConnection[TupleRow]) -> None:
    connection.prepare_threshold = 0


async def open_pool() -> Pool:
    """Open a small pool of autocommit connections to the default database.

    Two connections carry the money batches; the others look up keys and models.
    Opening does not wait for PostgreSQL: a process starts while it is away.
    """
    target = connections["default"].settings_dict
    pool: Pool = AsyncConnectionPool(
        kwargs={
            "dbname": target["NAME"],
            "user": target["USER"],
            "password": target["PASSWORD"],
            "host": target["HOST"],
            "port": target["PORT"],
            "options": f"{settings.POSTGRESQL_GUARDS} {PLANNING}",
            "connect_timeout": 5,
            "autocommit": True,
        },
        min_size=2,
        max_size=6,
        timeout=5,
        reconnect_timeout=5,
        max_idle=300,
        configure=_prepare_always,
        open=False,
    )
    await pool.open(wait=False)
    return pool
