"""Staff's view of keys, models, prices, providers and calls."""

from gateway.admin import (
    catalogue,
    daily_use,
    holds,
    hourly_use,
    incidents,
    jobs,
    keys,
    model_page,
    prices,
    request_log,
    site_notices,
    uptime,
    vip,
)

__all__ = [
    "catalogue",
    "daily_use",
    "holds",
    "hourly_use",
    "incidents",
    "jobs",
    "keys",
    "model_page",
    "prices",
    "request_log",
    "site_notices",
    "uptime",
    "vip",
]
