import os
from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from lumyx import demo
from privacy.conformance import run


class Command(BaseCommand):
    """Make the demo data, and write how to use it into a file for shells to read."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file to write."""
        parser.add_argument("--env-file", type=Path, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """Make what is missing and write the file, readable by its owner alone."""
        file: Path = options["env_file"]
        known = _read(file)
        try:
            made = demo.load(
                api_key=known.get("LUMYX_API_KEY", ""),
                staff_password=known.get("LUMYX_ADMIN_PASSWORD", ""),
            )
        except demo.DemoRefused as error:
            raise CommandError(str(error)) from None
        # Hourly later on; a fresh machine has something to show at once.
        with suppress(run.Busy):
            run.check()
        _write(
            file,
            {
                "LUMYX_URL": settings.PUBLIC_URL,
                "LUMYX_API_KEY": made.api_key,
                "LUMYX_MODEL": made.model,
                "LUMYX_ADMIN_USER": made.staff_name,
                "LUMYX_ADMIN_PASSWORD": made.staff_password,
                "DATABASE_URL": os.environ["DATABASE_URL"],
                "REDIS_URL": os.environ["REDIS_URL"],
            },
        )


def _read(file: Path) -> dict[str, str]:
    if not file.is_file():
        return {}
    pairs = (line.partition("=") for line in file.read_text().splitlines())
    return {name: value for name, mark, value in pairs if mark}


def _write(file: Path, values: dict[str, str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
