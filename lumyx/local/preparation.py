"""Bring the database up to date: before the service starts, or beside it where little can change.

Django takes seconds to start, and so does the service: a database that this very code has
prepared before is checked while the service starts already.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psycopg

from lumyx.local import LocalError
from lumyx.local.processes import die_with_parent_at_start

ROOT = Path(__file__).resolve().parent.parent.parent
# All that decides what `lumyx.local.prepare` writes into the database.
CODE = (
    "requirements.txt",
    "lumyx/settings.py",
    "lumyx/demo*.*",
    "lumyx/management/commands/*.py",
    "gateway/partitions.py",
    "*/*migrations/*.py",
)
VARIABLES = ("KEY_PEPPERS", "ENCRYPTION_KEYS", "STANDINS", "STANDIN_PROVIDER_URL")


class Preparation:
    """A process that prepares the database."""

    def __init__(self, environment: Mapping[str, str], *, demo: Path, stamp: Path) -> None:
        self._environment = environment
        self._stamp = stamp
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lumyx.local.prepare", "--env-file", str(demo)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            process_group=0,
            preexec_fn=die_with_parent_at_start,
        )

    def was_done_before(self) -> bool:
        """Say whether the same code has prepared the same database already."""
        if not self._stamp.is_file():
            return False
        return self._stamp.read_text() == fingerprint(self._environment)

    def finish(self) -> None:
        """Wait for the end."""
        self._process.wait()
        self.is_over()

    def is_over(self) -> bool:
        """Say whether the database is ready; raises LocalError where it never will be."""
        status = self._process.poll()
        if status:
            self._stamp.unlink(missing_ok=True)
            raise LocalError("LumyxAI cannot start with this database; see above.")
        if status == 0:
            self._stamp.write_text(fingerprint(self._environment))
        return status == 0


def fingerprint(environment: Mapping[str, str]) -> str:
    """Return a hash of the code, the settings and the state of the database's migrations."""
    found = hashlib.sha256()
    for pattern in CODE:
        for file in sorted(ROOT.glob(pattern)):
            found.update(file.read_bytes())
    settings = {
        name: value
        for name, value in environment.items()
        if name in VARIABLES or name.startswith("PROVIDER_")
    }
    found.update(json.dumps(settings, sort_keys=True).encode())
    found.update(_migrations(environment["DATABASE_URL"]).encode())
    return found.hexdigest()


def _migrations(database_url: str) -> str:
    """Return what was migrated and when, which no two databases have in common."""
    try:
        with psycopg.connect(database_url, connect_timeout=5) as connection:
            rows = connection.execute(
                "select app, name, applied::text from django_migrations order by id"
            ).fetchall()
    except psycopg.Error:
        return "none"
    return json.dumps(rows)
