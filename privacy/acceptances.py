"""Who has accepted what."""

import hashlib

from accounts.models import User
from privacy import policies
from privacy.models import Acceptance
from privacy.policies import Policy

AGE = "I am 13 or older"
"""What newcomers affirm; no birth date is asked for."""


def affirm_age(user: User) -> None:
    """Record that somebody said to be old enough."""
    words = hashlib.sha256(AGE.encode()).hexdigest()
    Acceptance.objects.get_or_create(user=user, kind="age", version="13", sha256=words)


def record(user: User, accepted: list[Policy]) -> None:
    """Record that somebody accepts these documents now; what was recorded before stays."""
    Acceptance.objects.bulk_create(
        [Acceptance(user=user, kind=p.kind, version=p.version, sha256=p.sha256) for p in accepted],
        ignore_conflicts=True,
    )


def missing(user: User) -> list[Policy]:
    """Return the documents in effect that somebody has not accepted."""
    known = set(user.acceptances.values_list("kind", "version"))
    return [p for p in policies.all_current() if (p.kind, p.version) not in known]


def receipts(user: User) -> list[Acceptance]:
    """Return everything somebody has accepted, newest first."""
    return list(user.acceptances.order_by("-accepted_at", "kind"))
