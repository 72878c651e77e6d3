from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from lumyx import backups, restoring


class Command(BaseCommand):
    """Restore a backup into an empty database, and erase anew whoever was erased since."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the backup."""
        parser.add_argument("file", type=Path, help="with the tombstones beside it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do so, and say what was found; fail where the database is not fit to be used."""
        if not options["file"].is_file():
            raise CommandError(f"There is no file {options['file']}.")
        try:
            done = restoring.restore(options["file"])
        except (backups.BackupError, OSError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Restored. Erased again: {done.erased}.")
        if done.unproven:
            self.stdout.write(f"Deletions that the workers will finish: {done.unproven}.")
        if done.there:
            raise CommandError(
                f"{done.there} of those who were erased are in the database still."
                " Start a worker, and the website only after /admin/ shows none of them."
            )
        if done.broken:
            raise CommandError(f"The money does not add up: {'; '.join(done.broken)}.")
        self.stdout.write("Every invariant of the ledger holds.")
