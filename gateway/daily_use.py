"""Add up what everybody used on a day, for trends; who objected to that is left out (UTC).

Only what the request log still holds is added up: calls of keys that keep no log are missing.
"""

from datetime import UTC, date, datetime, timedelta

from django.db import connection, transaction

from accounts.data_sets import Purpose
from gateway.models import DailyUse
from gateway.models.daily_use import ACCOUNTS_LEAST

PURPOSES = (Purpose.ANALYSIS, Purpose.SERVICE)
"""What the totals are for: who switched one of these off is left out."""
DAYS_BACK = 7
"""How far back days are made up for that were missed."""
SETTLED = timedelta(hours=2)
"""How long after its end a day's last calls may still be under way."""
KEPT_MONTHS = 13

ADD_UP = """
with counted as (
  select r.model, r.endpoint, r.account_id, count(*) as calls,
         count(*) filter (where r.status >= 400) as errors,
         sum(r.input_tokens::bigint + r.cache_read_tokens + r.cache_write_tokens) as tokens_in,
         sum(r.output_tokens::bigint) as tokens_out, sum(r.charge) as charge
  from gateway_requestlog r join billing_account a on a.id = r.account_id
  where r.started_at >= %(from)s and r.started_at < %(to)s and a.user_id is not null
    and not exists (select 1 from accounts_restriction x
                    where x.user_id = a.user_id and x.purpose = any (%(purposes)s))
  group by 1, 2, 3),
called as (
  select model, endpoint, count(*) >= %(least)s as named from counted group by 1, 2)
insert into gateway_dailyuse
  (day, model, endpoint, accounts, calls, errors, tokens_in, tokens_out, charge)
select %(day)s, case when named then model else '' end, case when named then endpoint else '' end,
       count(distinct account_id), sum(calls), sum(errors), sum(tokens_in), sum(tokens_out),
       sum(charge)
from counted join called using (model, endpoint)
group by 2, 3 having count(distinct account_id) >= %(least)s
on conflict do nothing
"""


def add_up(day: date) -> int:
    """Add up a day that is over; return how many rows that made."""
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
    with transaction.atomic(), connection.cursor() as cursor:
        # A busy day takes longer than a request may.
        cursor.execute("set local statement_timeout = '300s'")
        cursor.execute(
            ADD_UP,
            {
                "day": day,
                "from": begin,
                "to": begin + timedelta(days=1),
                "purposes": [purpose.name for purpose in PURPOSES],
                "least": ACCOUNTS_LEAST,
            },
        )
        return int(cursor.rowcount)


def add_up_missing(*, now: datetime | None = None) -> int:
    """Add up the days of the last week that are over and have no totals; return the rows made."""
    last = ((now or datetime.now(UTC)) - SETTLED).date() - timedelta(days=1)
    days = {last - timedelta(days=n) for n in range(DAYS_BACK)}
    known = set(DailyUse.objects.filter(day__in=days).values_list("day", flat=True))
    return sum(add_up(day) for day in sorted(days - known))


def expire(*, now: datetime | None = None) -> int:
    """Delete totals of more than 13 months ago; return how many rows went."""
    today = (now or datetime.now(UTC)).date()
    year, month = divmod(today.year * 12 + today.month - 1 - KEPT_MONTHS, 12)
    # Behind the end of a shorter month comes the next one: then a little less is kept.
    first = date(year, month + 1, 1) + timedelta(days=today.day - 1)
    return DailyUse.objects.filter(day__lt=first).delete()[0]
