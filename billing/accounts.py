"""Open a customer's account."""

from accounts.models import User
from billing.models import Account


def open_for(user: User) -> Account:
    """Return the customer's account, opening it with nothing in it where there is none."""
    account, _ = Account.objects.get_or_create(user=user)
    return account
