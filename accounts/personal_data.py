"""The personal data that accounts hold, and how it leaves."""

from accounts import sessions


def expire() -> dict[str, int]:
    """Delete sessions that have ended."""
    return {"ended sessions": sessions.delete_expired()}
