"""Work on the service itself: what is closed, and when to come again (`MAINTENANCE`)."""

from datetime import UTC, datetime

from django.conf import settings

SITE, ALL = "site", "all"
UNKNOWN_SECONDS = 300
"""When to come again where nobody said when it will be over."""
LEAST_SECONDS = 30


def seconds_left() -> int:
    """Return in how many seconds it makes sense to come again."""
    until: datetime | None = settings.MAINTENANCE_UNTIL
    if until is None:
        return UNKNOWN_SECONDS
    left = int((until - datetime.now(UTC)).total_seconds())
    return left if left > LEAST_SECONDS else LEAST_SECONDS
