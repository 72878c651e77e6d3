from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from lumyx import backups


class Command(BaseCommand):
    """Write a backup of the database and the tombstones; delete those older than BACKUP_DAYS."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take where it goes."""
        parser.add_argument("directory", type=Path, help="on another disk than the database")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do so, and name the file."""
        try:
            file = backups.make(options["directory"])
        except (backups.BackupError, OSError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{file} ({file.stat().st_size:,} bytes)")
