"""Top accounts up by themselves: one attempt at a time, from rows, never twice."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Sum
from django.utils import timezone

from billing import bonuses, payments
from billing.models import Account, AutoTopUp, Order, OrderKind, OrderState, StripeCustomer
from billing.soon import SEND_MAILS, soon
from billing.stripe_api import CardDeclined, StripeDown, StripeRefused, api, errors_as_ours

log = logging.getLogger("lumyx.billing")

KEY_HOURS = 23
"""Stripe knows an idempotency key for 24 hours; later a second charge could be made."""


def due(*, limit: int = 200) -> list[int]:
    """Return the accounts that are below their threshold, and those of attempts under way."""
    under_way = Order.objects.filter(kind=OrderKind.AUTOMATIC, state=OrderState.OPEN)
    low = AutoTopUp.objects.filter(
        enabled=True, account__frozen=False, account__balance__lt=F("threshold")
    )
    return [
        *under_way.values_list("account_id", flat=True)[:limit],
        *low.values_list("account_id", flat=True)[:limit],
    ]


def spent_this_month(account: Account) -> int:
    """Return what was charged automatically this UTC month, in cents; attempts count."""
    now = datetime.now(UTC)
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    orders = Order.objects.filter(
        account=account,
        kind=OrderKind.AUTOMATIC,
        state__in=[OrderState.OPEN, OrderState.PAID],
        created_at__gte=month,
    )
    return int(orders.aggregate(sum=Sum("amount"))["sum"] or 0)


def consider(account_id: int) -> Order | None:
    """Top an account up if it is to be; return the order, also one that was under way."""
    order = _open_order(account_id) or _begin(account_id)
    if order is not None:
        charge(order)
        order.refresh_from_db()
    return order


def _open_order(account_id: int) -> Order | None:
    return Order.objects.filter(
        account_id=account_id, kind=OrderKind.AUTOMATIC, state=OrderState.OPEN
    ).first()


def _begin(account_id: int) -> Order | None:
    try:
        with transaction.atomic():
            plan = AutoTopUp.objects.select_for_update().filter(pk=account_id, enabled=True).first()
            # Before the balance is read: what was open a moment ago may be credited by now.
            if _open_order(account_id) is not None:
                return None
            account = Account.objects.select_related("user").get(pk=account_id)
            customer = StripeCustomer.objects.filter(account=account).first()
            if (
                plan is None
                or customer is None
                or not customer.payment_method
                or account.frozen
                or account.balance >= plan.threshold
                or spent_this_month(account) + plan.amount > plan.monthly_ceiling
            ):
                return None
            return Order.objects.create(
                account=account,
                kind=OrderKind.AUTOMATIC,
                amount=plan.amount,
                livemode=settings.STRIPE_LIVE_MODE,
                bonus=bonuses.on_top(account, cents=plan.amount),
            )
    except IntegrityError:
        # Another process has begun meanwhile: the constraint lets one be in flight.
        return None


def charge(order: Order) -> None:
    """Charge the saved card for an order, as often as it takes, once."""
    customer = StripeCustomer.objects.get(account=order.account)
    try:
        if order.payment_intent is None:
            order.payment_intent = _make_intent(order, customer)
            if order.payment_intent is None:
                _fail(order, "never_made")
                return
            Order.objects.filter(pk=order.pk).update(payment_intent=order.payment_intent)
        if payments.apply(order.pk).state == OrderState.FAILED:
            _turn_off(order, "card_declined")
    except CardDeclined as declined:
        _fail(order, declined.code, declined.payment_intent)
    except StripeRefused as refused:
        _fail(order, str(refused))
    except (StripeDown, payments.Busy) as error:
        log.warning("order %s waits for Stripe: %s", order.id, type(error).__name__)


def _make_intent(order: Order, customer: StripeCustomer) -> str | None:
    """Charge, or find what an earlier try charged; None where it is too late to know."""
    if timezone.now() - order.created_at > timedelta(hours=KEY_HOURS):
        return _find_intent(order, customer)
    with errors_as_ours():
        intent = api().payment_intents.create(
            {
                "amount": order.amount,
                "currency": order.currency,
                "customer": customer.id,
                "payment_method": customer.payment_method,
                "off_session": True,
                "confirm": True,
                "description": f"{settings.SELLER} credits, automatic top-up",
                "metadata": {"order": str(order.id)},
            },
            {"idempotency_key": f"order {order.id}"},
        )
    return intent.id


def _find_intent(order: Order, customer: StripeCustomer) -> str | None:
    since = int(order.created_at.timestamp()) - 60
    with errors_as_ours():
        found: Any = api().payment_intents.list(
            {"customer": customer.id, "created": {"gte": since}, "limit": 100}
        )
        for intent in found.auto_paging_iter():
            if intent.metadata.to_dict().get("order") == str(order.id):
                return str(intent.id)
    return None


def _fail(order: Order, why: str, payment_intent: str = "") -> None:
    Order.objects.filter(pk=order.pk, state=OrderState.OPEN).update(
        state=OrderState.FAILED,
        failure=why[:40],
        payment_intent=payment_intent or order.payment_intent,
        version=F("version") + 1,
    )
    _turn_off(order, why)


def _turn_off(order: Order, why: str) -> None:
    changed = AutoTopUp.objects.filter(pk=order.account_id, enabled=True).update(
        enabled=False, why_off=why[:40], told_at=None, changed_at=timezone.now()
    )
    if changed:
        soon(SEND_MAILS)


def keep_card(customer_id: str, payment_method: str) -> bool:
    """Note the card that was saved for later; False where the customer is nobody's."""
    return bool(
        StripeCustomer.objects.filter(pk=customer_id, account__user__isnull=False).update(
            payment_method=payment_method
        )
    )


def forget_card(payment_method: str) -> None:
    """Turn off what was to charge a card that is gone."""
    for customer in StripeCustomer.objects.filter(payment_method=payment_method):
        StripeCustomer.objects.filter(pk=customer.pk).update(payment_method="")
        AutoTopUp.objects.filter(pk=customer.account_id, enabled=True).update(
            enabled=False, why_off="card_removed", told_at=None, changed_at=timezone.now()
        )
