"""Look into every text and JSON column for what must be in none, within a few seconds."""

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import groupby

from django.db import connection
from psycopg import sql

from privacy.conformance import catalogue
from privacy.conformance.catalogue import Column

SECONDS = 5.0
ROWS = 20_000
"""Rows of one table that are read at most; of a larger one a sample, another each time."""
CELLS = 500

SIZES = """
select relname, greatest(reltuples, 0)::bigint from pg_class
where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
"""


@dataclass
class Scan:
    """What was read and where something was found."""

    rows: int = 0
    tables: int = 0
    not_read: int = 0
    """Tables for which the time was over."""
    found_in: set[str] = field(default_factory=set)

    @property
    def said(self) -> str:
        """Say what was read."""
        said = f"{self.rows:,} rows of {self.tables} tables were read"
        return f"{said}; {self.not_read} tables wait for their turn" if self.not_read else said


def look_for(pattern: str, is_one: Callable[[str], bool], *, seconds: float = SECONDS) -> Scan:
    """Search for what a PostgreSQL pattern finds and a function then confirms.

    The tables come in another order each time, so that a lack of time passes none over for long.
    """
    until = time.monotonic() + seconds
    found = Scan()
    sizes = _sizes()
    wordy = [
        column
        for column in catalogue.columns()
        if column.holds_words and "bytea" not in column.type and _is_whole(column.table)
    ]
    groups = [(table, list(group)) for table, group in groupby(wordy, key=lambda c: c.table)]
    random.shuffle(groups)
    for table, columns in groups:
        if time.monotonic() > until:
            found.not_read += 1
            continue
        rows, cells = _read(table, columns, pattern, size=sizes.get(table, 0))
        found.tables += 1
        found.rows += rows
        found.found_in |= {columns[n].full_name for n, text in cells if is_one(text)}
    return found


def _is_whole(table: str) -> bool:
    # The days of the request log are read through the table that they are parts of; one that
    # was detached is a table of its own, and is found by its name elsewhere.
    return not catalogue.LOG_DAY.fullmatch(table)


def _sizes() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(SIZES)
        return dict(cursor.fetchall())


def _read(
    table: str, columns: list[Column], pattern: str, *, size: int
) -> tuple[int, list[tuple[int, str]]]:
    sample: sql.Composable = sql.SQL("")
    if size > ROWS:
        percent = sql.Literal(max(0.01, 100 * ROWS / size))
        sample = sql.SQL(" tablesample system ({})").format(percent)
    names = [sql.Identifier(column.name) for column in columns]
    cells = sql.SQL(", ").join(
        sql.SQL("({}, {}::text)").format(sql.Literal(n), name) for n, name in enumerate(names)
    )
    statement = sql.SQL(
        "with read as materialized (select {names} from {table}{sample} limit {rows}),"
        " found as (select n, v from read, lateral (values {cells}) as x (n, v)"
        " where v ~ {pattern} limit {most})"
        " select (select count(*) from read),"
        " (select jsonb_agg(jsonb_build_array(n, v)) from found)"
    ).format(
        names=sql.SQL(", ").join(names),
        table=sql.Identifier(table),
        sample=sample,
        rows=sql.Literal(ROWS),
        cells=cells,
        pattern=sql.Literal(pattern),
        most=sql.Literal(CELLS),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        rows, found = cursor.fetchone()
    read = json.loads(found) if isinstance(found, str) else found
    return rows, [(n, text) for n, text in read or []]
