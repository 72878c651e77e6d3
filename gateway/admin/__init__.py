"""Staff's view of keys, models, prices, providers and calls."""

from gateway.admin import catalogue, keys, model_page, prices, request_log

__all__ = ["catalogue", "keys", "model_page", "prices", "request_log"]
