import json
import logging
from argparse import ArgumentParser
from typing import Any

from cryptography.fernet import InvalidToken
from django.core.management.base import BaseCommand, CommandError

from billing import books
from billing.models import SealedReceipt

log = logging.getLogger("lumyx.billing")


class Command(BaseCommand):
    """Open the receipt of somebody who was erased, for a tax authority or a court."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the receipt's number, and why it is opened."""
        parser.add_argument("number", help="such as LX-000123")
        parser.add_argument("--reference", required=True, help="the number of the disclosure")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what was sealed, and log that it was opened."""
        digits = options["number"].upper().removeprefix("LX-")
        found = (
            SealedReceipt.objects.filter(order__receipt=int(digits)).first()
            if digits.isdecimal()
            else None
        )
        if found is None:
            raise CommandError(f"There is no sealed receipt {options['number']!r}.")
        try:
            opened = books.unseal(found)
        except InvalidToken:
            raise CommandError("The key that sealed it is gone.") from None
        log.warning("sealed receipt %s was opened for %s", found.pk, options["reference"])
        self.stdout.write(json.dumps(opened, indent=2))
