"""What other prices would have brought with the calls of the last 30 days (UTC).

Each call is charged anew at the new prices, at the share of the list prices that it paid, by the
rule of `gateway.pricing`. Totals of fewer than five accounts are not told, and who objected to
analysis is left out. So are calls of keys that keep no log.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import OperationalError, connection, transaction
from django.utils import timezone
from psycopg.errors import QueryCanceled

from gateway import partitions, pricing
from gateway.daily_use import PURPOSES
from gateway.margins import Margin
from gateway.models import Model, ModelPrice, Route, VipLevel
from gateway.models.daily_use import ACCOUNTS_LEAST
from gateway.pricing import Prices, Tokens

DAYS = partitions.RETENTION_DAYS
SECONDS = 20.0
"""How long days are read, the newest first; what is left then is not counted."""

# A call that paid less than it cost was cut at what had been set aside, and that is all that it
# could have paid at other prices, too. A call's share of the list prices is not in its row: it
# is the one that makes its prices of those in force.
READ = """
with rule as (
  select * from unnest(
    %(starts)s::timestamptz[], %(ends)s::timestamptz[], %(percents)s::int[],
    %(input)s::bigint[], %(cache_read)s::bigint[], %(cache_write)s::bigint[], %(output)s::bigint[],
    %(new_input)s::bigint[], %(new_cache_read)s::bigint[], %(new_cache_write)s::bigint[],
    %(new_output)s::bigint[])
  as t (starts, ends, percent, was_input, was_cache_read, was_cache_write, was_output,
        new_input, new_cache_read, new_cache_write, new_output)),
call as (
  select r.account_id, rule.percent, r.provider, r.charge,
         r.input_tokens, r.cache_read_tokens, r.cache_write_tokens, r.output_tokens,
         {cost} as cost, {anew} as anew
  from gateway_requestlog r
  left join rule on rule.was_input = r.input_price and rule.was_output = r.output_price
    and rule.was_cache_read = r.cache_read_price and rule.was_cache_write = r.cache_write_price
    and r.started_at >= rule.starts and r.started_at < rule.ends
  where r.model = %(model)s and r.started_at >= %(from)s and r.started_at < %(to)s
    and r.charge_basis in ('reported', 'estimated')),
account as (
  select account_id, percent, provider, count(*) as calls,
         sum(input_tokens) as input, sum(cache_read_tokens) as cache_read,
         sum(cache_write_tokens) as cache_write, sum(output_tokens) as output,
         sum(charge) as charge,
         sum(case when charge < cost then least(anew, charge) else anew end) as anew,
         count(*) filter (where charge < cost) as cut
  from call group by 1, 2, 3)
select percent, provider, (array_agg(distinct account_id))[1:%(least)s], sum(calls), sum(input),
       sum(cache_read), sum(cache_write), sum(output), sum(charge), coalesce(sum(anew), 0), sum(cut)
from account join billing_account a on a.id = account_id and a.user_id is not null
where not exists (select 1 from accounts_restriction x
                  where x.user_id = a.user_id and x.purpose = any (%(purposes)s))
group by 1, 2
"""


@dataclass(frozen=True)
class Sum:
    """Calls together: tokens, micro-credits as charged and as they would be, micro-dollars paid.

    `costed` and `costed_anew` are what the calls brought whose cost is known; `cut` calls paid
    less than they cost, since no more had been set aside.
    """

    accounts: frozenset[int] = frozenset()
    calls: int = 0
    tokens: Tokens = field(default_factory=Tokens)
    charged: int = 0
    anew: int = 0
    cut: int = 0
    cost: int = 0
    costed_calls: int = 0
    costed: int = 0
    costed_anew: int = 0

    def __add__(self, other: "Sum") -> "Sum":
        mine, theirs = self.tokens, other.tokens
        return Sum(
            accounts=self.accounts | other.accounts,
            tokens=Tokens(
                *(getattr(mine, one) + getattr(theirs, one) for one in mine.__struct_fields__)
            ),
            **{name: getattr(self, name) + getattr(other, name) for name in NUMBERS},
        )

    @property
    def difference(self) -> int:
        """What the new prices would have brought more, in micro-credits."""
        return self.anew - self.charged

    @property
    def enough(self) -> bool:
        """Whether they are of so many accounts that they tell of none of them."""
        return len(self.accounts) >= ACCOUNTS_LEAST

    @property
    def margin(self) -> Margin | None:
        """What was left of the charges whose cost is known."""
        return Margin("all", self.costed, self.cost) if self.costed_calls else None

    @property
    def margin_anew(self) -> Margin | None:
        """What would be left of them."""
        return Margin("all", self.costed_anew, self.cost) if self.costed_calls else None


NUMBERS = (
    *("calls", "charged", "anew", "cut"),
    *("cost", "costed_calls", "costed", "costed_anew"),
)


@dataclass(frozen=True)
class Share:
    """The calls at one share of the list prices; None stands for several together."""

    percent: int | None
    sum: Sum


@dataclass(frozen=True)
class Forecast:
    """All calls of the days counted, and by the share of the list prices that they paid.

    `unexplained` calls paid prices that are no share of the list's, and are not in the sums.
    """

    total: Sum
    shares: tuple[Share, ...]
    days: int
    unexplained: int

    @property
    def whole(self) -> bool:
        """Whether all days were counted."""
        return self.days == DAYS


def forecast(model: Model, new: Prices, *, now: datetime | None = None) -> Forecast:
    """Return what new list prices would have brought with the calls of the last 30 days."""
    moment = now or timezone.now()
    by_percent: dict[int, Sum] = {}
    unexplained = days = 0
    costs = _costs(model)
    for rows in _days(model, new, moment):
        days += 1
        for percent, provider, *found in rows:
            if percent is None:
                unexplained += int(found[1])
            else:
                one = _with_cost(_sum(found), costs.get(provider, []))
                by_percent[percent] = by_percent.get(percent, Sum()) + one
    return Forecast(
        total=sum(by_percent.values(), Sum()),
        shares=_told(by_percent),
        days=days,
        unexplained=unexplained,
    )


def _days(model: Model, new: Prices, now: datetime) -> Iterator[list[tuple[Any, ...]]]:
    """Yield each day's rows, the newest day first, as long as there is time."""
    begun, today = time.monotonic(), now.astimezone(UTC).date()
    sql = _sql([new, *(listed for _, _, listed in _versions(model, now))])
    asked = {
        "model": model.name,
        "least": ACCOUNTS_LEAST,
        "purposes": [purpose.name for purpose in PURPOSES],
        **_rules(model, new, now),
    }
    for back in range(DAYS):
        begin = _midnight(today - timedelta(days=back))
        try:
            yield _read(sql, {**asked, "from": begin, "to": begin + timedelta(days=1)})
        except OperationalError as error:
            if isinstance(error.__cause__, QueryCanceled):
                return
            raise
        if time.monotonic() - begun > SECONDS:
            return


def _read(sql: str, asked: dict[str, Any]) -> list[tuple[Any, ...]]:
    with transaction.atomic(), connection.cursor() as cursor:
        # PostgreSQL does not know yet how many rows a young day has.
        cursor.execute("set local enable_nestloop = off")
        cursor.execute(sql, asked)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _sql(prices: list[Prices]) -> str:
    buckets = Prices.__struct_fields__
    tokens = [f"r.{bucket}_tokens" for bucket in buckets]
    dearest = max(getattr(one, bucket) for one in prices for bucket in buckets)
    cost, anew = (
        pricing.cost_in_sql(
            tokens, [f"rule.{which}_{bucket}" for bucket in buckets], dearest=dearest
        )
        for which in ("was", "new")
    )
    return READ.format(cost=cost, anew=anew)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _rules(model: Model, new: Prices, now: datetime) -> dict[str, list[Any]]:
    """Return which prices meant which share of the list prices, when, and what it would be now."""
    given = VipLevel.objects.values_list("price_percent", flat=True)
    # Where several shares come to the same prices, it is the first of these.
    percents = list(dict.fromkeys([100, *sorted(given, reverse=True), *range(99, 0, -1)]))
    rules: list[tuple[datetime, datetime, int, Prices]] = []
    for starts, ends, listed in _versions(model, now):
        first: dict[Prices, int] = {}
        for percent in percents:
            first.setdefault(pricing.discounted(listed, percent=percent), percent)
        rules += [(starts, ends, percent, prices) for prices, percent in first.items()]
    anew = [pricing.discounted(new, percent=rule[2]) for rule in rules]
    buckets = Prices.__struct_fields__
    return {
        "starts": [rule[0] for rule in rules],
        "ends": [rule[1] for rule in rules],
        "percents": [rule[2] for rule in rules],
        **{bucket: [getattr(rule[3], bucket) for rule in rules] for bucket in buckets},
        **{f"new_{bucket}": [getattr(one, bucket) for one in anew] for bucket in buckets},
    }


def _versions(model: Model, now: datetime) -> Iterable[tuple[datetime, datetime, Prices]]:
    rows = list(ModelPrice.objects.filter(model=model).order_by("starts_at"))
    ends = [row.starts_at for row in rows[1:]] + [now + timedelta(days=1)]
    since = now - timedelta(days=DAYS + 1)
    return [
        (row.starts_at, end, row.prices)
        for row, end in zip(rows, ends, strict=True)
        if end > since and row.starts_at <= now
    ]


def _costs(model: Model) -> dict[str, list[Prices]]:
    """Return what each provider asks of us for the model by its routes, where that is known."""
    found: dict[str, list[Prices]] = {}
    for route in Route.objects.filter(model=model).select_related("provider"):
        four = [getattr(route, f"upstream_{name}_price") for name in Prices.__struct_fields__]
        if None not in four:
            found.setdefault(route.provider.name, []).append(Prices(*four))
    return found


def _sum(found: list[Any]) -> Sum:
    accounts, calls, fresh, read, write, output, charged, anew, cut = found
    return Sum(
        accounts=frozenset(accounts),
        calls=int(calls),
        tokens=Tokens(int(fresh), int(read), int(write), int(output)),
        charged=int(charged),
        anew=int(anew),
        cut=int(cut),
    )


def _with_cost(one: Sum, costs: list[Prices]) -> Sum:
    """Add what the calls cost us; by the dearest of a provider's routes, where it has several."""
    if not costs:
        return one
    return replace(
        one,
        cost=max(pricing.cost(one.tokens, cost) for cost in costs),
        costed_calls=one.calls,
        costed=one.charged,
        costed_anew=one.anew,
    )


def _told(by_percent: dict[int, Sum]) -> tuple[Share, ...]:
    """Return the shares, those of few accounts together with so many that they tell of none."""
    alone = {percent: one for percent, one in by_percent.items() if one.enough}
    rest = sum((one for percent, one in by_percent.items() if percent not in alone), Sum())
    while rest.calls and not rest.enough and alone:
        least = min(alone, key=lambda percent: alone[percent].calls)
        rest += alone.pop(least)
    shares = [Share(percent, alone[percent]) for percent in sorted(alone, reverse=True)]
    if rest.enough:
        shares.append(Share(None, rest))
    return tuple(shares)
