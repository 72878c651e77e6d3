"""Copies of what Stripe says, of every kind that dj-stripe can hold."""

import json
import uuid
from typing import Any

from django.db.models import Model
from djstripe import models as copies

from billing.models import StripeCustomer
from tests.customers import Customer

SAID: dict[str, dict[str, Any]] = {
    "du": {"amount": 1, "currency": "usd", "status": "won", "reason": "general"},
    "in": {"currency": "usd", "status": "paid", "amount_due": 1, "amount_paid": 1, "total": 1},
    "txn": {"amount": 1, "currency": "usd", "net": 1, "fee": 0, "status": "available"},
}
"""Without which the admin cannot show a list that has such a row."""


def copy_what_stripe_says(person: Customer, said: dict[str, Any] | None = None) -> list[Model]:
    """Make copies of kinds that nothing else makes here, linked as dj-stripe links them."""
    customer = copies.Customer.objects.get(id=StripeCustomer.objects.get(account=person.account).id)
    charge = copies.Charge.objects.filter(customer=customer).first()
    assert charge is not None
    made: list[Model] = []

    def add(model: Any, kind: str, **fields: Any) -> Any:
        row = model.objects.create(
            id=f"{kind}_{uuid.uuid4().hex}",
            **{"livemode": False, "stripe_data": {**SAID.get(kind, {}), **(said or {})}, **fields},
        )
        made.append(row)
        return row

    refund = add(copies.Refund, "re", charge=charge, amount=1, currency="usd")
    add(copies.Dispute, "du", charge=charge)
    for source in (refund.id, charge.id):
        add(copies.BalanceTransaction, "txn", source=source, amount=1, currency="usd", type="x")
    saved = add(copies.PaymentMethod, "pm", customer=customer)
    made.append(copies.DjstripePaymentMethod.objects.create(id=saved.id, type="card"))
    loose = add(copies.PaymentMethod, "pm")
    copies.PaymentIntent.objects.filter(customer=customer).update(payment_method=loose)
    add(copies.SetupIntent, "seti", customer=customer)
    invoice = add(copies.Invoice, "in", customer=customer)
    add(copies.LineItem, "il", stripe_data={**(said or {}), "invoice": invoice.id})
    add(copies.InvoiceItem, "ii", customer=customer)
    event = copies.Event.objects.filter(data__object__customer=customer.id).first()
    told = {"event": event, "remote_ip": "192.0.2.1", "headers": {}, "body": json.dumps(said)}
    made.append(copies.WebhookEventTrigger.objects.create(**told))
    return made
