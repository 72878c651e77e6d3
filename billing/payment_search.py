"""Whose a payment was, by a number of Stripe's, that of a receipt, or the id that Stripe knows."""

import re
from collections.abc import Callable
from uuid import UUID

from django.db.models import Model
from djstripe import models as copies

from billing.models import Account, Order, Refund, StripeCustomer

RECEIPT = re.compile(r"LX-0*(\d{1,18})", re.IGNORECASE)
STRIPES = re.compile(r"(cus|pi|cs|re|pyr|ch|py|du|dp|in)_\w{3,250}", re.ASCII)
Found = tuple[Model, Account]


def is_number(text: str) -> bool:
    """Return whether a text has the form of a number that payments are found by."""
    return bool(RECEIPT.fullmatch(text) or STRIPES.fullmatch(text) or _uuid(text))


def find(text: str) -> Found | None:
    """Return what has this number, and whose account it concerns, or None."""
    receipt = RECEIPT.fullmatch(text)
    if receipt is not None:
        return _order(receipt=int(receipt[1]))
    number = STRIPES.fullmatch(text)
    if number is not None:
        return FINDERS[number[1]](text)
    ours = _uuid(text)
    return None if ours is None else (_account(ours) or _order(pk=ours))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _account(number: UUID) -> Found | None:
    account = Account.objects.select_related("user").filter(public_id=number).first()
    return None if account is None else (account, account)


def _order(**where: object) -> Found | None:
    order = Order.objects.select_related("account__user").filter(**where).first()
    return None if order is None else (order, order.account)


def _customer(number: str) -> Found | None:
    found = StripeCustomer.objects.select_related("account__user").filter(pk=number).first()
    return None if found is None else (found, found.account)


def _payment(number: str | None) -> Found | None:
    return _order(payment_intent=number) if number else None


def _charge(number: str) -> Found | None:
    found = copies.Charge.objects.filter(id=number).values_list("payment_intent_id", flat=True)
    return _payment(found.first())


def _refund(number: str) -> Found | None:
    """Return a refund that staff ordered here, or the purchase of one that was made at Stripe."""
    made = Refund.objects.select_related("order__account__user").filter(stripe_id=number).first()
    if made is not None:
        return made, made.order.account
    found = copies.Refund.objects.filter(id=number).values_list("charge_id", flat=True).first()
    return _charge(found) if found else None


def _dispute(number: str) -> Found | None:
    found = copies.Dispute.objects.filter(id=number).values_list("payment_intent_id", "charge_id")
    for payment, charge in found:
        return _payment(payment) or (_charge(charge) if charge else None)
    return None


FINDERS: dict[str, Callable[[str], Found | None]] = {
    "cus": _customer,
    "pi": _payment,
    "cs": lambda number: _order(checkout_session=number),
    "in": lambda number: _order(invoice=number),
    "re": _refund,
    "pyr": _refund,
    "ch": _charge,
    "py": _charge,
    "du": _dispute,
    "dp": _dispute,
}
"""By how Stripe's numbers begin."""
