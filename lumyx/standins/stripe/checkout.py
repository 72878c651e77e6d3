"""Checkout sessions, and the invoices that they can make."""

import secrets
import time
from typing import Any

from lumyx.standins.stripe import payments
from lumyx.standins.stripe.errors import StripeError
from lumyx.standins.stripe.forms import flag, inner, whole
from lumyx.standins.stripe.store import Store, Thing, copy_of

DAY = 86_400
LEAST_SECONDS = 1_790
TAX_PERCENT = 19


def add_session(store: Store, form: Thing) -> Thing:
    """Make a session in which somebody pays, or saves a card."""
    mode = form.get("mode")
    if mode not in ("payment", "setup"):
        raise StripeError.invalid("Invalid mode: must be one of payment or setup", param="mode")
    customer = form.get("customer")
    if customer:
        store.get("customer", customer, param="customer")
    if not form.get("success_url"):
        raise StripeError.invalid("Missing required param: success_url.", param="success_url")
    total = _total(store, form) if mode == "payment" else None
    taxed = flag(inner(form, "automatic_tax"), "enabled")
    tax = total * TAX_PERCENT // (100 + TAX_PERCENT) if taxed and total else 0
    now = int(time.time())
    expires = whole(form, "expires_at", now + DAY) or 0
    if not now + LEAST_SECONDS <= expires <= now + DAY + 60:
        raise StripeError.invalid(
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from now.",
            param="expires_at",
        )
    name = f"cs_test_{secrets.token_hex(24)}"
    session = store.add(
        "checkout.session",
        id=name,
        amount_subtotal=total,
        amount_total=total,
        automatic_tax={
            "enabled": taxed,
            "liability": None,
            "provider": None,
            "status": "complete" if taxed else None,
        },
        billing_address_collection=form.get("billing_address_collection"),
        cancel_url=form.get("cancel_url"),
        client_reference_id=form.get("client_reference_id"),
        currency="usd",
        custom_fields=[],
        custom_text=dict.fromkeys(
            ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
        ),
        customer=customer,
        customer_creation=None if customer else "if_required",
        expires_at=expires,
        invoice=None,
        invoice_creation={
            "enabled": flag(inner(form, "invoice_creation"), "enabled"),
            "invoice_data": inner(inner(form, "invoice_creation"), "invoice_data"),
        },
        locale=None,
        metadata=inner(form, "metadata"),
        mode=mode,
        origin_context=None,
        payment_intent=None,
        payment_link=None,
        payment_method_collection="always" if mode == "setup" else "if_required",
        payment_method_types=["card"],
        payment_status="unpaid" if mode == "payment" else "no_payment_required",
        redirect_on_completion="always",
        setup_intent=None,
        shipping_options=[],
        status="open",
        submit_type=None,
        subscription=None,
        success_url=form["success_url"],
        total_details={"amount_discount": 0, "amount_shipping": 0, "amount_tax": tax}
        if total
        else None,
        ui_mode="hosted",
        url=f"{store.root}/c/pay/{name}",
    )
    # What a payment is to be made with is not part of the object that is shown.
    store.plans[session["id"]] = {
        "intent": inner(form, "payment_intent_data"),
        "setup": inner(form, "setup_intent_data"),
        "words": _words(form),
    }
    return session


def _words(form: Thing) -> str:
    items = form.get("line_items") or []
    first = items[0] if isinstance(items, list) and items else {}
    product = inner(inner(first, "price_data"), "product_data") if first else {}
    return str(product.get("name", "Save a card"))


def _total(store: Store, form: Thing) -> int:
    items = form.get("line_items")
    if not isinstance(items, list) or not items:
        raise StripeError.invalid("Missing required param: line_items.", param="line_items")
    total = 0
    for item in items:
        if not isinstance(item, dict):
            raise StripeError.invalid("Invalid object", param="line_items")
        if item.get("price"):
            unit = store.get("price", item["price"], param="line_items[0][price]")["unit_amount"]
        else:
            unit = whole(inner(item, "price_data"), "unit_amount", 0) or 0
        total += unit * (whole(item, "quantity", 1) or 0)
    if total < 50:
        raise StripeError.invalid(
            "The Checkout Session's total amount due must add up to at least $0.50 usd",
            code="amount_too_small",
        )
    return total


def complete(store: Store, session: Thing, outcome: str, card_kind: str) -> str:
    """Do what somebody does on the page; return `done`, `declined`, `over`.

    A session is paid once, however often its form is sent.
    """
    if session["status"] == "complete":
        return "done"
    if session["status"] == "expired" or session["expires_at"] < time.time():
        return "over"
    plan = store.plans[session["id"]]
    if session["mode"] == "setup":
        if outcome == "decline":
            return "declined"
        _save_card(store, session, plan, card_kind)
    else:
        intent = _intent(store, session, plan)
        saves = bool(intent["setup_future_usage"])
        card = payments.add_card(store, card_kind, session["customer"] if saves else None)
        if outcome == "decline":
            payments.refuse(store, intent, card, "card_declined", "generic_decline")
            return "declined"
        payments.succeed(store, intent, card)
        session["payment_status"] = "paid"
        if session["invoice_creation"]["enabled"]:
            session["invoice"] = _invoice(store, session)["id"]
    session["status"], session["url"] = "complete", None
    session["customer_details"] = {
        "address": None,
        "business_name": None,
        "email": "payer@example.com",
        "individual_name": None,
        "name": "A Payer",
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }
    store.emit("checkout.session.completed", session)
    return "done"


def _intent(store: Store, session: Thing, plan: dict[str, Any]) -> Thing:
    if session["payment_intent"]:
        return store.get("payment_intent", session["payment_intent"])
    intent = payments.new_intent(
        store,
        amount=session["amount_total"],
        currency="usd",
        customer=session["customer"],
        metadata=inner(plan["intent"], "metadata"),
        setup=plan["intent"].get("setup_future_usage"),
    )
    session["payment_intent"] = intent["id"]
    return intent


def _save_card(store: Store, session: Thing, plan: dict[str, Any], card_kind: str) -> None:
    card = payments.add_card(store, card_kind, session["customer"])
    name = f"seti_{secrets.token_hex(12)}"
    setup = store.add(
        "setup_intent",
        id=name,
        application=None,
        cancellation_reason=None,
        client_secret=f"{name}_secret",
        customer=session["customer"],
        latest_attempt=None,
        mandate=None,
        metadata=inner(plan["setup"], "metadata"),
        on_behalf_of=None,
        payment_method=card["id"],
        payment_method_types=["card"],
        single_use_mandate=None,
        status="succeeded",
        usage="off_session",
    )
    session["setup_intent"] = setup["id"]
    store.emit("setup_intent.succeeded", setup)


def expire(store: Store, session: Thing) -> Thing:
    """End a session that was not paid."""
    if session["status"] != "open":
        raise StripeError.invalid("Only Checkout Sessions with a status of open can be expired.")
    session["status"], session["url"] = "expired", None
    store.emit("checkout.session.expired", session)
    return session


def _invoice(store: Store, session: Thing) -> Thing:
    total, now = session["amount_total"], int(time.time())
    name = f"in_{secrets.token_hex(12)}"
    page = f"{store.root}/invoices/{name}"
    invoice = store.add(
        "invoice",
        id=name,
        amount_due=total,
        amount_overpaid=0,
        amount_paid=total,
        amount_remaining=0,
        amount_shipping=0,
        application=None,
        attempt_count=1,
        attempted=True,
        auto_advance=False,
        automatic_tax={
            "disabled_reason": None,
            "enabled": session["automatic_tax"]["enabled"],
            "liability": None,
            "provider": None,
            "status": None,
        },
        billing_reason="manual",
        collection_method="charge_automatically",
        currency="usd",
        customer=session["customer"],
        customer_tax_exempt="none",
        default_payment_method=None,
        default_source=None,
        default_tax_rates=[],
        discounts=[],
        hosted_invoice_url=page,
        invoice_pdf=f"{page}/pdf",
        issuer={"type": "self"},
        latest_revision=None,
        lines={
            "object": "list",
            "data": [],
            "has_more": False,
            "url": f"/v1/invoices/{name}/lines",
        },
        metadata=copy_of(session["metadata"]),
        number=f"STANDIN-{len(store.tables['invoice']) + 1:04d}",
        on_behalf_of=None,
        payment_settings={
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        period_end=now,
        period_start=now,
        post_payment_credit_notes_amount=0,
        pre_payment_credit_notes_amount=0,
        starting_balance=0,
        status="paid",
        status_transitions={
            "finalized_at": now,
            "marked_uncollectible_at": None,
            "paid_at": now,
            "voided_at": None,
        },
        subtotal=total,
        test_clock=None,
        total=total,
    )
    for what in ("created", "finalized", "paid"):
        store.emit(f"invoice.{what}", invoice)
    return invoice
