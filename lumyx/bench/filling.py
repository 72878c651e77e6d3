"""Fill the books of the bench: models, keys and log rows, very many of them, by SQL.

    python -m lumyx.bench.filling models COUNT
    python -m lumyx.bench.filling keys COUNT
    python -m lumyx.bench.filling rows COUNT SECONDS

Each fills up to so many, in a process of its own with Django's settings in the environment, and
prints JSON: how many there are, and for keys their texts. Rows are written for so many seconds at
the most, over 30 days. All are copies of one that is there already, but for what tells them apart.
"""

import json
import os
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import django

DAYS = 30
CONNECTIONS = 2
BATCH = 100_000

# Ids carry their time, as those of real calls do.
LOG_ROW = {
    "id": """(lpad(to_hex((extract(epoch from %(begin)s::timestamptz + n * %(step)s) * 1000)
              ::bigint), 12, '0') || '7' || substr(md5(n::text || %(salt)s), 1, 3) || 'a'
              || substr(md5(n::text || %(salt)s), 4, 15))::uuid""",
    "started_at": "%(begin)s::timestamptz + n * %(step)s",
}
KEY = {
    "id": "gen_random_uuid()",
    "user_id": "(%(users)s::uuid[])[1 + n %% cardinality(%(users)s::uuid[])]",
    "digest": "made.digest",
    "prefix": "made.prefix",
    "last4": "made.last4",
}
EACH_ROW = "generate_series(1, %(rows)s) n"
EACH_KEY = """unnest(%(digests)s::bytea[], %(prefixes)s::text[], %(lasts)s::text[])
              with ordinality made (digest, prefix, last4, n)"""


def fill_models(count: int) -> dict[str, Any]:
    """Add models, each with a price and a route, like the first one's."""
    from django.utils import timezone

    from gateway.models import Model, ModelPrice, Route

    like = Model.objects.get(name="bench-whole")
    price, route = like.prices.get(), like.routes.get()
    names = [f"bench-more-{number}" for number in range(count - Model.objects.count())]
    made = Model.objects.bulk_create(
        Model(
            name=name,
            display_name=name,
            context_window=like.context_window,
            max_output_tokens=like.max_output_tokens,
            capabilities=like.capabilities,
        )
        for name in names
    )
    ModelPrice.objects.bulk_create(
        ModelPrice(
            model=model,
            starts_at=timezone.now(),
            input_price=price.input_price,
            cache_read_price=price.cache_read_price,
            cache_write_price=price.cache_write_price,
            output_price=price.output_price,
        )
        for model in made
    )
    Route.objects.bulk_create(
        Route(model=model, provider=route.provider, upstream_name="bench") for model in made
    )
    return {"count": Model.objects.count()}


def fill_keys(count: int) -> dict[str, Any]:
    """Add keys like the first one, shared out among all customers; return their texts."""
    from django.conf import settings
    from django.db import connection

    from billing import budgets
    from gateway import keys
    from gateway.models import ApiKey

    texts = [keys.generate() for _ in range(count - ApiKey.objects.count())]
    pepper = settings.KEY_PEPPERS[keys.newest_pepper()]
    given = {
        "users": [str(id) for id in ApiKey.objects.values_list("user_id", flat=True).distinct()],
        "digests": [keys.digest(text, pepper=pepper) for text in texts],
        "prefixes": [text[:7] for text in texts],
        "lasts": [text[-4:] for text in texts],
    }
    with connection.cursor() as cursor:
        cursor.execute("set statement_timeout = 0")
        _copy(cursor, "gateway_apikey", KEY, EACH_KEY, given)
        budgets.open_for(ApiKey.objects.values_list("id", flat=True))
        cursor.execute("vacuum (analyze) gateway_apikey, billing_budget")
    return {"count": ApiKey.objects.count(), "keys": texts}


def fill_rows(count: int, seconds: float) -> dict[str, Any]:
    """Add rows to the log until there are so many, or until the time is over."""
    from django.db import connection

    from gateway import partitions

    first = partitions.today() - timedelta(days=DAYS - 1)
    partitions.make(first=first, days=DAYS + partitions.DAYS_AHEAD)
    days = [first + timedelta(days=number) for number in range(DAYS)]
    before, deadline = _count(), time.monotonic() + seconds
    each = max(0, count - before) // DAYS
    batches = [(day, min(BATCH, each - done)) for done in range(0, each, BATCH) for day in days]

    def write(batch: tuple[date, int]) -> int:
        return _write(*batch) if time.monotonic() < deadline else 0

    with ThreadPoolExecutor(CONNECTIONS) as threads:
        written = sum(threads.map(write, batches))
    with connection.cursor() as cursor:
        # What autovacuum does by itself on a service that runs for days.
        cursor.execute("set statement_timeout = 0")
        cursor.execute("vacuum (analyze) gateway_requestlog")
    return {"count": before + written}


def _write(day: date, rows: int) -> int:
    from django.db import connection

    from gateway import partitions

    begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
    past = min(timedelta(days=1), datetime.now(UTC) - begin)
    given = {
        "rows": rows,
        "begin": begin,
        "step": past / (rows + 1),
        "salt": f"{day} {time.monotonic_ns()}",
    }
    try:
        with connection.cursor() as cursor:
            cursor.execute("set statement_timeout = 0; set synchronous_commit = off")
            _copy(
                cursor, "gateway_requestlog", LOG_ROW, EACH_ROW, given, into=partitions.name_of(day)
            )
    finally:
        connection.close()  # It is this thread's own.
    return rows


def _copy(
    cursor: Any,
    table: str,
    own: Mapping[str, str],
    each: str,
    given: Mapping[str, Any],
    *,
    into: str = "",
) -> None:
    """Copy one row of a table many times, each with columns of its own; `n` counts from 1."""
    cursor.execute(f"select * from {table} limit 0")
    columns = [column.name for column in cursor.description]
    values = ", ".join(own.get(name, f'one."{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    cursor.execute(
        f"""insert into {into or table} ({names})
            select {values} from (select * from {table} limit 1) one, {each}""",
        given,
    )


def _count() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("select count(*) from gateway_requestlog")
        [(count,)] = cursor.fetchall()
    return int(count)


def main(what: str, *numbers: str) -> None:
    """Fill from the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lumyx.settings")
    django.setup()
    count = int(numbers[0])
    if what == "rows":
        found = fill_rows(count, float(numbers[1]))
    else:
        found = {"models": fill_models, "keys": fill_keys}[what](count)
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
