import sys
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from accounts.models import User
from privacy import data_requests
from privacy.models import RequestKind


class Command(BaseCommand):
    """Open a request that arrived by mail; its words come from the input."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what is asked for, and by whom."""
        parser.add_argument("kind", choices=RequestKind.values)
        who = parser.add_mutually_exclusive_group(required=True)
        who.add_argument("--email", help="where to answer")
        who.add_argument("--user", help="a username")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do so, and say its number."""
        user = None
        if options["user"]:
            user = User.objects.filter(username=options["user"]).first()
            if user is None:
                raise CommandError(f"There is nobody of the name {options['user']!r}.")
        else:
            try:
                validate_email(options["email"])
            except ValidationError:
                raise CommandError("That is no email address.") from None
        words = sys.stdin.read().replace("\0", "").strip()
        if not words:
            raise CommandError("Give the words of the request on the input.")
        opened = data_requests.open_request(
            options["kind"], words, user=user, email=options["email"] or ""
        )
        due = f"due {opened.due_at:%d %B %Y, %H:%M} UTC" if opened.due_at else "without a date"
        self.stdout.write(f"Request {opened.number}, {due}")
