"""A key as its owner sees it through the API: what it may do, and what is left of it."""

from datetime import datetime
from typing import Any

from billing.amounts import in_credits
from billing.budgets import Spent
from gateway.key_ring import Caller
from gateway.limits import Allowance
from gateway.token_limits import TokenAllowance


def describe(
    caller: Caller, allowance: Allowance, *, tokens: TokenAllowance | None, spent: Spent
) -> dict[str, Any]:
    """Return all that concerns a key, save its text; times are Unix seconds."""
    return {
        "object": "key",
        "id": caller.key_id,
        "name": caller.name,
        "prefix": caller.prefix,
        "last4": caller.last4,
        "created": unix(caller.created_at),
        "expires": unix(caller.expires_at),
        "previous_text_until": unix(caller.previous_until),
        "scopes": sorted(caller.scopes),
        "allowed_models": sorted(caller.models),
        "allowed_networks": [str(network) for network in caller.networks],
        "log_days": caller.log_days,
        "limits": {
            "minute": _window(
                allowance.minute_limit, allowance.minute_used, allowance.minute_reset
            ),
            "day": _window(allowance.day_limit, allowance.day_used, allowance.day_reset),
            "tokens": tokens and _window(tokens.limit, tokens.used, tokens.reset),
            "concurrency": caller.concurrency_limit and {"limit": caller.concurrency_limit},
        },
        "spend": {
            "day": _spend(caller.day_spend, spent.day),
            "month": _spend(caller.month_spend, spent.month),
            "total": _spend(caller.total_spend, spent.total),
        },
        "vip": {"level": caller.vip_level, "price_percent": caller.price_percent},
    }


def unix(at: datetime | None) -> int | None:
    """Return a time in Unix seconds."""
    return None if at is None else int(at.timestamp())


def _window(limit: int, used: int, reset: int) -> dict[str, int]:
    return {"limit": limit, "used": used, "reset": reset}


def _spend(limit: int | None, spent: int) -> dict[str, Any]:
    return {
        "limit": None if limit is None else in_credits(limit),
        "limit_micro": limit,
        "spent": in_credits(spent),
        "spent_micro": spent,
    }
