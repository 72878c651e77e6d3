"""Tell every process, through Redis, that something has changed; the gateway listens."""

import logging

import redis
from django.conf import settings
from django.db import connections
from redis.exceptions import RedisError

log = logging.getLogger("lumyx.accounts")

EVERY_KEY = "key *"


def channel() -> str:
    """Return the channel of this installation: channels know no Redis database number."""
    return f"lumyx:changes:{connections['default'].settings_dict['NAME']}"


def announce(message: str) -> None:
    """Announce a change at once; processes that hear nothing look again within a second."""
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1
        ) as client:
            client.publish(channel(), message)
    except RedisError:
        log.warning("a change could not be announced")
