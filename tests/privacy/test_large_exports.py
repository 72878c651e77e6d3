"""However many calls somebody has made, their copy costs a worker little, and one sees it grow.

`EXPORT_ROWS` is how many calls: few in each run of the tests, a million in `make stories`.
"""

import csv
import io
import json
import os
import time
import zipfile
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from gateway import partitions
from gateway.models import RequestLog
from lumyx.celery import app
from privacy import exports
from privacy.models import ExportState
from tests.calls import ID_AT
from tests.customers import Customer
from tests.processes import Process, Worker

ROWS = int(os.environ.get("EXPORT_ROWS", "20000"))
MOST_BYTES = 200 * 1024 * 1024

ID = ID_AT.format(at="extract(epoch from %(at)s::timestamptz) * 1000 + n")
CALLS = f"""
insert into gateway_requestlog (
  id, started_at, account_id, key_id, endpoint, model, streamed, status, error_code, input_tokens,
  cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens, input_price,
  cache_read_price, cache_write_price, output_price, charge, charge_basis, provider, attempts,
  latency_ms, ip, country, client, system, device)
select {ID}, %(at)s + n * interval '1 millisecond', %(account)s, %(key)s,
       'chat/completions', 'echo', true, 200, '', n %% 1000, 0, 0, 12, 0, 3000000, 300000, 3750000,
       15000000, 1234, 'reported', 'standin', '[{{"provider": "standin", "ms": 12}}]', 321,
       '192.0.2.7', 'DE', 'OpenAI Python', 'Linux', 'Other'
from generate_series(1, %(rows)s) n
"""


@pytest.fixture
def worker(environment: dict[str, str]) -> Iterator[Process]:
    process = Worker(environment=environment)
    yield process
    process.stop()


def largest(worker: Process) -> int:
    """Return the memory of the worker's largest process, in bytes."""
    tree = [psutil.Process(worker.pid), *psutil.Process(worker.pid).children(recursive=True)]
    sizes = []
    for process in tree:
        try:
            sizes.append(process.memory_info().rss)
        except psutil.NoSuchProcess:
            continue
    return max(sizes, default=0)


@pytest.fixture
def many_calls(customer: Customer) -> Iterator[Customer]:
    """A customer with as many calls as were asked for, which other tests need not count."""
    partitions.make()
    values: dict[str, Any] = {
        "at": timezone.now().replace(hour=0, minute=0, second=0),
        "account": customer.account.pk,
        "key": customer.key_row.pk,
        "rows": ROWS,
    }
    with connection.cursor() as cursor:
        cursor.execute("set statement_timeout = '600s'")
        cursor.execute(CALLS, values)
        cursor.execute("analyze gateway_requestlog")
    connection.close()
    yield customer
    with connection.cursor() as cursor:
        cursor.execute("set statement_timeout = '600s'")
        RequestLog.objects.filter(account_id=customer.account.pk).delete()
    connection.close()


def test_memory_stays_bounded_and_progress_shows(worker: Process, many_calls: Customer) -> None:
    export = exports.ask(many_calls.user)
    with app.connection_for_write(settings.REDIS_URL) as broker:
        app.send_task(exports.BUILD, args=[str(export.pk)], connection=broker)
    seen: set[int] = set()
    most, begun = 0, time.monotonic()
    while export.under_way:
        assert time.monotonic() - begun < 570, (export.state, export.rows_done)
        time.sleep(0.05)
        export.refresh_from_db()
        seen.add(export.rows_done)
        most = max(most, largest(worker))
    assert export.state == ExportState.READY
    took = time.monotonic() - begun
    print(
        f"{ROWS:,} rows, {took:.1f} s, {most / 2**20:.0f} MB, {export.size / 2**20:.1f} MB zipped"
    )
    assert most < MOST_BYTES
    assert len(seen) > 3, "nobody could see it grow"
    assert export.rows_expected >= ROWS
    with zipfile.ZipFile(export.path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        [calls] = [part for part in manifest["data_sets"] if part["name"] == "calls"]
        assert calls["rows"] == ROWS
        with archive.open("calls.csv") as file:
            lines = sum(1 for _ in csv.reader(io.TextIOWrapper(file, "utf-8")))
        assert lines == ROWS + 1
