"""Restore a backup into an empty database, without bringing back who was erased since."""

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from accounts.models import Session
from billing import invariants, ledger
from gateway import partitions
from lumyx import backups
from lumyx.backups import BackupError
from privacy import erasure, tombstones
from privacy.models import Erasure, ErasureState


@dataclass(frozen=True)
class Restored:
    """What became of a backup that was restored."""

    erased: int
    """People who were erased since, and again now."""
    unproven: int
    """Those of them whose deletion a worker has still to prove or to tell other companies."""
    there: int
    """People who were erased since, and whom this database still holds."""
    broken: list[str]
    """What of the money is not as it must be."""


def restore(file: Path) -> Restored:
    """Fill our database, which must be empty, with a backup; nothing else may use it yet.

    Raises BackupError, and leaves the database empty then.
    """
    if connection.introspection.table_names():
        raise BackupError("This database is not empty. Make a new one and name it in DATABASE_URL.")
    backups.run(
        "pg_restore",
        f"--dbname={settings.DATABASES['default']['NAME']}",
        *("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"),
        str(file),
    )
    call_command("migrate", interactive=False, verbosity=0)
    partitions.make()
    # The backup does not know who has signed out since, or whose session was ended.
    Session.objects.all().delete()
    tombstones.copy(file.parent / backups.TOMBSTONES, Path(settings.TOMBSTONE_DIR))
    erased = erase_again()
    return Restored(
        erased=erased,
        unproven=Erasure.objects.filter(state=ErasureState.RUNNING).count(),
        there=len(tombstones.risen()),
        broken=[violation.sentence for violation in invariants.check()],
    )


def erase_again() -> int:
    """Erase whoever the backup brought back, at once; return how many of them are gone.

    No process knows them yet, so nothing is waited for; what other companies must be told is
    tried, and a worker goes on where they do not answer.
    """
    while ledger.release_expired():
        pass
    risen = tombstones.risen()
    erasure.replay()
    for found in Erasure.objects.filter(user__in=risen, state__in=erasure.UNDER_WAY):
        erasure.carry_out(str(found.pk), now=max(found.next_at, timezone.now()))
    return len(risen) - len(tombstones.risen())
