"""Tell everybody by mail of a material change, 14 days before it takes effect."""

from datetime import date, datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import mail
from accounts.models import User
from privacy import policies
from privacy.models import Notice
from privacy.policies import Policy

SILENT = timedelta(minutes=30)
"""After so long a worker that claimed a notice is taken for dead, and another sends it."""


def send(*, limit: int = 500, now: datetime | None = None) -> int:
    """Send mail that is due, at most so many; return how many went out."""
    moment = now or timezone.now()
    sent = 0
    for policy in coming(today=moment.date()):
        for user in waiting(policy, now=moment)[: limit - sent]:
            sent += _tell(user, policy, now=moment)
    return sent


def coming(*, today: date | None = None) -> list[Policy]:
    """Return the versions that people are to be told of."""
    return [policy for policy in policies.announced(today=today) if policy.material]


def waiting(policy: Policy, *, now: datetime | None = None) -> QuerySet[User]:
    """Return who is still to be told: everybody with an address, whatever mail they chose.

    Who has none, and who comes later, sees the notice on the site.
    """
    silent = (now or timezone.now()) - SILENT
    served = Notice.objects.filter(
        Q(mailed_at__isnull=False) | Q(claimed_at__gt=silent),
        kind=policy.kind,
        version=policy.version,
    )
    people = User.objects.filter(is_active=True).exclude(email="")
    return people.exclude(pk__in=served.values("user")).order_by("created_at")


def _tell(user: User, policy: Policy, *, now: datetime) -> bool:
    mine = {"user": user, "kind": policy.kind, "version": policy.version}
    _, new = Notice.objects.get_or_create(**mine, defaults={"claimed_at": now})
    silent = Notice.objects.filter(**mine, mailed_at=None, claimed_at__lte=now - SILENT)
    if not new and not silent.update(claimed_at=now):
        return False
    context = {
        "policy": policy,
        "text": mail.address("policy_version", policy.kind, policy.version),
        "changes": mail.address("policy_versions", policy.kind),
    }
    subject = f"A new {policy.title.lower()} takes effect on {policy.effective:%d %B %Y}"
    if not mail.send(
        user,
        mail.About.DOCUMENTS,
        subject=subject,
        template="privacy/mail/notice.txt",
        context=context,
    ):
        Notice.objects.filter(**mine, mailed_at=None).delete()
        return False
    Notice.objects.filter(**mine).update(mailed_at=timezone.now())
    return True


def late(*, now: datetime | None = None) -> int:
    """Return how many people a version less than 14 days away has not reached; more is a fault.

    Who joined after that moment is not counted: they were shown the notice when they came.
    """
    moment = now or timezone.now()
    count = 0
    for policy in coming(today=moment.date()):
        last = policy.effective - policies.AHEAD
        if moment.date() >= last:
            count += waiting(policy, now=moment).filter(created_at__date__lt=last).count()
    return count
