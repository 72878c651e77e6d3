"""Section 9: nobody under 13."""

import re
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef

from accounts.models import User
from privacy.conformance import catalogue
from privacy.conformance.finding import Clause, Finding, broken, count, kept
from privacy.models import Acceptance, DataRequest, RequestKind, RequestState

BIRTH = re.compile(r"(?:^|_)(?:birth\w*|dob|born\w*|age)(?:_|$)")


def affirmed(now: datetime) -> Finding:
    """Find customers who never said to be old enough, and columns with a date of birth."""
    people = User.objects.filter(is_active=True, nabzclan_id__isnull=False)
    said = Acceptance.objects.filter(user=OuterRef("pk"), kind="age")
    everybody, unsaid = people.count(), people.filter(~Exists(said)).count()
    births = [c.full_name for c in catalogue.columns() if BIRTH.search(c.name)]
    figures: dict[str, Any] = {
        "accounts": everybody,
        "not_affirmed": unsaid,
        "birth_columns": len(births),
    }
    if unsaid or births:
        return broken(
            f"{count(unsaid, 'account')} never affirmed an age of 13 or more;"
            f" {count(len(births), 'column')} could hold a date of birth.",
            details=", ".join(births),
            **figures,
        )
    return kept(
        f"Everybody affirmed to be 13 or older; {count(everybody, 'account')} looked at. No date of"
        " birth is stored.",
        **figures,
    )


def reports(now: datetime) -> Finding:
    """Find reports of a child's account that wait for longer than 72 hours."""
    found = DataRequest.objects.filter(kind=RequestKind.CHILD, state=RequestState.OPEN)
    late = found.filter(due_at__lt=now).count()
    figures: dict[str, Any] = {"open": found.count(), "late": late}
    if late:
        return broken(f"{count(late, 'report')} have waited for more than 72 hours.", **figures)
    return kept(
        f"{count(figures['open'], 'report')} of a child's account open, none for more than 72"
        " hours.",
        **figures,
    )


CLAUSES = [
    Clause(
        id="9-age",
        section="9",
        sentences=(
            "The Service is not intended for children under the age of 13.",
            "We do not knowingly collect personal information from children under 13.",
        ),
        check="Every account must have affirmed at its first sign-in that its owner is 13 or"
        " older, and no column of the database may hold a date of birth.",
        probe=affirmed,
    ),
    Clause(
        id="9-reports",
        section="9",
        sentences=(
            "If we become aware that we have collected data from a child under 13, we will take"
            " steps to delete it promptly.",
        ),
        check="No report of a child's account may wait for more than 72 hours.",
        probe=reports,
    ),
]
