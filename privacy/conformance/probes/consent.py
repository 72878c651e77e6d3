"""Section 1: whoever uses the service has accepted the documents, each by its text."""

from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, QuerySet

from accounts.models import User
from privacy import policies
from privacy.conformance.finding import Clause, Finding, broken, count, kept
from privacy.models import Acceptance
from privacy.policies import Policy

ASKED = timedelta(hours=1)
"""How long somebody may look at the question before anything else; they answer it or leave."""


def accepted(now: datetime) -> Finding:
    """Find people who have gone about the site without having accepted what is in effect."""
    people = User.objects.filter(is_active=True, nabzclan_id__isnull=False)
    without = sum(_without(people, policy) for policy in policies.all_current(today=now.date()))
    everybody = people.count()
    if without:
        return broken(
            f"{count(without, 'receipt')} of {count(everybody, 'account')} are missing.",
            missing=without,
            accounts=everybody,
        )
    return kept(
        f"Nobody uses an account without a receipt; {count(everybody, 'account')} looked at.",
        missing=0,
        accounts=everybody,
    )


def _without(people: QuerySet[User], policy: Policy) -> int:
    receipt = Acceptance.objects.filter(
        user=OuterRef("pk"), kind=policy.kind, version=policy.version, sha256=policy.sha256
    )
    unasked = people.filter(~Exists(receipt))
    joined = unasked.filter(created_at__date__gte=policy.effective)
    about = unasked.filter(
        created_at__date__lt=policy.effective,
        sessions__last_seen_at__date__gte=policy.effective,
        sessions__last_seen_at__gt=F("sessions__created_at") + ASKED,
    )
    return joined.count() + about.distinct().count()


CLAUSES = [
    Clause(
        id="1-consent",
        section="1",
        sentences=(
            "By using the Service, you consent to the data practices described in this policy.",
        ),
        check="Mere use is never taken for consent: everybody who joined or came back since a"
        " document took effect has a receipt with its version and the digest of its text.",
        probe=accepted,
    )
]
