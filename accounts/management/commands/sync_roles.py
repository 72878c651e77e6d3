from typing import Any

from django.core.management.base import BaseCommand

from accounts import roles


class Command(BaseCommand):
    """Write the roles of staff as groups."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        """Do so."""
        roles.sync()
        self.stdout.write(f"{len(roles.ROLES)} roles are written.")
