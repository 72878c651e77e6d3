"""The absence scan: whether anything in the whole database still names somebody.

It walks PostgreSQL's own catalogue, so that no list kept by hand can forget a table: every column
of every table that can hold text, JSON, arrays, UUIDs or bytes, partitions and leftovers included.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.db.models import Model
from psycopg import sql

from accounts.data_sets import DataSet
from privacy import identifiers, inventory, owners
from privacy.identifiers import Identifier

TIMEOUT = "600s"
AT_ONCE = 8
"""Identifiers that one regular expression looks for."""
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


@dataclass(frozen=True)
class Wanted:
    """A regular expression of an identifier, as PostgreSQL and Python both understand it."""

    identifier: Identifier
    pattern: str


def wanted(found: Sequence[Identifier], *, words: bool) -> list[Wanted]:
    """Return what is looked for: what is nobody else's, or the words that may be anybody's."""
    if words:
        return [Wanted(one, _word(one)) for one in found if not one.unique]
    return [Wanted(one, _anywhere(one)) for one in found]


def _anywhere(one: Identifier) -> str:
    texts = identifiers.derived(one)
    if one.unique:
        texts |= identifiers.forms(one)
    return "|".join(re.escape(text) for text in sorted(texts))


def _word(one: Identifier) -> str:
    texts = "|".join(re.escape(text) for text in sorted(identifiers.forms(one)))
    # Neither within a word nor within another name or address.
    return rf"(?:^|[^a-z0-9_@.+-])(?:{texts})(?:$|[^a-z0-9_@.+-])"


def scan(found: Sequence[Identifier]) -> Scan:
    """Look through the whole database for what names a person.

    A word that may be anybody's counts where it stands in a row of people's data that belongs to
    nobody who is here still: another person of the same name, or a model, is no trace.
    """
    done = Scan()
    unique, words = wanted(found, words=False), wanted(found, words=True)
    models = {entry.tables[0]: entry for entry in inventory.everything()}
    for table, columns in _tables():
        done.tables += 1
        done.columns += len(columns)
        done.traces += _look(table, columns, unique)
        entry = models.get(table)
        if isinstance(entry, DataSet):
            done.traces += [
                trace
                for trace in _look(table, columns, words)
                if _of_nobody(entry.model, trace, words)
            ]
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


def _look(table: str, columns: list[Column], looked_for: list[Wanted]) -> list[Trace]:
    """Read a table once for so many identifiers, and only where one is found, more closely."""
    traces: list[Trace] = []
    if not columns:
        return traces
    whole = sql.SQL("concat_ws(E'\\n', {})").format(
        sql.SQL(", ").join(column.as_text for column in columns)
    )
    for start in range(0, len(looked_for), AT_ONCE):
        some = looked_for[start : start + AT_ONCE]
        if _count(table, whole, "|".join(f"(?:{one.pattern})" for one in some), enough=1):
            traces += _closely(table, columns, some)
    return traces


def _closely(table: str, columns: list[Column], some: list[Wanted]) -> list[Trace]:
    traces = []
    for one in some:
        for column in columns:
            if f"{table}.{column.name}" in one.identifier.kept_in:
                continue
            rows = _count(table, column.as_text, one.pattern, enough=ENOUGH)
            if rows:
                traces.append(Trace(f"{table}.{column.name}", one.identifier.kind, rows))
    return traces


def _count(table: str, text: sql.Composable, pattern: str, *, enough: int) -> int:
    statement = sql.SQL("select count(*) from (select 1 from {} where {} ~ %s limit %s) t").format(
        sql.Identifier(table), sql.SQL("lower({})").format(text)
    )
    return int(_read(statement, [f"(?n){pattern}", enough])[0][0])


def _read(statement: sql.Composed, values: list[Any]) -> list[tuple[Any, ...]]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"set local statement_timeout = '{TIMEOUT}'")
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _of_nobody(model: type[Model], trace: Trace, words: list[Wanted]) -> bool:
    """Return whether a word stands in a row that belongs to no person who is here."""
    table, _, name = trace.place.partition(".")
    kinds = {one.pattern for one in words if one.identifier.kind == trace.kind}
    statement = sql.SQL("select {} from {} where lower({}::text) ~ %s limit %s").format(
        sql.Identifier(str(model._meta.pk.column)), sql.Identifier(table), sql.Identifier(name)
    )
    for pattern in kinds:
        keys = [key for (key,) in _read(statement, [f"(?n){pattern}", ENOUGH])]
        theirs = owners.of(model, keys) if owners.is_personal(model) else {}
        if set(map(str, keys)) - set(theirs):
            return True
    return False
