"""When keys were last used: noted in memory, written a few times a minute."""

import asyncio
import logging
import time

import psycopg
from psycopg_pool import PoolTimeout

from billing.postgres import Pool
from gateway.flushing import Flushed

log = logging.getLogger("lumyx.gateway")

FLUSH_SECONDS = 15

# Locked in order, since every process writes about the same keys; only forward in time.
WRITE = """
with noted as (
  select * from unnest(%(keys)s::uuid[], %(times)s::float8[]) n(id, at)
), locked as materialized (
  select id from gateway_apikey where id = any(%(keys)s::uuid[])
  order by id for no key update
)
update gateway_apikey k set last_used_at = to_timestamp(n.at)
from noted n join locked l on l.id = n.id
where k.id = n.id and coalesce(k.last_used_at < to_timestamp(n.at), true)
"""


class LastUsed(Flushed):
    """Notes the use of keys for one web process; loses only freshness while PostgreSQL is away."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(seconds=FLUSH_SECONDS)
        self._pool = pool
        self._noted: dict[str, float] = {}

    def note(self, key_id: str) -> None:
        """Note that a key (UUID in hexadecimal) is used now."""
        self._noted[key_id] = time.time()

    async def flush(self) -> None:
        """Write what was noted; what cannot be written now is kept for the next time."""
        noted, self._noted = self._noted, {}
        if not noted:
            return
        try:
            async with self._pool.connection() as pg:
                await pg.execute(WRITE, {"keys": list(noted), "times": list(noted.values())})
        except (psycopg.Error, PoolTimeout) as error:
            log.warning("the last use of keys is written later: %s", type(error).__name__)
            self._noted = noted | self._noted
        except asyncio.CancelledError:
            self._noted = noted | self._noted
            raise
