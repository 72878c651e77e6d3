"""The fields that each of Stripe's objects has, taken from the pinned library's annotations."""

import inspect
import types
from functools import cache
from typing import Any, ClassVar, Union, get_args, get_origin

import stripe
from stripe import checkout

KINDS: dict[str, type] = {
    "account": stripe.Account,
    "balance_transaction": stripe.BalanceTransaction,
    "billing_portal.session": stripe.billing_portal.Session,
    "charge": stripe.Charge,
    "checkout.session": checkout.Session,
    "customer": stripe.Customer,
    "dispute": stripe.Dispute,
    "event": stripe.Event,
    "invoice": stripe.Invoice,
    "payment_intent": stripe.PaymentIntent,
    "payment_method": stripe.PaymentMethod,
    "price": stripe.Price,
    "product": stripe.Product,
    "refund": stripe.Refund,
    "setup_intent": stripe.SetupIntent,
}
NOT_SENT = {"deleted"}
"""Fields that only an object has which is gone."""


class WrongShape(Exception):
    """An object lacks a field that Stripe publishes, or has one that it does not."""


@cache
def fields(kind: str) -> dict[str, bool]:
    """Return the fields of an object, each with whether it may be null."""
    found: dict[str, bool] = {}
    for cls in reversed(KINDS[kind].__mro__):
        for name, annotation in inspect.get_annotations(cls).items():
            if str(get_origin(annotation)) != str(ClassVar) and not name.startswith("_"):
                found[name] = _nullable(annotation)
    return {name: null for name, null in found.items() if name not in NOT_SENT}


def _nullable(annotation: Any) -> bool:
    union = get_origin(annotation) in (Union, types.UnionType)
    return union and any(
        part is type(None) or (isinstance(part, type) and part is types.NoneType)
        for part in get_args(annotation)
    )


def complete(kind: str, **given: Any) -> dict[str, Any]:
    """Return an object with all of its fields, null where nothing is given and that may be.

    Raises WrongShape.
    """
    known = fields(kind)
    given["object"] = kind
    wrong = [name for name in given if name not in known]
    missing = [name for name, null in known.items() if not null and name not in given]
    if wrong or missing:
        raise WrongShape(f"{kind}: unknown {wrong}, missing {missing}")
    return {**dict.fromkeys(known), **given}
