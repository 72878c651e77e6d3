"""Request ids: UUID version 7 (RFC 9562), so that an id carries the time of its request."""

import re
from contextvars import ContextVar
from datetime import UTC, datetime

from billing.ids import new

__all__ = ["from_public", "new", "public", "time_of", "under_way"]

PREFIX = "req_"
# Years up to 2500: what is later is no id of ours, and Python has no time for much later ones.
WRITTEN = re.compile(r"req_(0[0-9a-f]{11}7[0-9a-f]{19})")

under_way: ContextVar[str] = ContextVar("under_way", default="")
"""The id, as clients see it, of the request that runs here; empty where none does."""


def public(request_id: str) -> str:
    """Return the id as clients see it in `x-request-id`."""
    return PREFIX + request_id


def from_public(text: str) -> str | None:
    """Return the id that clients know by this text, or None where it is none of ours."""
    found = WRITTEN.fullmatch(text)
    return found[1] if found else None


def time_of(request_id: str) -> datetime:
    """Return the moment that an id carries."""
    return datetime.fromtimestamp(int(request_id[:12], 16) / 1_000, UTC)
