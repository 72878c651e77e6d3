"""Who an account is to Stripe."""

from collections.abc import Callable
from typing import TypeVar

from billing import automatic
from billing.models import Account, StripeCustomer
from billing.stripe_api import MISSING, StripeRefused, api, errors_as_ours

Answer = TypeVar("Answer")


def of(account: Account) -> StripeCustomer:
    """Return the account's customer at Stripe, made there once; raises StripeDown.

    Stripe learns no name and no address from us, only the account's public id.
    """
    known = StripeCustomer.objects.filter(account=account).first()
    return known or _make(account, key=f"customer {account.public_id}")


def ask_for(account: Account, ask: Callable[[str], Answer]) -> Answer:
    """Ask Stripe something for an account's customer, anew where Stripe has none of this id.

    Somebody may have deleted the customer in Stripe's dashboard. Raises what asking raises.
    """
    customer = of(account)
    try:
        return ask(customer.id)
    except StripeRefused as refused:
        if str(refused) != MISSING:
            raise
    if customer.payment_method:
        automatic.forget_card(customer.payment_method)
    StripeCustomer.objects.filter(pk=customer.pk).delete()
    return ask(_make(account, key=f"customer {account.public_id} after {customer.id}").id)


def _make(account: Account, *, key: str) -> StripeCustomer:
    with errors_as_ours():
        made = api().customers.create(
            {"metadata": {"account": str(account.public_id)}},
            # Two at once are given the same customer.
            {"idempotency_key": key},
        )
    customer, _ = StripeCustomer.objects.get_or_create(account=account, defaults={"id": made.id})
    return customer


def is_known(stripe_id: str) -> bool:
    """Return whether a customer of Stripe's is somebody who has an account here still."""
    return StripeCustomer.objects.filter(id=stripe_id, account__user__isnull=False).exists()
