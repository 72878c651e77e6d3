"""What an account did of late, for people to look at; amounts are micro-credits, days are UTC."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from billing.ledger_sql import THIS_MONTH, TODAY
from billing.models import Account
from gateway import ids
from gateway.models import ChargeBasis

CHART_DAYS = 14
SPLIT_DAYS = 7

SPENT = f"""
select coalesce(sum(case when b.day < {TODAY} then 0 else b.day_spent end), 0)::bigint,
       coalesce(sum(case when b.month < {THIS_MONTH} then 0 else b.month_spent end), 0)::bigint
from gateway_apikey k join billing_budget b on b.id = k.id where k.user_id = %(user)s
"""  # noqa: S608  the words are our own

DAILY = """
select (started_at at time zone 'utc')::date as day, count(*),
       count(*) filter (where status >= 400), coalesce(sum(charge), 0)::bigint
from gateway_requestlog
where account_id = %(account)s and started_at >= %(from)s and started_at < %(to)s
group by 1
"""

SPLIT = """
select model, count(*), coalesce(sum(charge), 0)::bigint as charge,
       coalesce(sum(input_tokens + cache_read_tokens + cache_write_tokens), 0)::bigint,
       coalesce(sum(output_tokens), 0)::bigint
from gateway_requestlog
where account_id = %(account)s and started_at >= %(from)s and model <> ''
group by model order by charge desc, model limit 8
"""

LAST = """
select r.id, r.started_at, r.model, k.name, r.streamed, r.status, r.error_code,
       r.input_tokens + r.cache_read_tokens + r.cache_write_tokens, r.output_tokens,
       r.charge, r.charge_basis, r.latency_ms
from gateway_requestlog r left join gateway_apikey k on k.id = r.key_id
where r.account_id = %(account)s and r.started_at >= %(from)s
order by r.started_at desc, r.id desc limit %(limit)s
"""


@dataclass(frozen=True)
class Totals:
    """What an account has, and what it did today and this month."""

    balance: int
    held: int
    bonus: int
    spent_day: int
    spent_month: int
    requests_day: int
    errors_day: int

    @property
    def free(self) -> int:
        """What new calls may still use."""
        return self.balance - self.held


@dataclass(frozen=True)
class Day:
    """One UTC day of an account."""

    day: date
    requests: int = 0
    errors: int = 0
    charge: int = 0


@dataclass(frozen=True)
class Call:
    """One call as the list shows it."""

    id: UUID
    at: datetime
    model: str
    key: str
    streamed: bool
    status: int
    error: str
    tokens_in: int
    tokens_out: int
    charge: int
    basis: str
    latency_ms: int

    @property
    def public_id(self) -> str:
        """The id as the client sees it."""
        return ids.public(self.id.hex)

    @property
    def why(self) -> str:
        """Why it cost what it did."""
        return str(ChargeBasis(self.basis).label)

    @property
    def fine(self) -> bool:
        """Whether it was answered."""
        return self.status < 400


@dataclass(frozen=True)
class Share:
    """What one model had of the last days."""

    model: str
    requests: int
    charge: int
    tokens_in: int
    tokens_out: int


def days(account: Account, *, count: int = CHART_DAYS) -> list[Day]:
    """Return the last days, today last, those without calls too."""
    today = timezone.now().astimezone(UTC).date()
    first = today - timedelta(days=count - 1)
    bounds = {"account": account.pk, "from": _midnight(first), "to": _midnight(today) + DAY}
    known = {row[0]: Day(*row) for row in _rows(DAILY, bounds)}
    every = [first + timedelta(days=n) for n in range(count)]
    return [known.get(day, Day(day)) for day in every]


def totals(account: Account, today: Day) -> Totals:
    """Return what an account has and did; `today` is the last of its days."""
    [(spent_day, spent_month)] = _rows(SPENT, {"user": account.user_id})
    return Totals(
        balance=account.balance,
        held=account.held,
        bonus=account.bonus,
        spent_day=spent_day,
        spent_month=spent_month,
        requests_day=today.requests,
        errors_day=today.errors,
    )


def last_calls(account: Account, *, limit: int = 10) -> list[Call]:
    """Return the last calls of the last 30 days, newest first."""
    start = timezone.now() - timedelta(days=31)
    rows = _rows(LAST, {"account": account.pk, "from": start, "limit": limit})
    return [Call(*row) for row in rows]


def split(account: Account) -> list[Share]:
    """Return what each model had of the last days, the dearest first."""
    start = timezone.now() - timedelta(days=SPLIT_DAYS)
    return [Share(*row) for row in _rows(SPLIT, {"account": account.pk, "from": start})]


DAY = timedelta(days=1)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _rows(query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())
