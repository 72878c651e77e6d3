"""The personal data that the gateway holds, and how it leaves."""

from gateway import partitions


def expire() -> dict[str, int]:
    """Drop request log days that are too old; return how many of each data set went."""
    return {"request log days": len(partitions.drop_older())}
