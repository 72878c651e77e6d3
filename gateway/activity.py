"""What an account did of late, for people to look at; amounts are micro-credits, days are UTC."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection

from billing.ledger_sql import THIS_MONTH, TODAY
from billing.models import Account
from gateway.tallies import DAY, Book, Budget, Summary, Tally, midnight, total

CHART_DAYS = 14
SPLIT_DAYS = 7
SPLIT_ROWS = 6
TIMED_CALLS = 2_000
"""Of how many calls at the most, the latest, the times are said."""

SPENT = f"""
select coalesce(sum(case when b.day < {TODAY} then 0 else b.day_spent end), 0)::bigint,
       coalesce(sum(case when b.month < {THIS_MONTH} then 0 else b.month_spent end), 0)::bigint
from gateway_apikey k join billing_budget b on b.id = k.id where k.user_id = %(user)s
"""  # noqa: S608  the words are our own

# Reads the index by account from its end, and no more than so many rows.
TIMES = """
select count(*),
       percentile_disc(array[0.5, 0.95]) within group (order by latency_ms),
       percentile_disc(array[0.5, 0.95])
         within group (order by first_token_ms) filter (where streamed)
from (select latency_ms, first_token_ms, streamed from gateway_requestlog
      where account_id = %(account)s and started_at >= %(from)s and status < 400
      order by started_at desc limit %(limit)s) last
"""


@dataclass(frozen=True)
class Totals:
    """What an account has, and what it did today and this month."""

    balance: int
    held: int
    spent_day: int
    spent_month: int
    requests_day: int
    errors_day: int

    @property
    def error_percent(self) -> float:
        """The share of today's calls that were not answered."""
        return 100 * self.errors_day / self.requests_day if self.requests_day else 0.0


@dataclass(frozen=True)
class Times:
    """How long answered calls of the last 24 hours took: milliseconds, half and 95 of 100.

    Only streamed ones have a first token.
    """

    calls: int
    p50: int | None = None
    p95: int | None = None
    first_p50: int | None = None
    first_p95: int | None = None


@dataclass(frozen=True)
class Day:
    """One UTC day of an account; `known` is False until it is added up."""

    day: date
    summaries: tuple[Summary, ...] = ()
    known: bool = True

    @property
    def tally(self) -> Tally:
        """What its calls add up to."""
        return sum((total(summary) for summary in self.summaries), Tally())

    def by(self, dimension: str) -> dict[str, Tally]:
        """Return what they add up to by model, or another of `tallies.DIMENSIONS`."""
        return _by(self.summaries, dimension)


@dataclass(frozen=True)
class Share:
    """What one model or key had of the last days."""

    value: str
    tally: Tally


def days(book: Book, *, seconds: float, count: int = CHART_DAYS) -> list[Day]:
    """Return the last days, today last, those without calls too, as far as the time reaches."""
    today = book.now.astimezone(UTC).date()
    first = today - timedelta(days=count - 1)
    units = book.units(midnight(first), book.now + DAY)
    made = book.summaries(units, Budget(seconds))
    of_day: dict[date, list[Summary]] = {}
    for unit, summary in zip(units, made, strict=False):
        of_day.setdefault(unit[0].date(), []).append(summary)
    missing = {unit[0].date() for unit in units[len(made) :]}
    every = [first + timedelta(days=n) for n in range(count)]
    return [Day(day, tuple(of_day.get(day, ())), known=day not in missing) for day in every]


def totals(account: Account, today: Day) -> Totals:
    """Return what an account has and did; `today` is the last of its days."""
    [(spent_day, spent_month)] = _rows(SPENT, {"user": account.user_id})
    tally = today.tally
    return Totals(
        balance=account.balance,
        held=account.held,
        spent_day=spent_day,
        spent_month=spent_month,
        requests_day=tally.calls,
        errors_day=tally.errors,
    )


def times(account: Account, *, now: datetime) -> Times:
    """Return how long the answered calls of the last 24 hours took, the latest of them."""
    values = {"account": account.pk, "from": now - DAY, "limit": TIMED_CALLS}
    [(count, whole, first)] = _rows(TIMES, values)
    return Times(count, *(whole or (None, None)), *(first or (None, None)))


def split(days: Sequence[Day], dimension: str) -> list[Share]:
    """Return what each model or key had of the last days, the dearest first."""
    summaries = [summary for day in days[-SPLIT_DAYS:] for summary in day.summaries]
    found = [Share(value, tally) for value, tally in _by(summaries, dimension).items() if value]
    found.sort(key=lambda share: (-share.tally.charge, -share.tally.calls, share.value))
    return found[:SPLIT_ROWS]


def _by(summaries: Sequence[Summary], dimension: str) -> dict[str, Tally]:
    found: dict[str, Tally] = {}
    for summary in summaries:
        for value, tally in summary[dimension].items():
            found[value] = found.get(value, Tally()) + tally
    return found


def _rows(query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())
