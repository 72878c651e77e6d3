"""What Celery does for privacy."""

from celery import shared_task

from privacy import retention


@shared_task
def sweep_retention() -> dict[str, int]:
    """Drop what is older than the policy allows."""
    return retention.sweep()
