"""Apply to an order what Stripe says of its payment: paid, refunded, disputed.

Events only say that there is something to see. What counts is Stripe's state as it is now, so it
does not matter in which order they come, how often, or whether some never do.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from billing import freezes, ledger
from billing.models import (
    MICRO_PER_CENT,
    LedgerKind,
    LowBalanceAlert,
    Order,
    OrderKind,
    OrderState,
)
from billing.soon import SEND_MAILS, soon
from billing.stripe_api import MISSING, StripeRefused, api, errors_as_ours, id_in

log = logging.getLogger("lumyx.billing")

MOST_VIEWS = 5
"""How often Stripe is asked again because somebody else applied a view meanwhile."""
PAUSES = [timedelta(minutes=m) for m in (1, 2, 5, 15, 30, 60, 120, 360)]
MISMATCH = "mismatch"
"""The failure of an order whose payment is not the one that was asked for."""
NOTHING_WITHHELD = {
    "prevented",
    "warning_closed",
    "warning_needs_response",
    "warning_under_review",
    "won",
}
"""Disputes that are over, and inquiries, which take no money."""


class Busy(Exception):
    """Others apply what Stripe says of the same order; to be tried again soon."""


@dataclass(frozen=True)
class View:
    """What Stripe says of an order at one moment; amounts are cents.

    `paid` is None where no payment succeeded. `over` says that none can succeed any more.
    """

    payment_intent: str = ""
    paid: int | None = None
    currency: str = ""
    livemode: bool = False
    refunded: int = 0
    disputed: int = 0
    lost: int = 0
    tax: int = 0
    invoice: str = ""
    over: OrderState | None = None
    failure: str = ""


def apply(order_id: Any) -> Order:
    """Bring an order up to date with Stripe; raises StripeDown or Busy.

    The network is asked before anything is locked. Whoever was overtaken meanwhile looks again.
    """
    for _ in range(MOST_VIEWS):
        order = Order.objects.get(pk=order_id)
        view = look(order)
        applied = _apply(order, view)
        if applied is not None:
            return applied
    raise Busy


def look(order: Order) -> View:
    """Ask Stripe how an order stands; raises StripeDown."""
    if order.payment_intent:
        # Nobody is there to try again with another card where nobody was asked.
        over = OrderState.FAILED if order.kind == OrderKind.AUTOMATIC else None
        return _of_intent(_intent(order.payment_intent), over=over)
    if not order.checkout_session:
        return View()
    with errors_as_ours():
        session: Any = api().checkout.sessions.retrieve(
            order.checkout_session, {"expand": ["payment_intent.latest_charge"]}
        )
    over = OrderState.EXPIRED if session.status == "expired" else None
    if session.payment_intent is None:
        return View(over=over)
    details = session.total_details
    return _of_intent(
        session.payment_intent,
        tax=details.amount_tax if details else 0,
        invoice=id_in(session, "invoice"),
        over=over,
    )


def _intent(intent_id: str) -> Any:
    with errors_as_ours():
        return api().payment_intents.retrieve(intent_id, {"expand": ["latest_charge"]})


def _of_intent(
    intent: Any, *, tax: int = 0, invoice: str = "", over: OrderState | None = None
) -> View:
    if intent.status != "succeeded":
        error = intent.last_payment_error
        failure = str(getattr(error, "code", "") or "")[:40] if error is not None else ""
        gone = OrderState.FAILED if intent.status == "canceled" else over
        if intent.status == "processing":
            gone = None
        return View(payment_intent=intent.id, over=gone, failure=failure)
    charge = intent.latest_charge
    disputed, lost = _disputes(intent.id) if charge.disputed else (0, 0)
    return View(
        payment_intent=intent.id,
        paid=intent.amount_received,
        currency=intent.currency,
        livemode=intent.livemode,
        refunded=charge.amount_refunded,
        disputed=disputed,
        lost=lost,
        tax=tax,
        invoice=invoice,
    )


def _disputes(intent_id: str) -> tuple[int, int]:
    """Return what open disputes withhold, and what lost ones took."""
    disputed = lost = 0
    with errors_as_ours():
        found = api().disputes.list({"payment_intent": intent_id, "limit": 100})
        for dispute in found.auto_paging_iter():
            if dispute.status == "lost":
                lost += dispute.amount
            elif dispute.status not in NOTHING_WITHHELD:
                disputed += dispute.amount
    return disputed, lost


@transaction.atomic
def _apply(seen: Order, view: View) -> Order | None:
    """Apply a view to the order as it was before the look; None where it has changed since.

    Lock order: order, then account.
    """
    order = Order.objects.select_for_update().get(pk=seen.pk)
    if order.version != seen.version:
        return None
    order.version += 1
    if view.payment_intent and order.payment_intent is None:
        order.payment_intent = view.payment_intent
    if view.paid is not None and order.paid_at is None:
        _credit(order, view)
    if order.paid_at is not None:
        _take_back(order, view)
    elif view.over is not None and order.state == OrderState.OPEN:
        order.state, order.failure = view.over, view.failure
    order.checks += 1
    order.next_check_at = timezone.now() + PAUSES[min(order.checks, len(PAUSES)) - 1]
    order.save()
    freezes.review(order.account_id)
    return order


def _credit(order: Order, view: View) -> None:
    """Give what was paid for, once; nothing where the payment is not the one asked for."""
    same = (view.paid, view.currency, view.livemode) == (
        order.amount,
        order.currency,
        order.livemode,
    )
    if not same or order.payment_intent != view.payment_intent:
        log.error("alarm: the payment of order %s is not the one that was asked for", order.id)
        order.failure = MISMATCH
        return
    posted = ledger.post(
        account=order.account_id,
        kind=LedgerKind.TOP_UP,
        amount=order.micro,
        reference=str(order.payment_intent),
    )
    if posted is None:
        log.error("alarm: the payment of order %s was credited to another", order.id)
        order.failure = "credited before"
        return
    if order.bonus:
        ledger.post(
            account=order.account_id,
            kind=LedgerKind.GRANT,
            amount=order.bonus,
            reference=f"bonus {order.id.hex}",
            bonus=True,
        )
    order.state, order.failure = OrderState.PAID, ""
    order.paid_at = timezone.now()
    order.receipt = _next_receipt()
    order.tax, order.invoice = view.tax, view.invoice
    LowBalanceAlert.objects.get_or_create(account_id=order.account_id)
    transaction.on_commit(lambda: soon(SEND_MAILS))


def _next_receipt() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select nextval('billing_receipt_number')")
        return int(cursor.fetchone()[0])


def _take_back(order: Order, view: View) -> None:
    """Move what went back to the payer since the last view, or came again: the difference."""
    _move(order, LedgerKind.REFUND, view.refunded - order.refunded)
    _move(order, LedgerKind.DISPUTE, view.lost - order.lost)
    order.refunded, order.lost = view.refunded, view.lost
    order.disputed = view.disputed
    # What came on top goes with what it came for, in proportion.
    gone = min(order.refunded + order.lost, order.amount)
    taken = order.bonus * gone // order.amount
    if taken != order.bonus_taken:
        ledger.post(
            account=order.account_id,
            kind=LedgerKind.ADJUSTMENT,
            amount=order.bonus_taken - taken,
            reference=f"bonus {order.id.hex} {order.version}",
            bonus=taken < order.bonus_taken,
        )
        order.bonus_taken = taken


def _move(order: Order, kind: LedgerKind, cents: int) -> None:
    if cents:
        ledger.post(
            account=order.account_id,
            kind=kind,
            amount=-cents * MICRO_PER_CENT,
            reference=f"{order.id.hex} {order.version}",
        )


def check_waiting(*, limit: int = 100) -> int:
    """Look after open orders whose events may never come; return how many were looked at."""
    due = Order.objects.filter(
        kind=OrderKind.CHECKOUT,
        state=OrderState.OPEN,
        next_check_at__lte=timezone.now() - PAUSES[0],
        checkout_session__isnull=False,
    ).order_by("next_check_at")[:limit]
    looked = 0
    for order in due:
        try:
            apply(order.pk)
        except Busy:
            log.warning("order %s is looked at by others", order.pk)
        except StripeRefused as refused:
            log.error("alarm: order %s cannot be looked at: %s", order.pk, refused)
            gone = {"state": OrderState.EXPIRED, "failure": "missing"}
            Order.objects.filter(pk=order.pk, state=OrderState.OPEN).update(
                version=F("version") + 1,
                next_check_at=timezone.now() + PAUSES[-1],
                **(gone if str(refused) == MISSING else {}),
            )
        looked += 1
    return looked
