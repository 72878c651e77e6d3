"""A backup of all that is held of somebody, and its restoring, row by row and column by column."""

import json
from typing import Any

from django.db import connection, transaction

from accounts.models import User
from privacy import inventory

Backup = dict[str, list[Any]]
APPEND_ONLY = {"billing_ledgerentry", "billing_redemption"}
"""Tables that an erasure does not touch."""


def back_up(user: User) -> Backup:
    """Return every row of every table of somebody, as PostgreSQL writes them."""
    found: Backup = {}
    with connection.cursor() as cursor:
        for entry in inventory.data_sets():
            keys = list(entry.of(user).values_list("pk", flat=True))
            table, column = entry.tables[0], entry.model._meta.pk.column
            cursor.execute(
                f'select to_jsonb(t)::text from "{table}" t where "{column}" = any(%s)', [keys]
            )
            found[table] = [json.loads(text) for (text,) in cursor.fetchall()]
    return found


def restore(backup: Backup) -> None:
    """Write the rows as they were; what was made since of the same books goes."""
    with transaction.atomic(), connection.cursor() as cursor:
        [account] = backup["billing_account"]
        cursor.execute("delete from billing_books where account_id = %s", [account["id"]])
        cursor.execute(
            "delete from billing_sealedreceipt where order_id in"
            " (select id from billing_order where account_id = %s)",
            [account["id"]],
        )
        for table, rows in backup.items():
            for row in rows if table not in APPEND_ONLY else ():
                _write(cursor, table, row)


def _write(cursor: Any, table: str, row: dict[str, Any]) -> None:
    key = next(e.model._meta.pk.column for e in inventory.data_sets() if e.tables[0] == table)
    if table == "gateway_requestlog":
        key = "id, started_at"
    columns = ", ".join(f'"{name}" = excluded."{name}"' for name in row)
    cursor.execute(
        f'insert into "{table}" select * from jsonb_populate_record(null::"{table}", %s::jsonb)'
        f" on conflict ({key}) do update set {columns}",
        [json.dumps(row)],
    )
