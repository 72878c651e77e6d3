"""The log of what staff saw of people: written before they see it, read by the person."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max
from django.utils import timezone

from accounts.models import User
from privacy import inventory, owners, secrecy
from privacy.models import KEPT_DAYS, Look, StaffAccess

KEPT = timedelta(days=KEPT_DAYS)
SHOWN = 50
"""How many of the latest looks a person sees at once; all are in their export."""

Seen = Mapping[type[Any], Iterable[object]]
"""Keys of rows, by their model."""


@dataclass(frozen=True)
class Looked:
    """What a member of staff saw of somebody on one page."""

    at: datetime
    what: str
    how: str
    rows: int
    row: str
    """The key of the row, where it is one."""
    reason: str


def note(staff: User, seen: Seen, *, how: Look, reason: str, now: datetime | None = None) -> int:
    """Write who sees which rows of whom, and why; return how many rows that are.

    Nobody's own rows are noted. Of this log itself a page is one row a person, whatever it shows:
    or else each look at it would be the longer, the more often it was looked at.
    """
    at = now or timezone.now()
    made = []
    for model, keys in seen.items():
        found = set(owners.of(model, keys).items())
        if model is StaffAccess:
            found = {("", user) for _, user in found}
        made += [
            StaffAccess(
                user_id=user,
                staff=staff,
                at=at,
                kind=model._meta.label,
                object_id=row,
                how=how,
                reason=reason,
            )
            for row, user in sorted(found)
            if user != staff.pk
        ]
    StaffAccess.objects.bulk_create(made)
    return len(made)


def of(user: User) -> tuple[list[Looked], int]:
    """Return the latest looks at somebody, newest first, and how many rows there are in all."""
    rows = secrecy.looks(user)
    titles = {entry.model._meta.label: entry.title for entry in inventory.data_sets()}
    pages = rows.values("at", "kind", "how", "reason", "staff").annotate(
        rows=Count("pk"), row=Max("object_id")
    )
    looks = [
        Looked(
            at=page["at"],
            what=titles.get(page["kind"], page["kind"]),
            how=Look(page["how"]).label,
            rows=page["rows"],
            row=page["row"] if page["rows"] == 1 else "",
            reason=page["reason"],
        )
        for page in pages.order_by("-at", "kind")[:SHOWN]
    ]
    return looks, rows.count()


def expire(*, now: datetime | None = None) -> dict[str, int]:
    """Delete what is older than 24 months."""
    old = StaffAccess.objects.filter(at__lte=(now or timezone.now()) - KEPT)
    return {"looks of staff": old.delete()[0]}
