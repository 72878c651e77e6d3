"""The banner that staff set: each process asks for it now and then, and ends it by the clock."""

from datetime import datetime

from django.db import DatabaseError
from django.utils import timezone

from gateway.models import SiteNotice
from gateway.remembered import Remembered

SECONDS = 15
"""After how long every process shows a change."""


def _not_over() -> list[SiteNotice]:
    return list(SiteNotice.objects.filter(ends_at__gt=timezone.now()).order_by("begins_at", "pk"))


_known = Remembered(_not_over, seconds=SECONDS)


def shown(*, now: datetime | None = None) -> SiteNotice | None:
    """Return the banner of a moment, the one that began last; nothing where nobody knows."""
    moment = now or timezone.now()
    try:
        rows = _known.get()
    except DatabaseError:
        return None
    current = [row for row in rows if row.begins_at <= moment < row.ends_at]
    return current[-1] if current else None


def forget() -> None:
    """Ask anew, since one changed."""
    _known.forget()
