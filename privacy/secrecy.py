"""What a person may not know of yet, because a law or a court forbids to tell them."""

from datetime import date

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from privacy.models import Disclosure, StaffAccess


def secret(*, today: date | None = None) -> QuerySet[Disclosure]:
    """Return the disclosures that their people may not know of yet (UTC)."""
    return Disclosure.objects.filter(secret_until__gt=today or timezone.now().date())


def disclosures(user: User, *, today: date | None = None) -> QuerySet[Disclosure]:
    """Return the disclosures that somebody may know of."""
    hidden = secret(today=today).values("pk")
    return Disclosure.objects.filter(person=user).exclude(pk__in=hidden)


def looks(user: User, *, today: date | None = None) -> QuerySet[StaffAccess]:
    """Return what staff saw of somebody, but for what would tell them of a secret disclosure."""
    hidden = secret(today=today).filter(person=user).values_list("pk", flat=True)
    return StaffAccess.objects.filter(user=user).exclude(
        kind=Disclosure._meta.label, object_id__in=[str(pk) for pk in hidden]
    )


def acts(user: User, found: QuerySet[LogEntry], *, today: date | None = None) -> QuerySet[LogEntry]:
    """Return what staff did to somebody's rows, but for what was done to a secret disclosure."""
    hidden = secret(today=today).filter(person=user).values_list("pk", flat=True)
    kind = ContentType.objects.get_for_model(Disclosure)
    return found.exclude(content_type=kind, object_id__in=[str(pk) for pk in hidden])
