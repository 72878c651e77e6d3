"""The process's own pool of PostgreSQL connections for the hot path, outside the ORM."""

import asyncio
import os
import re
import socket
from collections.abc import Mapping
from typing import Any, TypeVar

from django.conf import settings
from django.db import connections
from psycopg import AsyncConnection, AsyncRawCursor
from psycopg.abc import PQGen
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]
Gained = TypeVar("Gained")
ANSWER_SECONDS = 6.0
"""How long PostgreSQL may be silent, longer than it works on a statement: one whose machine or
network is gone says nothing, and TCP believes in it for a quarter of an hour."""
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


class Impatient(AsyncConnection[TupleRow]):
    """A connection that is taken for broken once an answer is overdue."""

    async def wait(self, gen: PQGen[Gained], *arguments: Any, **options: Any) -> Gained:
        """Wait for what the server says next."""
        timer = asyncio.get_running_loop().call_later(ANSWER_SECONDS, self._give_up)
        try:
            return await super().wait(gen, *arguments, **options)
        finally:
            timer.cancel()

    def _give_up(self) -> None:
        if self.closed:
            return
        # The driver then meets an end of file: a cancelled wait would ask the server to stop, and
        # wait for that.
        with socket.socket(fileno=os.dup(self.fileno())) as wire:
            wire.shutdown(socket.SHUT_RDWR)


async def _prepare_always(connection: AsyncConnection[TupleRow]) -> None:
    connection.prepare_threshold = 0


async def open_pool() -> Pool:
    """Open a small pool of autocommit connections to the default database.

    Two connections carry the money batches; the others look up keys and models.
    Opening does not wait for PostgreSQL: a process starts while it is away.
    """
    target = connections["default"].settings_dict
    pool: Pool = AsyncConnectionPool(
        connection_class=Impatient,
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
