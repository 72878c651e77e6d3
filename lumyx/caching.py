"""Django's cache in Redis, or in this process while Redis is away: limits of forms go on."""

from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError


class RedisOrMemory(RedisCache):
    """A cache that never fails; what it kept in one place is not known in the other."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._memory = LocMemCache("away", params)

    def _either(self, name: str, *args: Any, **how: Any) -> Any:
        try:
            return getattr(super(), name)(*args, **how)
        except (RedisError, OSError):
            return getattr(self._memory, name)(*args, **how)

    def add(self, *args: Any, **how: Any) -> bool:
        """Set what is not there yet."""
        return bool(self._either("add", *args, **how))

    def get(self, *args: Any, **how: Any) -> Any:
        """Return what is there."""
        return self._either("get", *args, **how)

    def set(self, *args: Any, **how: Any) -> None:
        """Set something."""
        self._either("set", *args, **how)

    def touch(self, *args: Any, **how: Any) -> bool:
        """Keep something for longer."""
        return bool(self._either("touch", *args, **how))

    def delete(self, *args: Any, **how: Any) -> bool:
        """Forget something."""
        return bool(self._either("delete", *args, **how))

    def incr(self, *args: Any, **how: Any) -> int:
        """Count; raises ValueError where nothing is there."""
        return int(self._either("incr", *args, **how))

    def get_many(self, *args: Any, **how: Any) -> dict[str, Any]:
        """Return all that is there."""
        found: dict[str, Any] = self._either("get_many", *args, **how)
        return found

    def has_key(self, *args: Any, **how: Any) -> bool:
        """Return whether something is there."""
        return bool(self._either("has_key", *args, **how))
