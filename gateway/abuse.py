"""Who runs into limits again and again, and whose spending leaps: for staff to look at (UTC)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from accounts.models import User
from billing.models import Account
from gateway.models import ApiKey

SHOWN = 50
"""How many of each list are shown."""
DAYS = 7
"""Over how many days it is seen what an account usually spends."""
TIMES = 5
"""How many times the usual an hour's spending is to be, to stand out."""
LEAST = 1_000_000
"""Micro-credits in an hour below which no spending stands out."""

# An id begins with the time of its call, so that its index leads to the last hours.
REFUSED = """
select key_id, account_id, count(*) filter (where started_at >= %(hour)s), count(*)
from gateway_requestlog
where id >= %(first)s and started_at >= %(day)s and status = 429 and provider = ''
  and error_code in ('rate_limit_exceeded', 'concurrency_limit_exceeded', 'token_limit_exceeded')
group by key_id, account_id
order by 3 desc, 4 desc, key_id
limit %(shown)s
"""
SPIKES = """
select lately.account_id, lately.charge, coalesce(usual.charge, 0)
from (
  select account_id, sum(charge) as charge
  from gateway_requestlog
  where id >= %(first)s and started_at >= %(hour)s
  group by account_id having sum(charge) >= %(least)s
  order by 2 desc limit 500
) lately
cross join lateral (
  select sum(charge) / %(hours)s as charge from gateway_requestlog l
  where l.account_id = lately.account_id
    and l.started_at >= %(since)s and l.started_at < %(hour)s
) usual
where lately.charge >= %(times)s * coalesce(usual.charge, 0)
order by lately.charge desc
limit %(shown)s
"""


@dataclass(frozen=True)
class Refused:
    """A key whose calls were refused for its limits: how often in the last hour, and in 24 h."""

    key: ApiKey
    hour: int
    day: int


@dataclass(frozen=True)
class Spike:
    """An account that spent far more in the last hour than it usually does in one; micro-credits.

    `usual` is the mean of the hours of the last 7 days before.
    """

    account: Account
    charge: int
    usual: int

    @property
    def times(self) -> int | None:
        """Return how many times the usual it is, or None where there was nothing before."""
        return self.charge // self.usual if self.usual else None


def refused(*, now: datetime | None = None) -> list[Refused]:
    """Return the keys that were refused most in the last hour, then in 24 h."""
    moment = now or timezone.now()
    day = moment - timedelta(days=1)
    rows = _ask(
        REFUSED,
        {"hour": moment - timedelta(hours=1), "day": day, "first": _first(day), "shown": SHOWN},
    )
    keys = ApiKey.objects.select_related("user").in_bulk([key for key, *_ in rows])
    return [Refused(keys[key], hour, of_day) for key, _, hour, of_day in rows if key in keys]


def spikes(*, now: datetime | None = None) -> list[Spike]:
    """Return the accounts whose last hour cost at least 5 times their usual one, and 1 credit."""
    hour = (now or timezone.now()) - timedelta(hours=1)
    rows = _ask(
        SPIKES,
        {
            "hour": hour,
            "first": _first(hour),
            "since": hour - timedelta(days=DAYS),
            "hours": DAYS * 24,
            "times": TIMES,
            "least": LEAST,
            "shown": SHOWN,
        },
    )
    accounts = Account.objects.select_related("user").in_bulk([account for account, *_ in rows])
    return [
        Spike(accounts[account], int(charge), int(usual))
        for account, charge, usual in rows
        if account in accounts
    ]


def people(found: list[Refused], leaps: list[Spike]) -> list[User]:
    """Return whom the lists are about."""
    seen = {one.key.user.pk: one.key.user for one in found}
    seen |= {one.account.user.pk: one.account.user for one in leaps if one.account.user}
    return list(seen.values())


def _first(moment: datetime) -> UUID:
    return UUID(f"{int(moment.timestamp() * 1_000):012x}{'0' * 20}")


def _ask(query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
