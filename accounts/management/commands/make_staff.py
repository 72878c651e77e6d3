from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import roles, staff
from accounts.models import User


class Command(BaseCommand):
    """Make a person staff: somebody known by username, or a new account with a password."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a name and what it may do."""
        parser.add_argument("name")
        parser.add_argument("--role", action="append", default=[], choices=sorted(roles.ROLES))
        parser.add_argument("--superuser", action="store_true", help="may do everything")
        parser.add_argument(
            "--reset-second-factor", action="store_true", help="for somebody who lost theirs"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do so, and say how to sign in."""
        name = options["name"]
        if options["reset_second_factor"]:
            try:
                count = staff.reset_second_factor(name)
            except User.DoesNotExist:
                raise CommandError(f"There is no member of staff {name!r}.") from None
            self.stdout.write(f"{count} factors are removed, and all sessions have ended.")
            return
        if not options["role"] and not options["superuser"]:
            raise CommandError("Give at least one --role, or --superuser.")
        password = staff.make(name, in_roles=options["role"], superuser=options["superuser"])
        if password is None:
            self.stdout.write(f"{name} is staff now and signs in as before.")
        else:
            self.stdout.write(
                f"{name} is staff now. The password is shown this once: {password}\n"
                "Sign in at /accounts/staff/ and enrol a second factor there."
            )
