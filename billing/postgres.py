"""The process's own pool of PostgreSQL connections for the hot path, outside the ORM."""

from django.conf import settings
from django.db import connections
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]


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
            # Planning a batch anew each time costs more than running it.
            "options": f"{settings.POSTGRESQL_GUARDS} -c plan_cache_mode=force_generic_plan",
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
