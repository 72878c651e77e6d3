"""One at a time, on however many workers: advisory locks of PostgreSQL, each with its number."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

PROBES = 7_236_100
CONFORMANCE = 7_236_101
CANARY = 7_236_102
UPTIME = 7_236_103
HOURLY_USE = 7_236_110


@contextmanager
def alone(number: int) -> Iterator[bool]:
    """Hold a lock while the block runs; give False, at once, where somebody else holds it."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s)", [number])
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute("select pg_advisory_unlock(%s)", [number])
