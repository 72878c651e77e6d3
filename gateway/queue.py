"""How much work waits for a Celery worker."""

import redis
from django.conf import settings

NAME = "celery"
"""The list in Redis that tasks wait in: Celery's own name for its only queue."""
SECONDS = 1


def connect() -> "redis.Redis":
    """Return a connection that is given up soon."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=SECONDS, socket_connect_timeout=SECONDS
    )


def length() -> int | None:
    """Return how many tasks no worker has taken yet; None where Redis does not answer."""
    try:
        with connect() as client:
            return int(client.llen(NAME))
    except redis.RedisError:
        return None
