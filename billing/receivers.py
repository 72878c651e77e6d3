"""What follows for us from each of Stripe's events: look at the order again, mostly."""

import uuid
from collections.abc import Callable
from typing import Any

from billing import automatic, payments, refunds
from billing.models import Order, OrderKind, OrderState
from billing.stripe_api import StripeRefused, api, errors_as_ours, id_in


def receive(event: Any) -> None:
    """Act on an event; raises StripeDown or payments.Busy to be given it again."""
    receiver = RECEIVERS.get(event.type)
    if receiver is not None:
        receiver(event.data.object)


def find_order(thing: Any) -> Order | None:
    """Return the order that an object of Stripe's belongs to, None where it is none of ours."""
    kind = thing.object
    if kind == "checkout.session":
        return Order.objects.filter(checkout_session=thing.id).first()
    if kind == "payment_intent":
        return find_by_payment(thing.id, thing)
    intent = id_in(thing, "payment_intent")
    return find_by_payment(intent) if intent else None


def find_by_payment(intent: str, seen: Any = None) -> Order | None:
    """Return the order that a payment is made for; `seen` is the payment if it is at hand."""
    known = Order.objects.filter(payment_intent=intent).first()
    if known is not None:
        return known
    # The session that names the payment has not been looked at yet.
    payment = seen if seen is not None else _intent(intent)
    return _named(id_in(getattr(payment, "metadata", None), "order"), intent)


def _named(order_id: str, intent: str) -> Order | None:
    """Return the order that a payment names; whether it pays for it is seen when it is applied."""
    try:
        order = Order.objects.filter(pk=uuid.UUID(order_id)).first()
    except ValueError:
        return None
    if order is not None and order.kind == OrderKind.AUTOMATIC and order.payment_intent is None:
        Order.objects.filter(pk=order.pk, payment_intent__isnull=True).update(payment_intent=intent)
    return order


def _intent(intent: str) -> Any:
    try:
        with errors_as_ours():
            return api().payment_intents.retrieve(intent)
    except StripeRefused:
        return None


def _look_again(thing: Any) -> None:
    order = find_order(thing)
    if order is None:
        return
    if order.kind == OrderKind.AUTOMATIC and order.state == OrderState.OPEN:
        automatic.charge(order)
    else:
        payments.apply(order.pk)


def _finish_checkout(session: Any) -> None:
    if session.mode == "setup":
        _keep_card(id_in(session, "setup_intent"))
    else:
        _look_again(session)


def _keep_card(setup_intent: str) -> None:
    if not setup_intent:
        return
    with errors_as_ours():
        intent = api().setup_intents.retrieve(setup_intent)
    if intent.status == "succeeded":
        automatic.keep_card(id_in(intent, "customer"), id_in(intent, "payment_method"))


def _hear_of_refund(refund: Any) -> None:
    _look_again(refund)
    if refund.status == "failed":
        refunds.hear_of_failure(id_in(refund.metadata, "refund"))


def _forget_card(card: Any) -> None:
    automatic.forget_card(card.id)


RECEIVERS: dict[str, Callable[[Any], None]] = {
    "checkout.session.completed": _finish_checkout,
    "checkout.session.expired": _look_again,
    "checkout.session.async_payment_succeeded": _look_again,
    "checkout.session.async_payment_failed": _look_again,
    "payment_intent.succeeded": _look_again,
    "payment_intent.payment_failed": _look_again,
    "payment_intent.canceled": _look_again,
    "charge.succeeded": _look_again,
    "charge.refunded": _look_again,
    "charge.dispute.created": _look_again,
    "charge.dispute.updated": _look_again,
    "charge.dispute.closed": _look_again,
    "charge.dispute.funds_withdrawn": _look_again,
    "charge.dispute.funds_reinstated": _look_again,
    "refund.created": _look_again,
    "refund.updated": _hear_of_refund,
    "refund.failed": _hear_of_refund,
    "payment_method.detached": _forget_card,
}

TYPES = [
    *RECEIVERS,
    "customer.created",
    "customer.updated",
]
"""Of the 20 types that Stripe lists at once, those that matter here."""
