"""How much of their limits somebody's keys have used: what they spent, and requests today (UTC).

Spending is the ledger's own. Requests are those that the limits count in Redis; while Redis is
away nobody knows them here, and nothing is said of them.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import redis
from django.conf import settings
from redis.exceptions import RedisError

from accounts.models import User
from billing import budgets
from billing.budgets import Spent
from gateway.key_ring import BASE_DAY_LIMIT, BASE_MINUTE_LIMIT
from gateway.limits import DAY, day_name
from gateway.models import ApiKey, VipLevel

REDIS_SECONDS = 0.2


@dataclass(frozen=True)
class Use:
    """What a key has used; `requests` is None where nobody knows."""

    spent: Spent
    requests: int | None
    minute_limit: int
    day_limit: int


def of(user: User, keys: Sequence[ApiKey]) -> list[Use]:
    """Return what each of somebody's keys has used, in their order."""
    spent = budgets.spent_by(key.pk for key in keys)
    requests = _requests_today(keys)
    level = VipLevel.given_by(user.vip_now)
    minute = level.minute_limit if level else BASE_MINUTE_LIMIT
    day = level.day_limit if level else BASE_DAY_LIMIT
    return [
        Use(
            spent.get(key.pk, Spent()),
            requests[number] if requests else None,
            key.minute_limit or minute,
            key.day_limit or day,
        )
        for number, key in enumerate(keys)
    ]


def _requests_today(keys: Sequence[ApiKey]) -> list[int]:
    today = int(time.time()) // DAY
    names = [day_name(key.pk.hex, today) for key in keys]
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS
        ) as client:
            found = cast(list[bytes | None], client.mget(names)) if names else []
    except (RedisError, OSError):
        return []
    return [int(count or 0) for count in found]
