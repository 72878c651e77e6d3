from typing import Any

from django.core.management.base import BaseCommand

from gateway import partitions


class Command(BaseCommand):
    """Make the request log's partitions for today and the week ahead."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        """Make what is missing."""
        partitions.make()
