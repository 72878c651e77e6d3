"""What Stripe keeps of a payment for the payer to see."""

from typing import Any

from billing.models import Order
from billing.stripe_api import StripeRefused, api, errors_as_ours


def address_at_stripe(order: Order) -> str:
    """Return the address of Stripe's invoice, else of its receipt.

    It is asked for each time, since whoever knows it may look. Raises StripeDown, StripeRefused.
    """
    with errors_as_ours():
        if order.invoice:
            invoice = api().invoices.retrieve(order.invoice)
            if invoice.hosted_invoice_url:
                return invoice.hosted_invoice_url
        intent: Any = api().payment_intents.retrieve(
            str(order.payment_intent), {"expand": ["latest_charge"]}
        )
    address = getattr(intent.latest_charge, "receipt_url", None)
    if not address:
        raise StripeRefused("no receipt")
    return str(address)
