"""Staff's view of keys, models, providers and calls."""

from gateway.admin import catalogue, keys, request_log

__all__ = ["catalogue", "keys", "request_log"]
