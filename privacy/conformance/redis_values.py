"""Look into Redis for what must not be there: it is searched as the database is, and sampled."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import redis
from django.conf import settings

from privacy.conformance import log_files

SECONDS = 2.0
KEYS = 5_000
ITEMS = 50
"""Members of a list, set or hash that are looked at."""


@dataclass
class Looked:
    """How many keys were looked at, and the kinds of what was found."""

    keys: int = 0
    found: set[str] = field(default_factory=set)


def look(*, seconds: float = SECONDS) -> Looked:
    """Look at the keys in Redis and what they hold, as far as the time reaches."""
    until = time.monotonic() + seconds
    looked = Looked()
    opened: Any = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2
    )
    with opened as client:
        for key in client.scan_iter(count=500):
            if looked.keys >= KEYS or time.monotonic() > until:
                break
            looked.keys += 1
            for text in (key, *_held(client, key)):
                looked.found |= _wrong(text)
    return looked


def _held(client: Any, key: bytes) -> Iterable[bytes]:
    kind = client.type(key)
    found: Iterable[bytes] = ()
    if kind == b"string":
        found = [client.get(key) or b""]
    elif kind == b"hash":
        found = [part for pair in client.hscan(key, count=ITEMS)[1].items() for part in pair]
    elif kind == b"list":
        found = client.lrange(key, 0, ITEMS)
    elif kind == b"set":
        found = client.sscan(key, count=ITEMS)[1]
    elif kind == b"zset":
        found = client.zrange(key, 0, ITEMS)
    return found


def _wrong(text: bytes) -> set[str]:
    wrong = log_files.wrong_with(text[: log_files.LONGEST].decode("utf-8", "replace"))
    return {wrong} if wrong in ("an API key", "the body of a call") else set()
