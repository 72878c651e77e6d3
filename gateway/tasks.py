"""What Celery does for the gateway."""

from celery import shared_task

from gateway import partitions


@shared_task
def make_partitions() -> None:
    """Keep the request log's partitions a week ahead."""
    partitions.make()
