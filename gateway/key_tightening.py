"""What would let a key do more than it may: its owner may change that, and staff may not."""

from collections.abc import Mapping
from typing import Any

from gateway import networks
from gateway.key_ring import BASE_DAY_LIMIT, BASE_MINUTE_LIMIT
from gateway.models import ApiKey, VipLevel

LEAST = (
    *("minute_limit", "day_limit", "token_limit", "concurrency_limit"),
    *("day_spend", "month_spend", "total_spend"),
    "expires_at",
)
"""Fields whose lower value is the stricter one; none at all is the loosest."""
LISTS = ("allowed_models", "allowed_networks")


def loosened(key: ApiKey, wanted: Mapping[str, Any]) -> list[str]:
    """Return the fields whose wanted value would let a key do more than it may now.

    Raises ValueError for a network that is none.
    """
    return [name for name, value in wanted.items() if _loosens(key, name, value)]


def _loosens(key: ApiKey, name: str, new: Any) -> bool:
    old = getattr(key, name)
    if name in LEAST:
        if new is None:
            return old is not None
        most = _of_level(key, name) if old is None else old
        return most is not None and new > most
    if name == "log_days":
        return bool(new > old)
    if name == "scopes":
        return not set(new) <= set(old)
    if name in LISTS:
        return bool(old) and (not new or not _covered(name, new, old))
    raise LookupError(name)


def _of_level(key: ApiKey, name: str) -> int | None:
    """Return what applies where a key says nothing."""
    level = VipLevel.given_by(key.user.vip_now)
    if name == "minute_limit":
        return level.minute_limit if level else BASE_MINUTE_LIMIT
    if name == "day_limit":
        return level.day_limit if level else BASE_DAY_LIMIT
    return None


def _covered(name: str, new: list[str], old: list[str]) -> bool:
    if name == "allowed_models":
        return set(new) <= set(old)
    wide: list[Any] = [networks.parse(text) for text in old]
    return all(
        any(one.version == it.version and one.subnet_of(it) for it in wide)
        for one in map(networks.parse, new)
    )
