"""Everything held about somebody, as a file for them: asked for, made, fetched, gone again."""

import logging
import os
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from billing.soon import soon
from privacy import archive, inventory
from privacy.models import Export, ExportState

log = logging.getLogger("lumyx.privacy")

BUILD = "privacy.tasks.build_export"
SILENT = timedelta(minutes=5)
"""How long a worker may be silent before its export is made anew by another."""
TRIES = 5
MOST_A_DAY = 4
"""Exports that one may ask for within 24 hours."""
KEPT = timedelta(days=settings.EXPORT_DAYS)


class TooMany(Exception):
    """Somebody has asked for as many exports as a day allows."""


def ask(user: User, *, now: datetime | None = None) -> Export:
    """Return the export that is under way, or a new one that waits for a worker.

    Raises TooMany.
    """
    moment = now or timezone.now()
    known = under_way(user)
    if known is not None:
        return known
    lately = Export.objects.filter(user=user, asked_at__gt=moment - timedelta(days=1))
    if lately.count() >= MOST_A_DAY:
        raise TooMany
    try:
        with transaction.atomic():
            return Export.objects.create(user=user, asked_at=moment, moved_at=moment)
    except IntegrityError:
        # Asked for twice in the same moment.
        return Export.objects.get(user=user, state__in=[ExportState.WAITING, ExportState.BUILDING])


def hand_over(export: Export) -> None:
    """Hand an export to a worker once it is stored; without a broker, beat does so later."""
    transaction.on_commit(lambda: soon(BUILD, str(export.pk)))


def under_way(user: User) -> Export | None:
    """Return the export that is being made for somebody, if any."""
    return Export.objects.filter(
        user=user, state__in=[ExportState.WAITING, ExportState.BUILDING]
    ).first()


def of(user: User, *, now: datetime | None = None) -> list[Export]:
    """Return somebody's exports that have not ended, newest first."""
    ended = Q(expires_at__lte=now or timezone.now())
    return list(Export.objects.filter(user=user).exclude(ended).order_by("-asked_at"))


def fetch(user: User, name: str, *, now: datetime | None = None) -> Export | None:
    """Return somebody's own export if it can be downloaded now, else nothing."""
    found = Export.objects.filter(
        pk=name, user=user, state=ExportState.READY, expires_at__gt=now or timezone.now()
    ).first()
    return found if found is not None and found.path.exists() else None


def claim(name: str, *, now: datetime | None = None) -> Export | None:
    """Take an export that waits, or whose worker fell silent; nothing where others have it."""
    moment = now or timezone.now()
    free = Q(state=ExportState.WAITING) | Q(
        state=ExportState.BUILDING, moved_at__lt=moment - SILENT
    )
    taken = Export.objects.filter(free, pk=name).update(
        state=ExportState.BUILDING, moved_at=moment, tries=F("tries") + 1, rows_done=0
    )
    return Export.objects.select_related("user").get(pk=name) if taken else None


def build(name: str, *, now: datetime | None = None) -> bool:
    """Make an export; return whether it was made here."""
    export = claim(name, now=now)
    if export is None:
        return False
    if export.tries > TRIES:
        Export.objects.filter(pk=export.pk).update(state=ExportState.FAILED)
        log.error("alarm: export %s could not be made", export.pk)
        return False
    _note(export, rows_expected=_count(export.user))
    export.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = export.path.with_suffix(f".{export.tries}.draft")
    try:
        _write(export, draft, now=now or timezone.now())
    finally:
        draft.unlink(missing_ok=True)
    return True


def _count(user: User) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = '300s'")
        return sum(entry.shown_to(user).count() for entry in inventory.data_sets())


def _write(export: Export, draft: Path, *, now: datetime) -> None:
    # Nobody but us may read the file.
    os.close(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
    archive.write(
        export.user,
        inventory.data_sets(),
        draft,
        now=now,
        moved=lambda rows: _note(export, rows_done=F("rows_done") + rows),
    )
    size = draft.stat().st_size
    draft.replace(export.path)
    made = _note(export, state=ExportState.READY, ready_at=now, expires_at=now + KEPT, size=size)
    if not made:
        # Its owner was erased, or another worker took over, meanwhile.
        export.path.unlink(missing_ok=True)


def _note(export: Export, **values: object) -> bool:
    """Write progress down, if the export is still this worker's."""
    mine = Export.objects.filter(pk=export.pk, state=ExportState.BUILDING, tries=export.tries)
    return bool(mine.update(moved_at=timezone.now(), **values))


def to_make(*, now: datetime | None = None) -> list[str]:
    """Return the exports that wait, or whose worker has fallen silent."""
    silent = (now or timezone.now()) - SILENT
    found = Export.objects.filter(
        Q(state=ExportState.WAITING) | Q(state=ExportState.BUILDING, moved_at__lt=silent)
    )
    return [str(pk) for pk in found.order_by("asked_at").values_list("pk", flat=True)[:100]]


def expire(*, now: datetime | None = None) -> dict[str, int]:
    """Delete exports that have ended, and files that no export owns."""
    moment = now or timezone.now()
    old = Export.objects.filter(
        Q(expires_at__lte=moment) | Q(state=ExportState.FAILED, asked_at__lte=moment - KEPT)
    )
    rows = 0
    for export in old:
        export.path.unlink(missing_ok=True)
        rows += export.delete()[0]
    return {"exports": rows, "exports' files": _sweep_files(moment)}


def _sweep_files(moment: datetime) -> int:
    directory = Path(settings.EXPORT_DIR)
    if not directory.is_dir():
        return 0
    owned = {str(pk) for pk in Export.objects.values_list("pk", flat=True)}
    gone = 0
    for file in directory.iterdir():
        age = moment.timestamp() - file.stat().st_mtime
        draft = file.suffix == ".draft"
        if (draft and age > SILENT.total_seconds() * 12) or (
            file.suffix == ".zip" and file.stem not in owned
        ):
            file.unlink(missing_ok=True)
            gone += 1
    return gone
