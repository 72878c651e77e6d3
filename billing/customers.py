"""Who an account is to Stripe."""

from billing.models import Account, StripeCustomer
from billing.stripe_api import api, errors_as_ours


def of(account: Account) -> StripeCustomer:
    """Return the account's customer at Stripe, made there once; raises StripeDown.

    Stripe learns no name and no address from us, only the account's public id.
    """
    known = StripeCustomer.objects.filter(account=account).first()
    if known is not None:
        return known
    with errors_as_ours():
        made = api().customers.create(
            {"metadata": {"account": str(account.public_id)}},
            # Two at once are given the same customer.
            {"idempotency_key": f"customer {account.public_id}"},
        )
    customer, _ = StripeCustomer.objects.get_or_create(account=account, defaults={"id": made.id})
    return customer


def is_known(stripe_id: str) -> bool:
    """Return whether a customer of Stripe's is somebody who has an account here still."""
    return StripeCustomer.objects.filter(id=stripe_id, account__user__isnull=False).exists()
