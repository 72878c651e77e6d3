"""Whose dj-stripe's copies are: Stripe's numbers lead from one to the next, and to a person."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.db.models import Model
from djstripe import models as copies

from billing.models import Order, StripeCustomer

OBJECT = ("data__object__customer", "data__object__id", "data__object__payment_intent")

# By the copy: where it holds a number that leads to a person.
NUMBERS: dict[type[Model], tuple[str, ...]] = {
    copies.Customer: ("id",),
    copies.PaymentIntent: ("customer_id", "id"),
    copies.Charge: ("customer_id", "payment_intent_id"),
    copies.Refund: ("charge_id",),
    copies.Dispute: ("charge_id", "payment_intent_id"),
    copies.BalanceTransaction: ("source", "id"),
    copies.PaymentMethod: ("customer_id", "id"),
    copies.DjstripePaymentMethod: ("id",),
    copies.SetupIntent: ("customer_id",),
    copies.Session: ("customer_id",),
    copies.Invoice: ("customer_id",),
    copies.InvoiceItem: ("customer_id",),
    copies.LineItem: ("stripe_data__invoice",),
    copies.Event: OBJECT,
    copies.WebhookEventTrigger: tuple(f"event__{path}" for path in OBJECT),
}

# From a number to others, in an order in which each is known before it leads on.
STEPS: tuple[tuple[type[Model], str, tuple[str, ...]], ...] = (
    (copies.Invoice, "id", ("customer_id",)),
    (copies.Refund, "id", ("charge_id",)),
    (copies.Dispute, "id", ("charge_id", "payment_intent_id")),
    (copies.PaymentMethod, "id", ("customer_id",)),
    (copies.Charge, "payment_method_id", ("customer_id", "payment_intent_id")),
    (copies.Charge, "source_id", ("customer_id", "payment_intent_id")),
    (copies.Charge, "balance_transaction_id", ("customer_id", "payment_intent_id")),
    (copies.Charge, "id", ("customer_id", "payment_intent_id")),
    (copies.PaymentIntent, "payment_method_id", ("customer_id", "id")),
    (copies.PaymentIntent, "id", ("customer_id",)),
)
ENDS: tuple[tuple[type[Model], str, str], ...] = (
    (StripeCustomer, "id", "account__user"),
    (copies.Customer, "id", "subscriber"),
    (Order, "payment_intent", "account__user"),
)


def _finder(model: type[Model]) -> Callable[[list[Any]], Iterable[tuple[Any, UUID | None]]]:
    def find(keys: list[Any]) -> list[tuple[Any, UUID | None]]:
        rows = model._default_manager.filter(pk__in=keys).values_list("pk", *NUMBERS[model])
        numbers = {key: _texts(found) for key, *found in rows}
        people = _people({number for found in numbers.values() for number in found})
        return [
            (key, next((people[number] for number in found if number in people), None))
            for key, found in numbers.items()
        ]

    return find


def _people(numbers: set[str]) -> dict[str, UUID]:
    """Return the people by the numbers that lead to them."""
    leads: dict[str, list[str]] = {}
    known = set(numbers)
    for model, at, to in STEPS:
        rows = model._default_manager.filter(**{f"{at}__in": known}).values_list(at, *to)
        for number, *found in rows:
            leads.setdefault(str(number), []).extend(_texts(found))
            known.update(_texts(found))
    ends: dict[str, UUID] = {}
    for model, at, to_user in ENDS:
        there = model._default_manager.filter(**{f"{at}__in": known}).values_list(at, to_user)
        ends |= {str(number): user for number, user in there if user is not None}
    found_people = {number: _follow(number, leads, ends) for number in numbers}
    return {number: user for number, user in found_people.items() if user is not None}


def _follow(number: str, leads: dict[str, list[str]], ends: dict[str, UUID]) -> UUID | None:
    seen, waiting = {number}, [number]
    while waiting:
        current = waiting.pop()
        if current in ends:
            return ends[current]
        fresh = [lead for lead in leads.get(current, []) if lead not in seen]
        seen.update(fresh)
        waiting += fresh
    return None


def _texts(found: Iterable[object]) -> list[str]:
    return [one for one in found if isinstance(one, str) and one]


OWNERS = {model._meta.label: _finder(model) for model in NUMBERS}
