"""Customers, cards, payment intents and charges of the imitated Stripe."""

import secrets
from typing import Any

from lumyx.standins.stripe import money
from lumyx.standins.stripe.errors import StripeError
from lumyx.standins.stripe.forms import flag, inner, whole
from lumyx.standins.stripe.store import Store, Thing, copy_of

CARDS = {"works": "4242", "authenticate-later": "3155", "declines-later": "0341"}
"""What a saved card does when nobody is there, and its last four digits."""
LARGEST = 99_999_999


def add_customer(store: Store, form: Thing) -> Thing:
    """Make a customer."""
    customer = store.add(
        "customer",
        address=None,
        balance=0,
        default_source=None,
        email=form.get("email"),
        name=form.get("name"),
        description=form.get("description"),
        metadata=inner(form, "metadata"),
        invoice_prefix=secrets.token_hex(4).upper(),
        invoice_settings={
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        next_invoice_sequence=1,
        preferred_locales=[],
        tax_exempt="none",
        test_clock=None,
        delinquent=False,
    )
    store.emit("customer.created", customer)
    return customer


def change_customer(store: Store, customer: Thing, form: Thing) -> Thing:
    """Change a customer."""
    before = copy_of(customer)
    for name in ("email", "name", "description"):
        if name in form:
            customer[name] = form[name] or None
    customer["metadata"] = {**customer["metadata"], **inner(form, "metadata")}
    chosen = inner(form, "invoice_settings").get("default_payment_method")
    if chosen:
        store.get("payment_method", chosen)
        customer["invoice_settings"]["default_payment_method"] = chosen
    store.emit("customer.updated", customer, before)
    return customer


def delete_customer(store: Store, customer: Thing) -> Thing:
    """Delete a customer and their cards."""
    for card in store.find("payment_method", customer=customer["id"]):
        detach(store, card)
    del store.tables["customer"][customer["id"]]
    store.emit("customer.deleted", customer)
    return {"id": customer["id"], "object": "customer", "deleted": True}


def add_card(store: Store, kind: str, customer: str | None) -> Thing:
    """Make a card that behaves as its kind says."""
    card = store.add(
        "payment_method",
        allow_redisplay="limited",
        billing_details={
            "address": dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state")),
            "email": None,
            "name": None,
            "phone": None,
            "tax_id": None,
        },
        card={
            "brand": "visa",
            "checks": {
                "address_line1_check": None,
                "address_postal_code_check": None,
                "cvc_check": "pass",
            },
            "country": "US",
            "display_brand": "visa",
            "exp_month": 12,
            "exp_year": 2034,
            "fingerprint": secrets.token_hex(8),
            "funding": "credit",
            "generated_from": None,
            "last4": CARDS.get(kind, "4242"),
            "networks": {"available": ["visa"], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        customer=customer,
        metadata={},
        type="card",
    )
    store.cards[card["id"]] = kind
    if customer:
        store.emit("payment_method.attached", card)
    return card


def detach(store: Store, card: Thing) -> Thing:
    """Take a card from its customer."""
    before = copy_of(card)
    card["customer"] = None
    store.emit("payment_method.detached", card, before)
    return card


def add_intent(store: Store, form: Thing) -> Thing:
    """Make a payment intent, and confirm it at once where that is asked for."""
    amount = whole(form, "amount")
    if amount is None or not 50 <= amount <= LARGEST:
        raise StripeError.invalid("Amount must be at least $0.50 usd", param="amount")
    customer = form.get("customer")
    if customer:
        store.get("customer", customer, param="customer")
    card = form.get("payment_method")
    if card:
        saved = store.get("payment_method", card, param="payment_method")
        if saved["customer"] != customer:
            raise StripeError.invalid(
                "The payment method does not belong to the customer.", param="payment_method"
            )
    intent = new_intent(
        store,
        amount=amount,
        currency=str(form.get("currency", "usd")),
        customer=customer,
        metadata=inner(form, "metadata"),
        card=card,
        description=form.get("description"),
        setup=form.get("setup_future_usage"),
    )
    if flag(form, "confirm"):
        confirm(store, intent, off_session=flag(form, "off_session"))
    return intent


def new_intent(
    store: Store,
    *,
    amount: int,
    currency: str,
    customer: str | None,
    metadata: dict[str, str],
    card: str | None = None,
    description: str | None = None,
    setup: str | None = None,
) -> Thing:
    """Make a payment intent that waits to be paid."""
    name = "pi_" + secrets.token_hex(12)
    intent = store.add(
        "payment_intent",
        id=name,
        amount=amount,
        amount_capturable=0,
        amount_received=0,
        amount_details={"tip": {}},
        application=None,
        automatic_payment_methods=None,
        cancellation_reason=None,
        capture_method="automatic",
        client_secret=f"{name}_secret_{secrets.token_hex(12)}",
        confirmation_method="automatic",
        currency=currency,
        customer=customer,
        description=description,
        latest_charge=None,
        metadata=metadata,
        on_behalf_of=None,
        payment_method=card,
        payment_method_options={},
        payment_method_types=["card"],
        review=None,
        setup_future_usage=setup,
        source=None,
        status="requires_confirmation" if card else "requires_payment_method",
    )
    store.emit("payment_intent.created", intent)
    return intent


def confirm(store: Store, intent: Thing, *, off_session: bool) -> Thing:
    """Charge an intent's card; raises Stripe's 402 where it is not charged."""
    if intent["status"] not in ("requires_confirmation", "requires_payment_method"):
        raise StripeError.invalid(
            "This PaymentIntent cannot be confirmed.", code="payment_intent_unexpected_state"
        )
    card = store.get("payment_method", intent["payment_method"], param="payment_method")
    kind = store.cards[card["id"]]
    if off_session and kind == "authenticate-later":
        fail(store, intent, card, "authentication_required", "authentication_required")
    if off_session and kind == "declines-later":
        fail(store, intent, card, "card_declined", "insufficient_funds")
    succeed(store, intent, card)
    return intent


def fail(store: Store, intent: Thing, card: Thing, code: str, decline_code: str) -> None:
    """Refuse to charge a card; raises Stripe's 402."""
    refuse(store, intent, card, code, decline_code)
    raise StripeError.card(code, copy_of(intent), decline_code)


def refuse(store: Store, intent: Thing, card: Thing, code: str, decline_code: str) -> None:
    """Note that a card was not charged."""
    charge = _charge(store, intent, card, status="failed")
    charge["failure_code"], charge["failure_message"] = code, "Your card was declined."
    before = copy_of(intent)
    intent["last_payment_error"] = {
        "charge": charge["id"],
        "code": code,
        "decline_code": decline_code,
        "message": "Your card was declined.",
        "payment_method": copy_of(card),
        "type": "card_error",
    }
    intent["status"], intent["payment_method"] = "requires_payment_method", None
    intent["latest_charge"] = charge["id"]
    store.emit("charge.failed", charge)
    store.emit("payment_intent.payment_failed", intent, before)


def succeed(store: Store, intent: Thing, card: Thing) -> Thing:
    """Charge a card; return the charge."""
    charge = _charge(store, intent, card, status="succeeded")
    moved = money.move(
        store, "charge", intent["amount"], charge["id"], money.fee_of(intent["amount"])
    )
    charge["balance_transaction"] = moved["id"]
    before = copy_of(intent)
    intent["status"] = "succeeded"
    intent["amount_received"] = intent["amount"]
    intent["latest_charge"] = charge["id"]
    intent["payment_method"] = card["id"]
    intent["last_payment_error"] = None
    store.emit("charge.succeeded", charge)
    store.emit("payment_intent.succeeded", intent, before)
    return charge


def cancel(store: Store, intent: Thing) -> Thing:
    """Cancel an intent that was not paid."""
    if intent["status"] == "succeeded":
        raise StripeError.invalid(
            "You cannot cancel this PaymentIntent.", code="payment_intent_unexpected_state"
        )
    before = copy_of(intent)
    intent["status"] = "canceled"
    store.emit("payment_intent.canceled", intent, before)
    return intent


def _charge(store: Store, intent: Thing, card: Thing, *, status: str) -> Thing:
    paid = status == "succeeded"
    amount = intent["amount"]
    return store.add(
        "charge",
        amount=amount,
        amount_captured=amount if paid else 0,
        amount_refunded=0,
        application=None,
        application_fee=None,
        balance_transaction=None,
        billing_details=copy_of(card["billing_details"]),
        calculated_statement_descriptor="LUMYXAI",
        captured=paid,
        currency=intent["currency"],
        customer=intent["customer"],
        description=intent["description"],
        disputed=False,
        failure_balance_transaction=None,
        fraud_details={},
        metadata=copy_of(intent["metadata"]),
        on_behalf_of=None,
        outcome=_outcome(paid=paid),
        paid=paid,
        payment_intent=intent["id"],
        payment_method=card["id"],
        payment_method_details={
            "card": {"brand": "visa", "last4": card["card"]["last4"]},
            "type": "card",
        },
        receipt_url=f"{store.root}/receipts/{intent['id']}",
        refunded=False,
        review=None,
        source=None,
        source_transfer=None,
        status=status,
        transfer=None,
    )


def _outcome(*, paid: bool) -> dict[str, Any]:
    return {
        "network_status": "approved_by_network" if paid else "declined_by_network",
        "reason": None if paid else "generic_decline",
        "risk_level": "normal",
        "seller_message": "Payment complete." if paid else "The bank declined it.",
        "type": "authorized" if paid else "issuer_declined",
    }
