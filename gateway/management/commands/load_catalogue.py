from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from gateway import upstream_prices


class Command(BaseCommand):
    """Load well-known models, with what their providers charge us; staff set our own prices."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take another file, or only show what would be done."""
        parser.add_argument("--file", type=Path, default=upstream_prices.FILE)
        parser.add_argument("--dry-run", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Load the models and print what was done about each."""
        try:
            with transaction.atomic():
                changes = upstream_prices.load(upstream_prices.read(options["file"]))
                transaction.set_rollback(options["dry_run"])
        except upstream_prices.BadCatalogue as error:
            raise CommandError(str(error)) from None
        self.stdout.write(upstream_prices.table(changes))
        if options["dry_run"]:
            self.stdout.write("Nothing was written.")
