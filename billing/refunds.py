"""Pay unspent credits back to where the payment came from, as staff order it."""

import logging
import uuid
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from accounts.models import User
from billing import alone, ids, ledger, payments
from billing.holds import Closing, HoldRequest, OpenHold
from billing.models import (
    MICRO_PER_CENT,
    Account,
    Hold,
    HoldState,
    Order,
    OrderState,
    Refund,
    RefundState,
)
from billing.stripe_api import CardDeclined, StripeDown, StripeRefused, api, errors_as_ours

log = logging.getLogger("lumyx.billing")


class CannotRefund(Exception):
    """What was asked for cannot be paid back; the text says why, for staff."""


class SamePerson(CannotRefund):
    """Whoever asked for a refund that waits, or would have it, does not approve it as well."""


class RequestDiffers(CannotRefund):
    """Another refund was asked for under this id."""


SENT_BEFORE = "This form was sent before. Nothing was paid back this time; begin a new one."
REQUESTED = ("order_id", "amount", "reason", "requested_by_id")


def most(order: Order) -> int:
    """Return how much of an order can be paid back: what was bought and is unspent, in cents."""
    if order.state != OrderState.PAID or order.disputed:
        return 0
    account = Account.objects.get(pk=order.account_id)
    # What came on top goes with it, so it does not count as unspent, nor does what is held.
    unspent = (account.balance - account.held - account.bonus) // MICRO_PER_CENT
    on_their_way = order.refunds.filter(
        state__in=[RefundState.WAITING, RefundState.APPROVED]
    ).aggregate(sum=Sum("amount"))["sum"]
    return max(0, min(order.kept - int(on_their_way or 0), unspent))


def request(
    order: Order, *, cents: int, reason: str, by: User, id: uuid.UUID | None = None
) -> Refund:
    """Ask for a refund; up to the limit it is made at once, above it a second person decides.

    What the same person moved alone for this account within a day counts towards the limit, and
    nobody pays themselves back alone. What was asked for under the same id before is returned as
    it stands: so a form that was sent twice pays back once. Raises CannotRefund, and
    RequestDiffers where that was something else.
    """
    with transaction.atomic():
        order = Order.objects.select_for_update().get(pk=order.pk)
        wanted = Refund(
            id=id or uuid.uuid4(), order=order, amount=cents, reason=reason, requested_by=by
        )
        earlier = Refund.objects.filter(pk=wanted.pk).first()
        if earlier is not None:
            if any(getattr(earlier, name) != getattr(wanted, name) for name in REQUESTED):
                raise RequestDiffers(SENT_BEFORE)
            return earlier
        if not 0 < cents <= most(order):
            raise CannotRefund(f"At most {most(order)} cents of this order are unspent.")
        account = Account.objects.select_for_update().get(pk=order.account_id)
        small = not waits(account, cents, by=by)
        wanted.state = RefundState.APPROVED if small else RefundState.WAITING
        wanted.save(force_insert=True)
    if small:
        carry_out(wanted.pk)
        wanted.refresh_from_db()
    return wanted


def waits(account: Account, cents: int, *, by: User) -> bool:
    """Return whether a refund that somebody asks for would wait for a second person now."""
    return alone.is_too_much(account, cents * MICRO_PER_CENT, by=by)


def approve(refund: Refund, *, by: User) -> Refund:
    """Approve a refund that waits, and make it; raises CannotRefund."""
    if by.pk in (refund.requested_by_id, refund.order.account.user_id):
        raise SamePerson("Somebody else has to approve this.")
    _decide(refund, RefundState.APPROVED, by)
    carry_out(refund.pk)
    refund.refresh_from_db()
    return refund


def decline(refund: Refund, *, by: User) -> Refund:
    """Decline a refund that waits; raises CannotRefund."""
    _decide(refund, RefundState.DECLINED, by)
    refund.refresh_from_db()
    return refund


def _decide(refund: Refund, state: RefundState, by: User) -> None:
    changed = Refund.objects.filter(pk=refund.pk, state=RefundState.WAITING).update(
        state=state, decided_by=by, decided_at=timezone.now()
    )
    if not changed:
        raise CannotRefund("This was decided already.")


def carry_out(refund_id: uuid.UUID) -> None:
    """Make an approved refund, as often as it takes, once.

    The credits are held while Stripe is asked, so that they cannot be spent meanwhile. A process
    that was killed leaves its hold, which keeps others away until it expires.
    """
    refund = Refund.objects.select_related("order").get(pk=refund_id)
    if refund.state != RefundState.APPROVED or _held(refund):
        return
    hold = None
    try:
        stripe_id = _find(refund)
        if not stripe_id:
            hold = _hold(refund)
            if hold is None:
                if not _held(refund):
                    _refuse(refund, "the credits are not there any more")
                return
            stripe_id = _make(refund)
        _finish(refund, stripe_id)
    except (StripeRefused, CardDeclined) as refused:
        _refuse(refund, str(refused))
    except StripeDown as error:
        log.warning("refund %s waits for Stripe: %s", refund.id, type(error).__name__)
    finally:
        if hold is not None:
            ledger.close_now([Closing(hold, 0, HoldState.RELEASED, None)])


def _make(refund: Refund) -> str:
    with errors_as_ours():
        made = api().refunds.create(
            {
                "payment_intent": str(refund.order.payment_intent),
                "amount": refund.amount,
                "reason": "requested_by_customer",
                "metadata": {"refund": str(refund.id)},
            },
            {"idempotency_key": f"refund {refund.id}"},
        )
    return made.id


def _find(refund: Refund) -> str:
    """Return Stripe's id of a refund that an earlier try made, also where we never heard of it."""
    with errors_as_ours():
        found: Any = api().refunds.list(
            {"payment_intent": str(refund.order.payment_intent), "limit": 100}
        )
        for made in found.auto_paging_iter():
            metadata = made.metadata.to_dict() if made.metadata is not None else {}
            if metadata.get("refund") == str(refund.id):
                return str(made.id)
    return ""


def _finish(refund: Refund, stripe_id: str) -> None:
    """Take the credits of a refund that Stripe made; it is done once they are taken."""
    Refund.objects.filter(pk=refund.pk).update(stripe_id=stripe_id)
    try:
        payments.apply(refund.order_id)
    except (StripeDown, StripeRefused, payments.Busy) as error:
        log.warning("refund %s is to be taken yet: %s", refund.id, type(error).__name__)
        return
    Refund.objects.filter(pk=refund.pk).update(state=RefundState.DONE)


def hear_of_failure(refund_id: str) -> None:
    """Note that a bank sent the money of a refund of ours back; its credits are back as well."""
    try:
        made = Refund.objects.filter(pk=uuid.UUID(refund_id)).exclude(state=RefundState.REFUSED)
    except ValueError:
        return
    for refund in made:
        log.error("alarm: refund %s came back from the bank", refund.id)
        _refuse(refund, "it came back from the bank")


def _held(refund: Refund) -> bool:
    return Hold.objects.filter(
        account=refund.order.account_id, request_id=_request(refund), state=HoldState.OPEN
    ).exists()


def _hold(refund: Refund) -> OpenHold | None:
    amount = refund.amount * MICRO_PER_CENT
    return ledger.authorize_now(
        [
            HoldRequest(
                account=refund.order.account_id,
                request_id=_request(refund),
                want=amount,
                need=amount,
                hold=ids.new(),
                fingerprint=refund.id.hex,  # frees the request id once the hold is released
            )
        ]
    )[0]


def _request(refund: Refund) -> str:
    return f"refund {refund.id.hex}"


def _refuse(refund: Refund, why: str) -> None:
    log.warning("refund %s was refused: %s", refund.id, why)
    Refund.objects.filter(pk=refund.pk).update(state=RefundState.REFUSED, problem=why[:80])


def carry_on(*, limit: int = 100) -> int:
    """Go on with the refunds that wait for Stripe; return how many there were."""
    waiting = Refund.objects.filter(
        state=RefundState.APPROVED, created_at__lt=timezone.now() - timedelta(seconds=30)
    ).order_by("created_at")
    ids = list(waiting.values_list("pk", flat=True)[:limit])
    for refund_id in ids:
        carry_out(refund_id)
    return len(ids)
