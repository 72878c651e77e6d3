"""Top accounts up by themselves: one attempt at a time, from rows, never twice."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import State
from billing import bonuses, payments
from billing.models import Account, AutoTopUp, Order, OrderKind, OrderState, StripeCustomer
from billing.soon import SEND_MAILS, soon
from billing.stripe_api import (
    REUSED,
    CardDeclined,
    StripeDown,
    StripeRefused,
    api,
    errors_as_ours,
)

log = logging.getLogger("lumyx.billing")

KEY_HOURS = 23
"""Stripe knows an idempotency key for 24 hours; later a second charge could be made."""
NOT_TAKEN = "not_taken"
"""Why a plan was turned off where it is not the card's fault."""


def due(*, limit: int = 200) -> list[int]:
    """Return the accounts that are to be topped up, and those of attempts under way."""
    under_way = Order.objects.filter(kind=OrderKind.AUTOMATIC, state=OrderState.OPEN)
    spent = _this_month().filter(account=OuterRef("account")).order_by().values("account")
    # What cannot be charged is left out here, so that it never keeps others waiting.
    low = wanted().filter(
        account__frozen=False,
        account__balance__lt=F("threshold"),
        account__stripe_customer__payment_method__gt="",
        monthly_ceiling__gte=F("amount")
        + Coalesce(Subquery(spent.annotate(sum=Sum("amount")).values("sum")), 0),
    )
    return [
        *under_way.order_by("next_check_at").values_list("account_id", flat=True)[:limit],
        *low.values_list("account_id", flat=True)[:limit],
    ]


def wanted() -> QuerySet[AutoTopUp]:
    """Return the plans that are on, of accounts whose owners are here and free to call."""
    return AutoTopUp.objects.filter(enabled=True, account__user__state=State.ACTIVE)


def spent_this_month(account: Account) -> int:
    """Return what was charged automatically this UTC month, in cents; attempts count."""
    return int(_this_month().filter(account=account).aggregate(sum=Sum("amount"))["sum"] or 0)


def _this_month() -> QuerySet[Order]:
    now = datetime.now(UTC)
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Order.objects.filter(
        kind=OrderKind.AUTOMATIC,
        state__in=[OrderState.OPEN, OrderState.PAID],
        created_at__gte=month,
    )


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
            plan = wanted().select_for_update(of=["self"]).filter(pk=account_id).first()
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
    try:
        if order.payment_intent is None:
            order.payment_intent = _make_intent(order)
            if order.payment_intent is None:
                _fail(order, "never_made", off=NOT_TAKEN)
                return
            Order.objects.filter(pk=order.pk).update(payment_intent=order.payment_intent)
        if payments.apply(order.pk).state == OrderState.FAILED:
            _turn_off(order, "card_declined")
    except CardDeclined as declined:
        _fail(order, declined.code, off=declined.code, payment_intent=declined.payment_intent)
    except StripeRefused as refused:
        _fail(order, str(refused), off=NOT_TAKEN)
    except (StripeDown, payments.Busy) as error:
        log.warning("order %s waits for Stripe: %s", order.id, type(error).__name__)


def _make_intent(order: Order) -> str | None:
    """Charge, or find what an earlier try charged; None where there was none and none may be."""
    customer = StripeCustomer.objects.filter(account=order.account_id).first()
    if customer is None:
        return None
    late = timezone.now() - order.created_at > timedelta(hours=KEY_HOURS)
    if late or not wanted().filter(pk=order.account_id).exists():
        return _find_intent(order, customer)
    try:
        return _charge_card(order, customer)
    except StripeRefused as refused:
        # Another card was saved since an earlier try, which may have charged the one before.
        if str(refused) != REUSED:
            raise
        return _find_intent(order, customer)


def _charge_card(order: Order, customer: StripeCustomer) -> str:
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


def _fail(order: Order, why: str, *, off: str, payment_intent: str = "") -> None:
    Order.objects.filter(pk=order.pk, state=OrderState.OPEN).update(
        state=OrderState.FAILED,
        failure=why[:40],
        payment_intent=payment_intent or order.payment_intent,
        version=F("version") + 1,
    )
    _turn_off(order, off)


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
