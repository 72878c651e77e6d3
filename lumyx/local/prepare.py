"""Prepare the database for `make run`, with everything in one process: Django starts slowly."""

import argparse
import os
import sys
from pathlib import Path

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import OperationalError


def main() -> None:
    """Migrate, make what the service needs, and load the demo while stand-ins are on."""
    parser = argparse.ArgumentParser(prog="python -m lumyx.local.prepare")
    parser.add_argument("--env-file", type=Path, required=True)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lumyx.settings")
    try:
        django.setup()
        prepare(options.env_file)
    except (ImproperlyConfigured, CommandError, OperationalError) as error:
        sys.exit(f"Could not prepare the database: {error}")


def prepare(env_file: Path) -> None:
    """Bring an empty or older database up to date."""
    from django.conf import settings

    # WhiteNoise warns about a missing directory, even where it serves files from their source.
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    call_command("migrate", interactive=False, verbosity=0)
    call_command("make_partitions")
    if settings.STANDINS:
        call_command("load_demo", env_file=env_file)
    else:
        call_command("collectstatic", interactive=False, verbosity=0)


if __name__ == "__main__":
    main()
