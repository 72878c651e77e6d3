"""The calls of one busy account, and of its neighbours, for the bench of pages.

    python -m lumyx.bench.calls ROWS

Runs in a process of its own, with Django's settings in the environment; prints as JSON the
session cookie of the account's owner, and what to ask its pages for.
"""

import json
import os
import sys
from datetime import date, datetime, timedelta
from typing import Any

import django

DAYS = 30
NEIGHBOURS = 20
KEYS = 12
MODELS = 25
RARE_MODEL, RARE_STATUS = "bench-rare", 529
RARE_CALLS = 60
"""Calls of the rare model: they lie over all days, two a day."""

# One day: the account's calls and as many of its neighbours, as evenly over the day as real
# ones never are. Ids carry their time, as those of real calls do.
FILL = """
insert into gateway_requestlog (
  id, started_at, account_id, key_id, endpoint, model, streamed, status, error_code,
  input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
  input_price, cache_read_price, cache_write_price, output_price, charge, charge_basis,
  provider, attempts, latency_ms, first_token_ms, ip, country, client, system, device)
select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7'
        || substr(md5(random()::text), 1, 3) || 'a' || substr(md5(random()::text), 1, 15))::uuid,
  at,
  case when mine then %(account)s else %(others)s + (random() * %(neighbours)s)::int end,
  (%(keys)s::uuid[])[1 + floor(power(random(), 2) * %(key_count)s)::int],
  case when random() < 0.7 then 'chat/completions' when random() < 0.8 then 'messages'
       else 'responses' end,
  case when bad and kind > 0.5 then '' else
    'bench-' || floor(power(random(), 2) * %(models)s)::int end,
  streamed, case when not bad then 200 when kind > 0.5 then 404 when kind > 0.2 then 402
                 when kind > 0.05 then 502 else 504 end,
  case when not bad then '' when kind > 0.5 then 'model_not_found'
       when kind > 0.2 then 'insufficient_credits' when kind > 0.05 then 'provider_error'
       else 'provider_timeout' end,
  case when bad then 0 else fresh end, 0, 0, case when bad then 0 else said end, 0,
  2000000, 500000, 2500000, 8000000,
  case when bad then 0 else fresh * 2 + said * 8 end,
  case when bad and kind > 0.2 then 'rejected' when bad then 'nothing'
       when kind > 0.97 then 'estimated' else 'reported' end,
  case when bad then '' else 'primary' end,
  case when bad then '[]'::jsonb else '[{"provider": "primary", "ms": 900}]'::jsonb end,
  (300 + 4000 * power(random(), 4))::int,
  case when streamed then (120 + 900 * power(random(), 3))::int end,
  '192.0.2.1', 'DE', 'OpenAI/Python', 'Linux', 'server'
from (
  select %(begin)s::timestamptz + (random() * %(seconds)s) * interval '1 second' as at,
         n <= %(rows)s as mine, random() < 0.03 as bad, random() as kind,
         random() < 0.6 as streamed, (random() * 3000)::int as fresh, (random() * 800)::int as said
  from generate_series(1, 2 * %(rows)s) n) made
order by at
"""
RARE = """
update gateway_requestlog set model = %(model)s, status = %(status)s, error_code = 'providers_busy'
where id in (select id from gateway_requestlog
             where account_id = %(account)s and started_at >= %(begin)s
               and started_at < %(begin)s::timestamptz + interval '1 day'
             order by id limit %(rows)s)
  and started_at >= %(begin)s and started_at < %(begin)s::timestamptz + interval '1 day'
"""


def prepare(rows: int) -> dict[str, Any]:
    """Migrate, and write the account and all calls; return how its pages are asked."""
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from gateway import hourly_use, partitions, usage

    call_command("migrate", verbosity=0)
    first = partitions.today() - timedelta(days=DAYS - 1)
    partitions.make(first=first, days=DAYS + partitions.DAYS_AHEAD)
    account, keys, cookie = _account()
    with connection.cursor() as cursor:
        cursor.execute("set statement_timeout = 0")
        for number in range(DAYS):
            _fill(cursor, first + timedelta(days=number), account, keys, rows=rows // DAYS)
        # What PostgreSQL's autovacuum does by itself on a service that runs for days.
        cursor.execute("vacuum (analyze) gateway_requestlog")
        cursor.execute(
            "select id from gateway_requestlog where account_id = %s and started_at < %s limit 1",
            [account, first + timedelta(days=2)],
        )
        [(some,)] = cursor.fetchall()
    hourly_use.add_up_latest()
    deep = usage.write_cursor(timezone.now() - timedelta(days=25), some)
    return {
        "cookie": cookie,
        "staff": _staff(),
        "key": keys[-1],
        "call": some.hex,
        "deep": deep,
    }


def _staff() -> str:
    """Make a member of staff who may see everything; return their session's cookie."""
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
    from django.utils import timezone

    from accounts import second_factor, staff
    from accounts.models import User

    staff.make("boss", superuser=True)
    user = User.objects.get(username="boss")
    TOTP.activate(user, generate_totp_secret())
    return _signed_in(user, {second_factor.SHOWN_AT: timezone.now().timestamp()})


def _account() -> tuple[int, list[str], str]:
    from django.utils import timezone

    from accounts import recent
    from accounts.models import User
    from billing import accounts
    from gateway import keys
    from privacy import acceptances, policies

    user = User.objects.create_customer(nabzclan_id="busy", username="busy", email="")
    acceptances.affirm_age(user)
    acceptances.record(user, policies.all_current())
    account = accounts.open_for(user)
    issued = [keys.issue(user, name=f"Key {number}")[0].pk for number in range(KEYS)]
    cookie = _signed_in(user, {recent.SIGNED_IN_AT: timezone.now().timestamp()})
    return account.pk, [str(key) for key in issued], cookie


def _signed_in(user: Any, said: dict[str, float]) -> str:
    """Return the cookie of a session of somebody's, in which this is said."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from accounts.sessions import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.update(said)
    session.create()
    return f"session={session.session_key}"


def _fill(cursor: Any, day: date, account: int, keys: list[str], *, rows: int) -> None:
    from django.utils import timezone

    begin = datetime.fromisoformat(f"{day}T00:00:00+00:00")
    seconds = min((timezone.now() - begin).total_seconds(), 86_400)
    rows = int(rows * seconds / 86_400)
    cursor.execute(
        FILL,
        {
            "account": account,
            "others": account + 1_000,
            "neighbours": NEIGHBOURS,
            "keys": keys,
            "key_count": len(keys),
            "models": MODELS,
            "begin": begin,
            "seconds": seconds,
            "rows": rows,
        },
    )
    cursor.execute(
        RARE,
        {
            "model": RARE_MODEL,
            "status": RARE_STATUS,
            "account": account,
            "begin": begin,
            "rows": RARE_CALLS // DAYS,
        },
    )


def main(arguments: list[str]) -> None:
    """Prepare from the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lumyx.settings")
    django.setup()
    print(json.dumps(prepare(int(arguments[0]))))


if __name__ == "__main__":
    main(sys.argv[1:])
