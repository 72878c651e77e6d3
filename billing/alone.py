"""What a member of staff may move alone: so much a day, whatever it is called."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Sum
from django.db.models.functions import Abs
from django.utils import timezone

from accounts.models import User
from billing.models import (
    MICRO,
    MICRO_PER_CENT,
    Account,
    Adjustment,
    AdjustmentState,
    Code,
    Refund,
    RefundState,
)

SPLITTING_HOURS = 24
"""For so long what somebody moved alone counts towards what they may move alone."""


def is_too_much(account: Account, micro: int, *, by: User) -> bool:
    """Return whether somebody needs a second person to move so many micro-credits of an account.

    They do for their own, and where it is more than `APPROVAL_CREDITS` together with what they
    gave, corrected and paid back there alone within a day.
    """
    return account.user_id == by.pk or _exceeds(abs(micro) + _moved(account, by))


def codes_are_too_much(most: int | None, *, by: User) -> bool:
    """Return whether codes that give so many micro-credits at most, or without limit, need two.

    What the codes that somebody made alone within a day may give counts, used or not.
    """
    return most is None or _exceeds(most + _coded(by))


def _exceeds(micro: int) -> bool:
    return micro > settings.APPROVAL_CREDITS * MICRO


def _moved(account: Account, by: User) -> int:
    since = timezone.now() - timedelta(hours=SPLITTING_HOURS)
    alone = {"requested_by": by, "decided_by": None}
    given = Adjustment.objects.filter(
        account=account, state=AdjustmentState.DONE, requested_at__gt=since, **alone
    )
    back = Refund.objects.filter(
        order__account=account,
        state__in=[RefundState.APPROVED, RefundState.DONE],
        created_at__gt=since,
        **alone,
    )
    micro = given.aggregate(sum=Sum(Abs("amount")))["sum"] or 0
    cents = back.aggregate(sum=Sum("amount"))["sum"] or 0
    return int(micro) + int(cents) * MICRO_PER_CENT


def _coded(by: User) -> int:
    since = timezone.now() - timedelta(hours=SPLITTING_HOURS)
    made = Code.objects.filter(
        created_by=by, created_at__gt=since, waits=False, approved_at=None
    ).exclude(most=None)
    return sum(value * (most or 0) for value, most in made.values_list("value", "most"))
