"""What an account's calls add up to, by units of time (UTC), so that pages need not read them all.

A unit is a day, or an hour while its day has not settled. What a settled unit added up to is
kept in Redis for an hour at the most, under the account's random number, so that an erasure
forgets it. PostgreSQL stays the truth: without Redis each unit is added up again.
"""

import hashlib
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import msgspec
from django.core.cache import cache
from django.db import connection

from billing.models import Account
from gateway.models import ApiKey
from gateway.models.keys import LOG_DAYS_MOST
from gateway.partitions import RETENTION_DAYS
from gateway.usage import FITS, INSTANT, Query, page_values

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SETTLED = timedelta(hours=2)
"""How long after its end a unit's last calls may still be under way."""
KEPT_SECONDS = 3_600
KEPT_SECONDS_OF_SHORT_LOGS = 300
"""For accounts with a key whose calls go earlier: what is swept must not be shown for long."""
KEPT_SECONDS_OF_LATE = 20
"""For an hour that is over and whose last calls may still be under way."""

Unit = tuple[datetime, datetime]


class Tally(msgspec.Struct, array_like=True):
    """What some calls add up to; `hours` has a bit for each hour of the day with such a call."""

    calls: int = 0
    errors: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    charge: int = 0
    hours: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.calls + other.calls,
            self.errors + other.errors,
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.charge + other.charge,
            self.hours | other.hours,
        )

    @property
    def tokens(self) -> int:
        """All tokens."""
        return self.tokens_in + self.tokens_out


Summary = dict[str, dict[str, Tally]]
"""The tallies of a unit by model, key (hex), endpoint, status, streamed and charge basis."""

DIMENSIONS = ("model", "key_id", "endpoint", "status", "streamed", "charge_basis")

# What is grouped by all at once is little, so that adding it up six times costs nothing.
SUMMARY = f"""
with every as materialized (
  select {", ".join(DIMENSIONS)}, count(*) as calls,
         sum(input_tokens::bigint + cache_read_tokens + cache_write_tokens) as tokens_in,
         sum(output_tokens::bigint) as tokens_out, sum(charge) as charge,
         bit_or(1 << extract(hour from started_at at time zone 'utc')::int) as hours
  from gateway_requestlog
  where account_id = %(account)s and started_at >= %(from)s and started_at < %(to)s
  group by {", ".join(DIMENSIONS)})
select grouping({", ".join(DIMENSIONS)}), {", ".join(f"{name}::text" for name in DIMENSIONS)},
       sum(calls)::bigint, coalesce(sum(calls) filter (where status >= 400), 0)::bigint,
       sum(tokens_in)::bigint, sum(tokens_out)::bigint, sum(charge)::bigint, bit_or(hours)
from every group by grouping sets ({", ".join(f"({name})" for name in DIMENSIONS)})
"""  # noqa: S608  the names are our own

FILTERED = f"""
select count(*), count(*) filter (where status >= 400),
       coalesce(sum(input_tokens::bigint + cache_read_tokens + cache_write_tokens), 0)::bigint,
       coalesce(sum(output_tokens::bigint), 0)::bigint, coalesce(sum(charge), 0)::bigint
from gateway_requestlog
where {FITS}
"""  # noqa: S608  the words are our own

OLDEST = """
select started_at from gateway_requestlog
where account_id = %(account)s and started_at >= %(from)s order by started_at limit 1
"""

# Read from the index alone, for as long as it takes to see that there are many.
MANY = """
select exists (
  select from gateway_requestlog
  where account_id = %(account)s and started_at >= %(from)s and started_at < %(to)s
  offset 5000)
"""

_write = msgspec.json.Encoder().encode
_read_summary = msgspec.json.Decoder(Summary).decode
_read_tally = msgspec.json.Decoder(Tally).decode


class Budget:
    """How long may be spent on adding up before somebody is answered."""

    def __init__(self, seconds: float) -> None:
        self._until = time.perf_counter() + seconds

    @property
    def spent(self) -> bool:
        """Whether it is used up."""
        return time.perf_counter() > self._until


class Book:
    """The tallies of one account, as they are asked for within one request."""

    def __init__(
        self, account: Account, keys: Sequence[ApiKey], *, now: datetime | None = None
    ) -> None:
        self.account = account
        self.now = now or datetime.now(UTC)
        self._keys = keys
        self._known: dict[Unit, Summary] = {}
        self._asked, self._oldest = False, cast(datetime | None, None)
        short = sorted(f"{k.pk.hex}:{k.log_days}" for k in keys if k.log_days < LOG_DAYS_MOST)
        self._seconds = KEPT_SECONDS_OF_SHORT_LOGS if short else KEPT_SECONDS
        # Whoever has a key keep fewer days is not shown for longer what they wanted gone.
        digest = hashlib.sha256("".join(short).encode()).hexdigest()[:12] if short else "all"
        self._prefix = f"tally:{account.public_id}:{digest}"

    def units(self, start: datetime, end: datetime) -> list[Unit]:
        """Return the units that a span touches, newest first, from the oldest call on."""
        oldest = self._oldest_call()
        if oldest is None:
            return []
        first = max(start, oldest)
        day = midnight(min(end - INSTANT, self.now + HOUR))
        found: list[Unit] = []
        while day + DAY > first:
            if day + DAY + SETTLED <= self.now:
                found.append((day, day + DAY))
            else:
                hours = [(day + n * HOUR, day + (n + 1) * HOUR) for n in range(23, -1, -1)]
                last = min(end, self.now + HOUR)
                found += [hour for hour in hours if hour[0] < last and hour[1] > first]
            day -= DAY
        return found

    def _oldest_call(self) -> datetime | None:
        if not self._asked:
            with connection.cursor() as cursor:
                begins = log_begins(self.now)
                cursor.execute(OLDEST, {"account": self.account.pk, "from": begins})
                row = cursor.fetchone()
            self._oldest, self._asked = (row[0] if row else None), True
        return self._oldest

    def known(self, units: Iterable[Unit]) -> dict[Unit, Summary]:
        """Return the summaries that need not be made, of those units that have one."""
        missing = [unit for unit in units if unit not in self._known and self._over(unit)]
        names = {self._name(unit): unit for unit in missing}
        for name, text in (cache.get_many(names) if names else {}).items():
            self._known[names[name]] = _read_summary(text)
        return self._known

    def summaries(self, units: Sequence[Unit], budget: "Budget") -> list[Summary]:
        """Return the summaries of the first of the units, as many as the budget reaches.

        One is made in any case, so that asking again and again comes to an end.
        """
        known = self.known(units)
        found: list[Summary] = []
        made = 0
        for unit in units:
            if unit not in known:
                if made and budget.spent:
                    break
                known[unit] = self._add_up(unit)
                made += self._over(unit)
            found.append(known[unit])
        return found

    def _add_up(self, unit: Unit) -> Summary:
        summary: Summary = {name: {} for name in DIMENSIONS}
        values: dict[str, Any] = {"account": self.account.pk, "from": unit[0], "to": unit[1]}
        with connection.cursor() as cursor:
            cursor.execute(SUMMARY, values)
            for mask, *rest in cursor.fetchall():
                number = _number(mask)
                value = rest[number].replace("-", "") if number == 1 else rest[number]
                summary[DIMENSIONS[number]][value] = Tally(*rest[len(DIMENSIONS) :])
        self._keep(self._name(unit), unit, _write(summary))
        return summary

    def holds_many(self, unit: Unit) -> bool:
        """Return whether so many calls fall into a unit that adding them up takes long."""
        with connection.cursor() as cursor:
            cursor.execute(MANY, {"account": self.account.pk, "from": unit[0], "to": unit[1]})
            return bool(cursor.fetchone()[0])

    def known_filtered(self, units: Iterable[Unit], query: Query) -> dict[Unit, Tally]:
        """Return what the calls of a query add up to in those units where that is known."""
        names = {self._filtered_name(unit, query): unit for unit in units if self._over(unit)}
        found = cache.get_many(names) if names else {}
        return {names[name]: _read_tally(text) for name, text in found.items()}

    def filtered(self, unit: Unit, query: Query, *, keep: bool) -> Tally:
        """Add up the calls of a query within a span; a whole unit's sum is kept."""
        part = msgspec.structs.replace(query, start=unit[0], end=unit[1], after=None)
        with connection.cursor() as cursor:
            cursor.execute(FILTERED, page_values(self.account.pk, part, limit=0))
            [row] = cursor.fetchall()
        found = Tally(*row)
        if keep:
            self._keep(self._filtered_name(unit, query), unit, _write(found))
        return found

    def _filtered_name(self, unit: Unit, query: Query) -> str:
        return f"{self._name(unit)}:{_digest(query)}"

    def _over(self, unit: Unit) -> bool:
        return unit[1] <= self.now

    def _keep(self, name: str, unit: Unit, text: bytes) -> None:
        if self._over(unit):
            settled = unit[1] + SETTLED <= self.now
            cache.set(name, text, self._seconds if settled else KEPT_SECONDS_OF_LATE)

    def _name(self, unit: Unit) -> str:
        length = "d" if unit[1] - unit[0] == DAY else "h"
        return f"{self._prefix}:{length}{int(unit[0].timestamp())}"


def _number(mask: int) -> int:
    """Return which column a row is grouped by: the one whose bit is not set."""
    return next(n for n in range(len(DIMENSIONS)) if not mask >> (len(DIMENSIONS) - 1 - n) & 1)


def _digest(query: Query) -> str:
    said = "|".join(str(part) for part in filters(query).values())
    return hashlib.sha256(said.encode()).hexdigest()[:24]


def filters(query: Query) -> dict[str, Any]:
    """Return what a query asks of each column of `DIMENSIONS`, None where it takes all."""
    return {
        "model": query.model,
        "key_id": query.key.hex if query.key else None,
        "endpoint": query.endpoint,
        "status": query.statuses,
        "streamed": None if query.streamed is None else str(query.streamed).lower(),
        "charge_basis": query.basis,
    }


def total(summary: Summary) -> Tally:
    """Return what all calls of a summary add up to."""
    return sum(summary["streamed"].values(), Tally())


def narrowed(summary: Summary, query: Query) -> list[Tally]:
    """Return, for each filter of a query, what the calls that fit it alone add up to."""
    found = []
    for name, wanted in filters(query).items():
        if wanted is None:
            continue
        if isinstance(wanted, tuple):
            fitting = [t for v, t in summary[name].items() if wanted[0] <= int(v) <= wanted[1]]
            found.append(sum(fitting, Tally()))
        else:
            found.append(summary[name].get(wanted, Tally()))
    return found


def hours(summary: Summary, query: Query) -> int:
    """Return the hours in which there may be calls of a query, a bit each."""
    found = total(summary).hours
    for tally in narrowed(summary, query):
        found &= tally.hours
    return found


def log_begins(now: datetime) -> datetime:
    """Return a moment before which the log keeps nothing, whatever the hour."""
    return midnight(now - (RETENTION_DAYS + 1) * DAY)


def midnight(at: datetime | date) -> datetime:
    """Return the beginning of a UTC day."""
    return datetime(at.year, at.month, at.day, tzinfo=UTC)
