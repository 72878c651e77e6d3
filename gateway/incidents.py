"""Incidents and planned work: which are open, which are over, and the banner of the worst (UTC)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import DatabaseError
from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone

from gateway.models import Impact, Incident, IncidentState, IncidentUpdate
from gateway.remembered import Remembered

SHOWN_DAYS = 90
"""How far back the page of the status goes; older ones are by month."""
BANNER_SECONDS = 15


@dataclass(frozen=True)
class Banner:
    """What every page says while something major is wrong."""

    title: str
    text: str
    url: str


def _with_updates() -> QuerySet[Incident]:
    updates = IncidentUpdate.objects.select_related("incident")
    return Incident.objects.prefetch_related(Prefetch("updates", queryset=updates))


def _not_over(now: datetime) -> Q:
    return Q(resolved_at=None) & (Q(planned=False) | Q(ends_at__gt=now))


def under_way(now: datetime) -> list[Incident]:
    """Return what is going on, the newest first; planned work, too."""
    return list(_with_updates().filter(_not_over(now), started_at__lte=now))


def ahead(now: datetime) -> list[Incident]:
    """Return planned work that has not begun, the soonest first."""
    coming = _with_updates().filter(_not_over(now), started_at__gt=now)
    return list(coming.order_by("started_at", "pk"))


def past(now: datetime) -> list[Incident]:
    """Return what began within the last 90 days and is over, the newest first."""
    since = now - timedelta(days=SHOWN_DAYS)
    return list(_with_updates().filter(started_at__gt=since).exclude(_not_over(now)))


def of_month(begin: datetime) -> list[Incident]:
    """Return what began in a month, the newest first."""
    rows = _with_updates().filter(started_at__gte=begin, started_at__lt=next_month(begin))
    return list(rows.filter(started_at__lte=timezone.now()))


def next_month(begin: datetime) -> datetime:
    """Return the beginning of the month after one."""
    year, month = divmod(begin.year * 12 + begin.month, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC)


def last_month(begin: datetime) -> datetime:
    """Return the beginning of the month before one."""
    year, month = divmod(begin.year * 12 + begin.month - 2, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC)


def first_month() -> datetime:
    """Return the beginning of the month of the oldest incident, or of this month."""
    oldest = Incident.objects.order_by("started_at").values_list("started_at", flat=True).first()
    begin = min(oldest or timezone.now(), timezone.now()).astimezone(UTC)
    return datetime(begin.year, begin.month, 1, tzinfo=UTC)


def settle(incident: Incident) -> None:
    """Have an incident end with the update that says so, or go on where none does any more."""
    said = incident.updates.filter(state=IncidentState.RESOLVED).order_by("-at").first()
    if said is not None and incident.resolved_at is None:
        incident.resolved_at = max(said.at, incident.started_at)
        incident.save(update_fields=["resolved_at"])


def _worst() -> Banner | None:
    now = timezone.now()
    rows = Incident.objects.filter(_not_over(now), started_at__lte=now, impact=Impact.MAJOR)
    worst = rows.order_by("planned", "-started_at").first()
    if worst is None:
        return None
    text = f"It touches: {', '.join(worst.affected_words)}." if worst.affected else ""
    return Banner(f"{worst.title.rstrip('.')}.", text, worst.get_absolute_url())


_banner = Remembered(_worst, seconds=BANNER_SECONDS)


def banner() -> Banner | None:
    """Return what every page should say now, or nothing; asks the database now and then."""
    try:
        return _banner.get()
    except DatabaseError:
        return None


def forget() -> None:
    """Ask for the banner anew, since an incident changed."""
    _banner.forget()
