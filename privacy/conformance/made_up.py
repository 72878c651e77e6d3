"""What the customer who is made up each day found of late."""

from datetime import datetime, timedelta

from privacy.conformance.finding import Finding, broken, kept
from privacy.models import CanaryRun

WITHIN = timedelta(hours=26)


def outcome(now: datetime) -> Finding | None:
    """Return how it went for them; nothing where none has been made up yet."""
    last = CanaryRun.objects.filter(ended_at__isnull=False).order_by("-ran_at").first()
    if last is None:
        return None
    if now - last.ran_at > WITHIN:
        return broken("Nobody was made up for more than a day to see whether it works.")
    return kept(last.said) if last.passed else broken(last.said)
