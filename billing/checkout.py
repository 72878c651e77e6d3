"""Send people to Stripe to pay, to save a card, or to look after their cards."""

import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from stripe.checkout import Session
from stripe.params.checkout import SessionCreateParams

from billing import bonuses, customers
from billing.models import Account, Order, OrderKind, OrderState
from billing.stripe_api import CardDeclined, StripeDown, StripeRefused, api, errors_as_ours

log = logging.getLogger("lumyx.billing")

SESSION_SECONDS = 3_600


def begin(account: Account, *, cents: int) -> tuple[Order, str]:
    """Make an order and return it with the address where it is paid; raises StripeDown."""
    order = Order.objects.create(
        account=account,
        kind=OrderKind.CHECKOUT,
        amount=cents,
        livemode=settings.STRIPE_LIVE_MODE,
        bonus=bonuses.on_top(account, cents=cents),
    )
    try:
        session = customers.ask_for(account, lambda customer: _open_session(order, customer))
    except (StripeDown, StripeRefused, CardDeclined) as error:
        log.error("alarm: order %s was not taken by Stripe: %s", order.id, error)
        Order.objects.filter(pk=order.pk).update(
            state=OrderState.FAILED, failure=type(error).__name__
        )
        raise StripeDown from None
    with transaction.atomic():
        order.checkout_session = session.id
        order.save(update_fields=["checkout_session"])
    return order, str(session.url)


def _open_session(order: Order, customer: str) -> Session:
    with errors_as_ours():
        return api().checkout.sessions.create(
            session_parameters(order, customer),
            {"idempotency_key": f"order {order.id} of {customer}"},
        )


def session_parameters(order: Order, customer: str) -> SessionCreateParams:
    """Return what Stripe is told of an order; a tax is part of the amount, not on top of it."""
    back = f"{settings.PUBLIC_URL}{reverse('order', args=[order.id])}"
    metadata = {"order": str(order.id)}
    parameters: SessionCreateParams = {
        "mode": "payment",
        "customer": customer,
        "client_reference_id": str(order.id),
        "metadata": metadata,
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": order.currency,
                    "unit_amount": order.amount,
                    "tax_behavior": "inclusive",
                    "product_data": {"name": f"{settings.SELLER} credits"},
                },
            }
        ],
        "payment_intent_data": {"metadata": metadata},
        "success_url": back,
        "cancel_url": f"{back}?cancelled=1",
        "expires_at": int(time.time()) + SESSION_SECONDS,
    }
    if settings.STRIPE_TAX:
        parameters["automatic_tax"] = {"enabled": True}
        # Tax depends on where the payer is, which Stripe then keeps with the customer.
        parameters["customer_update"] = {"address": "auto"}
        parameters["billing_address_collection"] = "required"
    if settings.STRIPE_INVOICES:
        parameters["invoice_creation"] = {
            "enabled": True,
            "invoice_data": {"metadata": metadata},
        }
    return parameters


def begin_saving_card(account: Account) -> str:
    """Return the address where a card is saved; raises StripeDown."""
    back = f"{settings.PUBLIC_URL}{reverse('auto_top_up')}"
    metadata = {"account": str(account.public_id)}

    def ask(customer: str) -> str:
        with errors_as_ours():
            session = api().checkout.sessions.create(
                {
                    "mode": "setup",
                    "customer": customer,
                    "currency": "usd",
                    "metadata": metadata,
                    "setup_intent_data": {"metadata": metadata},
                    "success_url": f"{back}?saved=1",
                    "cancel_url": back,
                }
            )
        return str(session.url)

    return _address(account, ask)


def portal(account: Account) -> str:
    """Return the address of Stripe's page of somebody's cards and invoices; raises StripeDown."""

    def ask(customer: str) -> str:
        with errors_as_ours():
            session = api().billing_portal.sessions.create(
                {
                    "customer": customer,
                    "return_url": f"{settings.PUBLIC_URL}{reverse('billing')}",
                }
            )
        return str(session.url)

    return _address(account, ask)


def _address(account: Account, ask: Callable[[str], str]) -> str:
    try:
        return customers.ask_for(account, ask)
    except (StripeRefused, CardDeclined) as error:
        log.error("alarm: Stripe refuses to open its pages: %s", error)
        raise StripeDown from None
