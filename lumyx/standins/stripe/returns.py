"""Refunds and disputes of the imitated Stripe."""

import time
from typing import Any

from lumyx.standins.stripe import money
from lumyx.standins.stripe.errors import StripeError
from lumyx.standins.stripe.forms import inner, whole
from lumyx.standins.stripe.store import Store, Thing, copy_of

CLOSED = ("won", "lost", "warning_closed")


def add_refund(store: Store, form: Thing) -> Thing:
    """Pay a charge back, or a part of it."""
    charge = _charge_of(store, form)
    if charge["disputed"] and _open_dispute(store, charge):
        raise StripeError.invalid(
            "This charge has been charged back.", code="charge_disputed", param="charge"
        )
    left = charge["amount_captured"] - charge["amount_refunded"]
    if left <= 0:
        raise StripeError.invalid(
            "This charge has already been refunded.", code="charge_already_refunded"
        )
    amount = whole(form, "amount", left) or 0
    if not 0 < amount <= left:
        raise StripeError.invalid(
            "Refund amount is greater than unrefunded amount on charge.", param="amount"
        )
    refund = store.add(
        "refund",
        amount=amount,
        balance_transaction=None,
        charge=charge["id"],
        currency=charge["currency"],
        customer=charge["customer"],
        destination_details={
            "card": {"type": "refund", "reference_status": "pending"},
            "type": "card",
        },
        failure_balance_transaction=None,
        metadata=inner(form, "metadata"),
        payment_intent=charge["payment_intent"],
        payment_method=charge["payment_method"],
        pending_reason=None,
        reason=form.get("reason"),
        source_transfer_reversal=None,
        status="succeeded",
        transfer_reversal=None,
    )
    refund["balance_transaction"] = money.move(store, "refund", -amount, refund["id"])["id"]
    before = copy_of(charge)
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    store.emit("refund.created", refund)
    store.emit("charge.refunded", charge, before)
    store.emit("refund.updated", refund)
    return refund


def fail_refund(store: Store, refund: Thing) -> Thing:
    """Have a refund come back from the bank."""
    if refund["status"] == "failed":
        raise StripeError.invalid("This refund has failed already.")
    charge = store.get("charge", refund["charge"])
    before = copy_of(refund)
    moved = money.move(store, "refund_failure", refund["amount"], refund["id"])
    refund["failure_balance_transaction"] = moved["id"]
    refund["failure_reason"], refund["status"] = "lost_or_stolen_card", "failed"
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    store.emit("refund.failed", refund, before)
    store.emit("charge.updated", charge)
    return refund


def _charge_of(store: Store, form: Thing) -> Thing:
    if form.get("charge"):
        return store.get("charge", form["charge"], param="charge")
    intent = store.get("payment_intent", form.get("payment_intent"), param="payment_intent")
    if intent["status"] != "succeeded":
        raise StripeError.invalid("This PaymentIntent does not have a successful charge.")
    return store.get("charge", intent["latest_charge"])


def _open_dispute(store: Store, charge: Thing) -> bool:
    return any(d["status"] not in CLOSED for d in store.find("dispute", charge=charge["id"]))


def open_dispute(
    store: Store, intent: Thing, *, amount: int | None = None, status: str = "needs_response"
) -> Thing:
    """Have a bank dispute a payment; an inquiry (`warning_…`) takes no money."""
    if intent["status"] != "succeeded":
        raise StripeError.invalid("This PaymentIntent does not have a successful charge.")
    charge = store.get("charge", intent["latest_charge"])
    dispute = store.add(
        "dispute",
        amount=amount or charge["amount"] - charge["amount_refunded"],
        balance_transactions=[],
        charge=charge["id"],
        currency=charge["currency"],
        enhanced_eligibility_types=[],
        evidence=dict.fromkeys(("customer_name", "product_description", "uncategorized_text")),
        evidence_details={
            "due_by": int(time.time()) + 7 * 86_400,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        is_charge_refundable=status.startswith("warning"),
        metadata={},
        payment_intent=intent["id"],
        reason="fraudulent",
        status=status,
    )
    charge["disputed"] = True
    store.emit("charge.dispute.created", dispute)
    if not status.startswith("warning"):
        _move(store, dispute, -dispute["amount"], money.DISPUTE_FEE)
        store.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def decide_dispute(store: Store, dispute: Thing, status: str) -> Thing:
    """Move a dispute on; winning brings the money back."""
    if dispute["status"] in CLOSED:
        raise StripeError.invalid("This dispute is already closed.")
    before = copy_of(dispute)
    dispute["status"] = status
    if status == "won":
        _move(store, dispute, dispute["amount"], 0)
        store.emit("charge.dispute.funds_reinstated", dispute, before)
    closed = status in CLOSED
    store.emit("charge.dispute.closed" if closed else "charge.dispute.updated", dispute, before)
    return dispute


def _move(store: Store, dispute: Thing, amount: int, fee: int) -> None:
    moved: dict[str, Any] = money.move(store, "adjustment", amount, dispute["id"], fee)
    dispute["balance_transactions"].append(copy_of(moved))
