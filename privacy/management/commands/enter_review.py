"""Enter a security review from its page, such as docs/security-review.md, into the register."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from privacy import reviews


class Command(BaseCommand):
    """Enter a review once, in the name of a member of staff."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the page and the name."""
        parser.add_argument("page", type=Path)
        parser.add_argument("--by", required=True, help="the username of who answers for it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Enter it, unless a review of that day with the same words is there."""
        by = User.objects.filter(username=options["by"], is_staff=True).first()
        if by is None:
            raise CommandError("--by must be the username of a member of staff.")
        try:
            entered = reviews.enter_page(options["page"].read_text(), by=by)
        except (OSError, ValueError) as error:
            raise CommandError(str(error)) from None
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from None
        self.stdout.write(str(entered) if entered else "It is in the register already.")
