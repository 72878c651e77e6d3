from typing import Any

from django.core.management.commands import migrate
from django.db import connections


class Command(migrate.Command):
    """Django's migrate, without the time limits of requests: a large table takes its time.

    Locks are still waited for only briefly: a migration that cannot have one fails, changes
    nothing, and may be run again, where waiting would hold up every request behind it.
    """

    help = migrate.Command.help

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate."""
        connection = connections[options["database"]]
        limits = ("statement_timeout", "idle_in_transaction_session_timeout")
        with connection.cursor() as cursor:
            for name in limits:
                cursor.execute(f"set {name} = 0")
        try:
            super().handle(*args, **options)
        finally:
            with connection.cursor() as cursor:
                for name in limits:
                    cursor.execute(f"reset {name}")
