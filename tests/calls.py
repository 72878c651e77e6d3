"""Rows of the request log as if calls had been made at other times."""

from datetime import datetime
from typing import Any
from uuid import UUID

from gateway import ids, partitions
from gateway.models import RequestLog
from tests.customers import Customer

EMPTY: dict[str, Any] = {
    **dict.fromkeys(("error_code", "provider", "country", "client", "system", "device"), ""),
    **dict.fromkeys(("input_tokens", "cache_read_tokens", "cache_write_tokens"), 0),
    **dict.fromkeys(("output_tokens", "reasoning_tokens", "input_price"), 0),
    **dict.fromkeys(("cache_read_price", "cache_write_price", "output_price"), 0),
    **dict.fromkeys(("charge", "latency_ms"), 0),
    "model": "echo",
    "endpoint": "chat/completions",
    "charge_basis": "reported",
    "streamed": False,
    "status": 200,
    "attempts": [],
    "ip": "192.0.2.1",
}

ID_AT = "(lpad(to_hex(({at})::bigint), 12, '0') || right(md5(random()::text), 20))::uuid"
"""SQL of an id of a moment, in milliseconds since 1970: pages find a call by the time in its id."""


def add_call(customer: Customer, *, at: datetime, **columns: Any) -> UUID:
    """Log a call of a customer at a time, and return its id."""
    partitions.make(first=at.date(), days=1)
    known = {"account_id": customer.account.pk, "key_id": customer.key_row.pk}
    # As an id of that moment, which ID_AT says in SQL.
    number = f"{int(at.timestamp() * 1_000):012x}{ids.new()[12:]}"
    row = RequestLog(id=UUID(number), started_at=at, **(EMPTY | known | columns))
    row.save(force_insert=True)
    return row.id
