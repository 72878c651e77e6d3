"""Write the request log: one row per call, batched, and never a word of what was said."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from psycopg_pool import PoolTimeout

from billing.batches import Batcher
from billing.postgres import Pool

log = logging.getLogger("lumyx.gateway")


class Row(msgspec.Struct, kw_only=True):
    """A row of the request log; the fields are exactly the table's columns."""

    id: str
    started_at: datetime
    account_id: int
    key_id: str
    endpoint: str
    model: str = ""
    streamed: bool = False
    status: int = 200
    error_code: str = ""
    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    input_price: int = 0
    cache_read_price: int = 0
    cache_write_price: int = 0
    output_price: int = 0
    charge: int = 0
    charge_basis: str
    provider: str = ""
    attempts: list[Any] = []
    latency_ms: int = 0
    first_token_ms: int | None = None
    ip: str
    country: str
    client: str
    system: str
    device: str


# PostgreSQL reads each column from the JSON by the table's own type.
COLUMNS = Row.__struct_fields__

INSERT = f"""
insert into gateway_requestlog ({", ".join(COLUMNS)})
select {", ".join(COLUMNS)}
from json_populate_recordset(null::gateway_requestlog, %(records)s::json)
"""  # noqa: S608  the names are our own

# The same within the ledger's statement, where `closed` holds what was really charged: less
# where a hold had expired. A settlement that is tried again finds its row there.
INSERT_CHARGED = f"""
insert into gateway_requestlog ({", ".join(COLUMNS)})
select {", ".join("coalesce(c.cost, 0)" if name == "charge" else f"r.{name}" for name in COLUMNS)}
from json_populate_recordset(null::gateway_requestlog, %(records)s::json) r
left join closed c on c.id = r.id
on conflict do nothing
"""  # noqa: S608  the names are our own

encode = msgspec.json.Encoder().encode


class RequestLog:
    """Writes the rows of calls that moved no money; those that did go with the settlement."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._writing: Batcher[Row, None] = Batcher(self._write)

    def write(self, row: Row | None) -> None:
        """Write a row soon, if there is one; a failed write never fails the call it tells of."""
        if row is not None:
            self._writing.submit(row)

    async def drain(self) -> None:
        """Wait until every row is written."""
        await self._writing.drain()

    async def _write(self, rows: Sequence[Row]) -> list[None]:
        try:
            async with self._pool.connection() as pg:
                await pg.execute(INSERT, {"records": encode(rows).decode()})
        except (psycopg.Error, PoolTimeout) as error:
            log.error("alarm: %d request log rows lost: %s", len(rows), type(error).__name__)
        return [None] * len(rows)
