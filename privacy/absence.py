"""The absence scan: whether anything in the whole database still names somebody.

It walks PostgreSQL's own catalogue, so that no list kept by hand can forget a table: every column
of every table that can hold text, JSON, arrays, UUIDs or bytes, partitions and leftovers included.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.db.models import Model
from psycopg import sql

from accounts.data_sets import DataSet
from privacy import inventory, owners
from privacy.finder import Finder
from privacy.identifiers import Identifier

TIMEOUT = "600s"
BLOCK = 1 << 20
"""Bytes of a table that are looked through at once."""
ENOUGH = 1_000
"""Rows after which nobody counts on."""
NUMERIC = {"bool", "int2", "int4", "int8", "float4", "float8", "numeric", "oid"}
MOMENTS = {"date", "time", "timetz", "timestamp", "timestamptz", "interval"}
ADDRESSES = {"inet", "cidr"}
NO_NAME = NUMERIC | MOMENTS | ADDRESSES
"""Types in which nothing can be written that names a person.

An address alone is nobody's: rows with one are deleted by whose they are."""

CATALOGUE = """
select c.relname, a.attname, t.typname
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_type t on t.oid = a.atttypid
join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema')
  and n.nspname !~ '^pg_t'
order by c.relname, a.attnum
"""


@dataclass(frozen=True)
class Trace:
    """A place in which something that names the person was found, and in how many rows."""

    place: str
    kind: str
    rows: int


@dataclass
class Scan:
    """What was looked through, and what was found."""

    tables: int = 0
    columns: int = 0
    traces: list[Trace] = field(default_factory=list)


@dataclass(frozen=True)
class Column:
    """A column that can hold a name."""

    name: str
    bytes: bool

    @property
    def as_text(self) -> sql.Composed:
        """Return its content as text; bytes as far as they are ASCII."""
        quoted = sql.Identifier(self.name)
        if self.bytes:
            return sql.SQL("encode({}, 'escape')").format(quoted)
        return sql.SQL("{}::text").format(quoted)


def scan(found: Sequence[Identifier]) -> Scan:
    """Look through the whole database for what names a person.

    A word that may be anybody's counts where it stands in a row of people's data that belongs to
    nobody who is here still: another person of the same name, or a model, is no trace.
    """
    done = Scan()
    unique, with_words = Finder(found, words=False), Finder(found, words=True)
    models = {entry.tables[0]: entry for entry in inventory.everything()}
    for table, columns in _tables():
        done.tables += 1
        done.columns += len(columns)
        entry = models.get(table)
        model = entry.model if isinstance(entry, DataSet) else None
        done.traces += _look(table, columns, with_words if model else unique, model)
    return done


def _tables() -> Iterator[tuple[str, list[Column]]]:
    tables: dict[str, list[Column]] = {}
    with connection.cursor() as cursor:
        cursor.execute(CATALOGUE)
        for table, name, kind in cursor.fetchall():
            columns = tables.setdefault(table, [])
            if kind not in NO_NAME:
                columns.append(Column(name, bytes=kind == "bytea"))
    yield from tables.items()


def _look(
    table: str, columns: list[Column], finder: Finder, model: type[Model] | None
) -> list[Trace]:
    """Read a table once, and only for what was found there, column by column."""
    if not columns:
        return []
    numbers: set[int] = set()
    for text in _blocks(table, columns):
        numbers |= finder.hits(text)
    return [
        trace
        for number in sorted(numbers)
        for column in columns
        for trace in _closely(table, column, finder, number, model)
    ]


def _blocks(table: str, columns: list[Column]) -> Iterator[str]:
    """Return a table's content, some rows at a time; no row is torn."""
    whole = sql.SQL("copy (select concat_ws(E'\\x01', {}) from {}) to stdout").format(
        sql.SQL(", ").join(column.as_text for column in columns), sql.Identifier(table)
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"set local statement_timeout = '{TIMEOUT}'")
        rows: list[bytes] = []
        size = 0
        with cursor.copy(whole) as copied:
            for row in copied:
                rows.append(bytes(row))
                size += len(row)
                if size > BLOCK:
                    yield _text(rows)
                    rows, size = [], 0
        yield _text(rows)


def _text(rows: list[bytes]) -> str:
    """Return rows as they were copied out, with line breaks and tabs as they are."""
    text = b"".join(rows).decode("utf-8", "replace")
    return text.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r")


def _closely(
    table: str, column: Column, finder: Finder, number: int, model: type[Model] | None
) -> list[Trace]:
    identifier, place = finder.wanted[number], f"{table}.{column.name}"
    if place in identifier.kept_in:
        return []
    key = sql.Identifier(str(model._meta.pk.column)) if model else sql.SQL("1")
    statement = sql.SQL("select {} from {} where lower({}) ~ %s limit %s").format(
        key, sql.Identifier(table), column.as_text
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"set local statement_timeout = '{TIMEOUT}'")
        cursor.execute(statement, [finder.pattern(number), ENOUGH])
        keys = [key for (key,) in cursor.fetchall()]
    if model is not None and not identifier.unique:
        keys = _of_nobody(model, keys)
    return [Trace(place, identifier.kind, len(keys))] if keys else []


def _of_nobody(model: type[Model], keys: list[Any]) -> list[Any]:
    """Return the rows that belong to no person who is here."""
    theirs = owners.of(model, keys) if owners.is_personal(model) else {}
    return [key for key in keys if str(key) not in theirs]
