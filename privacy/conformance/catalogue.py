"""What PostgreSQL's own catalogue says is stored: tables and columns as they are, not as coded."""

import re
from dataclasses import dataclass

from django.db import connection

from privacy import inventory

COLUMNS = """
select c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
from pg_attribute a join pg_class c on c.oid = a.attrelid
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'm', 'f')
  and a.attnum > 0 and not a.attisdropped
order by c.relname, a.attnum
"""
TABLES = """
select relname, relispartition from pg_class
where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'm', 'f')
"""
LOG_DAY = re.compile(r"gateway_requestlog_\d{8}")
NOT_OURS = {"django_migrations"}
"""Which migrations were applied: nothing about anybody."""
WORDS = re.compile(r"(text|character|json|bytea|citext|xml|hstore|name)")
LENGTH = re.compile(r"\((\d+)\)")


@dataclass(frozen=True)
class Column:
    """A column of a table, with its type as PostgreSQL writes it."""

    table: str
    name: str
    type: str

    @property
    def full_name(self) -> str:
        """Return its name with the table's."""
        return f"{self.table}.{self.name}"

    @property
    def holds_words(self) -> bool:
        """Whether text, JSON or bytes fit into it."""
        return WORDS.match(self.type) is not None

    @property
    def longest(self) -> int | None:
        """Return how many characters fit into it, where there is a limit."""
        found = LENGTH.search(self.type)
        return int(found[1]) if found and self.type.startswith("character") else None


def columns(*tables: str) -> list[Column]:
    """Return the columns of the tables, or of all."""
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS)
        found = [Column(*row) for row in cursor.fetchall()]
    return [column for column in found if not tables or column.table in tables]


def tables() -> list[str]:
    """Return every table that is no part of another."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        return sorted(name for name, part in cursor.fetchall() if not part)


def classified() -> set[str]:
    """Return the full names of the columns that the inventory knows."""
    found = set()
    for entry in inventory.everything():
        known = set(entry.classified)
        for field in entry.model._meta.local_fields:
            if field.name in known:
                found.add(f"{entry.model._meta.db_table}.{field.column}")
    return found


def unclassified() -> list[str]:
    """Return the columns that are in the database and not in the inventory."""
    known = classified()
    return [
        column.full_name
        for column in columns()
        if column.table not in NOT_OURS
        and not LOG_DAY.fullmatch(column.table)
        and column.full_name not in known
    ]
