"""Django's PostgreSQL backend; but a pool that waited in vain is not waited for again at once.

A page asks the database several times. While that is away each would wait for the pool's
`timeout`, and the page for the sum of them.
"""

import time
from typing import Any

from django.db.backends.postgresql import base
from psycopg_pool import PoolTimeout

FAST_SECONDS = 1.0
"""For how long after such a wait there is no other."""


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection of Django's, which may come from the pool."""

    _away_at = float("-inf")
    """When somebody last waited in vain, in this process, by the monotonic clock."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Take a connection; raise PoolTimeout at once where another wait would be in vain."""
        lately = time.monotonic() - DatabaseWrapper._away_at < FAST_SECONDS
        if lately and self.pool and not self.pool.get_stats()["pool_available"]:
            raise PoolTimeout("the database was away a moment ago")
        try:
            return super().get_new_connection(conn_params)
        except PoolTimeout:
            DatabaseWrapper._away_at = time.monotonic()
            raise
