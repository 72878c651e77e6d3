"""Who has accepted what."""

from accounts.models import User
from privacy import policies
from privacy.models import Acceptance
from privacy.policies import Policy


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
