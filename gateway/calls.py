"""An account's calls as the website lists, adds up and hands out what `gateway.usage` reads.

A rare filter over very many calls would have PostgreSQL read them all. So a page looks only
into those hours that may hold such calls, newest first, and stops when its time is over; it
says then how far it looked, and the next page goes on from there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from billing.models import Account
from gateway.pricing import Prices
from gateway.tallies import DAY, HOUR, Book, Budget, Tally, Unit, filters, hours, narrowed, total
from gateway.usage import (
    FIND,
    INSTANT,
    PAGE,
    Query,
    describe,
    find_values,
    page_values,
    write_cursor,
)

PAGE_SECONDS = 0.025
CHUNK = 2_000
LOWEST_ID = UUID(int=0)
PRICES = slice(14, 18)
"""Where the prices stand in a row of `usage.COLUMNS`."""


@dataclass(frozen=True)
class Found:
    """A page of calls; `reached` is how far back it looked where its time was over first."""

    calls: list[dict[str, Any]]
    older: str = ""
    reached: datetime | None = None


@dataclass(frozen=True)
class Totals:
    """What the calls of a query add up to, as far as that is known: some of so many units."""

    tally: Tally
    units: int
    of: int
    since: datetime

    @property
    def begun(self) -> bool:
        """Whether anything is added up yet."""
        return self.whole or self.units > 0

    @property
    def whole(self) -> bool:
        """Whether everything is added up."""
        return self.units >= self.of


def find(account: Account, public_id: str) -> tuple[dict[str, Any], Prices] | None:
    """Return one call of an account and its prices, or None where it has none of this id."""
    values = find_values(account.pk, public_id)
    rows = _rows(FIND, values) if values else []
    return (describe(rows[0]), Prices(*rows[0][PRICES])) if rows else None


def search(book: Book, query: Query, *, seconds: float = PAGE_SECONDS) -> Found:
    """Return a page of calls, newest first."""
    rows: list[tuple[Any, ...]] = []
    budget = Budget(seconds)
    for begin, end in _spans(book, query):
        part = msgspec.structs.replace(query, start=begin, end=end)
        values = page_values(book.account.pk, part, limit=query.limit + 1 - len(rows))
        rows += _rows(PAGE, values)
        if len(rows) > query.limit:
            break
        if budget.spent and begin > query.start:
            older = write_cursor(begin, LOWEST_ID)
            return Found([describe(row) for row in rows], older, reached=begin)
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    older = write_cursor(rows[-1][1], rows[-1][0]) if more else ""
    return Found([describe(row) for row in rows], older)


def _spans(book: Book, query: Query) -> Iterator[Unit]:
    """Give the spans of time that may hold calls of a query, newest first."""
    end = query.end
    if query.after is not None:
        at, id = query.after
        end = min(end, at if id == LOWEST_ID else at + INSTANT)
    if not _filtering(query):
        yield query.start, query.end
        return
    units = book.units(query.start, end)
    known = book.known(units)
    for unit in units:
        for begin, until in _hours_of(unit, hours(known[unit], query)) if unit in known else [unit]:
            if until > query.start and begin < end:
                yield max(begin, query.start), min(until, query.end)


def _hours_of(unit: Unit, bits: int) -> Iterator[Unit]:
    """Give the runs of hours of a unit whose bits are set, newest first."""
    if unit[1] - unit[0] < DAY:
        if bits:
            yield unit
        return
    hour = 23
    while hour >= 0:
        last = hour
        while hour >= 0 and bits >> hour & 1:
            hour -= 1
        if last > hour:
            yield unit[0] + (hour + 1) * HOUR, unit[0] + (last + 1) * HOUR
        hour -= 1


def _filtering(query: Query) -> int:
    return sum(wanted is not None for wanted in filters(query).values())


def totals(book: Book, query: Query, *, seconds: float, hasty: bool = False) -> Totals:
    """Add up the calls of a query, newest first, as far as the time reaches.

    Something is added up each time, so that asking again comes to an end; who is hasty
    gets nothing rather than wait for one long day.
    """
    budget, many = Budget(seconds), _filtering(query) > 1
    units = book.units(query.start, query.end)
    known = book.known(units)
    sums = book.known_filtered(units, query) if many else {}
    found, made = Tally(), 0
    for number, unit in enumerate(units):
        begin, end = max(unit[0], query.start), min(unit[1], query.end)
        cut = (begin, end) != unit and (begin > unit[0] or end < book.now)
        if unit in known and not hours(known[unit], query):
            continue
        if unit in sums and not cut:
            found += sums[unit]
        elif unit in known and not many and not cut:
            found += (narrowed(known[unit], query) or [total(known[unit])])[0]
        else:
            if budget.spent if made else hasty and book.holds_many((begin, end)):
                return Totals(found, number, len(units), since=unit[1])
            made += end <= book.now
            if many or cut:
                found += book.filtered((begin, end), query, keep=not cut)
            else:
                [summary] = book.summaries([unit], budget)
                found += (narrowed(summary, query) or [total(summary)])[0]
    return Totals(found, len(units), len(units), since=query.start)


def every(account: Account, query: Query) -> Iterator[list[dict[str, Any]]]:
    """Give all calls of a query, newest first, a day at a time and so many at once."""
    end, oldest = query.end, query.start
    while end > oldest:
        begin = max(oldest, end - DAY)
        part = msgspec.structs.replace(query, start=begin, end=end, after=None)
        while True:
            rows = _rows(PAGE, page_values(account.pk, part, limit=CHUNK))
            if rows:
                yield [describe(row) for row in rows]
            if len(rows) < CHUNK:
                break
            part = msgspec.structs.replace(part, after=(rows[-1][1], rows[-1][0]))
        end = begin


def _rows(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        # Django leaves JSON, which the attempts are, as the text that it came as.
        return [(*row[:-1], msgspec.json.decode(row[-1])) for row in cursor.fetchall()]
