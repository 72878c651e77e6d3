"""Grants and corrections by staff: small ones at once, others when a second person agrees."""

import uuid

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from billing import alone, freezes, ledger
from billing.models import (
    Account,
    Adjustment,
    AdjustmentKind,
    AdjustmentState,
    LedgerKind,
)

REQUESTED = ("account_id", "kind", "amount", "bonus", "reason", "requested_by_id")
LEDGER_KINDS = {
    AdjustmentKind.GRANT: LedgerKind.GRANT,
    AdjustmentKind.CORRECTION: LedgerKind.ADJUSTMENT,
}


class SamePerson(Exception):
    """Who asked for an adjustment, or would have it, may not approve it."""


class RequestDiffers(Exception):
    """Another adjustment was requested under this id."""


class NotWaiting(Exception):
    """The adjustment has been decided before."""


@transaction.atomic
def request(
    *,
    account: Account,
    kind: AdjustmentKind,
    amount: int,
    reason: str,
    by: User,
    bonus: bool = False,
    id: uuid.UUID | None = None,
) -> Adjustment:
    """Give or correct micro-credits, or let that wait for a second person's approval.

    It waits where it is more than `APPROVAL_CREDITS`, together with what the same person gave,
    corrected and paid back alone for this account within 24 hours, or where the account is their
    own. What was requested under the same id before is returned as it stands: so a form that was
    sent twice moves money once. Raises RequestDiffers where that was something else, and Django's
    ValidationError where a value is out of bounds.
    """
    # Under this lock nobody else can move the account's money, nor request for it.
    held = Account.objects.select_for_update().get(pk=account.pk)
    adjustment = Adjustment(
        id=id or uuid.uuid4(),
        account=held,
        kind=kind,
        amount=amount,
        bonus=bonus,
        reason=reason.strip(),
        requested_by=by,
    )
    earlier = Adjustment.objects.filter(pk=adjustment.pk).first()
    if earlier is not None:
        if any(getattr(earlier, name) != getattr(adjustment, name) for name in REQUESTED):
            raise RequestDiffers
        return earlier
    adjustment.full_clean()
    adjustment.save(force_insert=True)
    if not waits(held, amount, by=by):
        _carry_out(adjustment, held)
        adjustment.save(update_fields=["state", "decided_at"])
    return adjustment


def waits(account: Account, amount: int, *, by: User) -> bool:
    """Return whether somebody's request for micro-credits would wait for a second person now."""
    return alone.is_too_much(account, amount, by=by)


@transaction.atomic
def approve(adjustment: Adjustment, by: User) -> Adjustment:
    """Carry out a waiting adjustment; return it as it then stands.

    Raises SamePerson for who requested it or owns the account, and NotWaiting where it has been
    decided before.
    """
    row = _waiting(adjustment)
    held = Account.objects.select_for_update().get(pk=row.account_id)
    if by.pk in (row.requested_by_id, held.user_id):
        raise SamePerson
    _carry_out(row, held)
    return _decided(row, by)


@transaction.atomic
def decline(adjustment: Adjustment, by: User) -> Adjustment:
    """Refuse a waiting adjustment, or withdraw one's own; raises NotWaiting."""
    row = _waiting(adjustment)
    row.state = AdjustmentState.DECLINED
    return _decided(row, by)


def _waiting(adjustment: Adjustment) -> Adjustment:
    row = Adjustment.objects.select_for_update().get(pk=adjustment.pk)
    if row.state != AdjustmentState.WAITING:
        raise NotWaiting
    return row


def _decided(row: Adjustment, by: User) -> Adjustment:
    row.decided_by = by
    row.decided_at = timezone.now()
    row.save(update_fields=["state", "decided_by", "decided_at"])
    return row


def _carry_out(row: Adjustment, held: Account) -> None:
    """Move the money of an account that is locked, unless it is not there."""
    row.decided_at = timezone.now()
    if row.amount < 0 and held.available + row.amount < 0:
        row.state = AdjustmentState.REFUSED
        return
    ledger.post(
        account=held.id,
        kind=LEDGER_KINDS[AdjustmentKind(row.kind)],
        amount=row.amount,
        reference=f"adjustment {row.id.hex}",
        bonus=row.bonus,
    )
    freezes.review(held.id)
    row.state = AdjustmentState.DONE
