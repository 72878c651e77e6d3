"""Tombstones: who was erased, as a random number and a date, outside the database.

A backup that is restored brings erased people back; the tombstones say whom to erase again.
"""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from accounts.models import User

MARGIN = timedelta(days=30)
"""How long a tombstone outlives the last backup that its person is in."""


def put(user: UUID, *, now: datetime | None = None) -> None:
    """Write that somebody is erased; it is on the disk when this returns."""
    _write(_directory(), user, (now or timezone.now()).date())


def _write(directory: Path, user: UUID, day: date) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = directory / str(user)
    with os.fdopen(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as open_file:
        open_file.write(f"{day}\n")
        open_file.flush()
        os.fsync(open_file.fileno())


def copy(source: Path, target: Path) -> int:
    """Write the tombstones of one directory into another that lacks them; return how many."""
    lacking = every(source).items() - every(target).items()
    for user, day in lacking:
        _write(target, user, day)
    return len(lacking)


def every(directory: Path | None = None) -> dict[UUID, date]:
    """Return who was erased, and when, by the service's tombstones or those of a directory."""
    found = {}
    directory = directory or _directory()
    for file in directory.iterdir() if directory.is_dir() else []:
        try:
            found[UUID(file.name)] = date.fromisoformat(file.read_text().strip())
        except ValueError:
            continue  # no tombstone, or one that is being written
    return found


def risen() -> list[User]:
    """Return the people who were erased and are in the database again."""
    return list(User.objects.filter(pk__in=list(every())))


def expire(*, directory: Path | None = None, now: datetime | None = None) -> dict[str, int]:
    """Delete the tombstones that no backup can need any more."""
    directory = directory or _directory()
    last = (now or timezone.now()) - timedelta(days=settings.BACKUP_DAYS) - MARGIN
    old = [
        user for user, day in every(directory).items() if datetime(*_ymd(day), tzinfo=UTC) < last
    ]
    for user in old:
        (directory / str(user)).unlink(missing_ok=True)
    return {"tombstones": len(old)}


def _ymd(day: date) -> tuple[int, int, int]:
    return day.year, day.month, day.day


def _directory() -> Path:
    return Path(settings.TOMBSTONE_DIR)
