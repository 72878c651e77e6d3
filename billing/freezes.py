"""Freeze an account while a payment of its owner is disputed, or while it owes something."""

from django.db import transaction

from accounts.announcements import EVERY_KEY, announce
from billing.models import Account, Order


def review(account_id: int) -> bool:
    """Freeze or thaw an account by what is true of it now; return whether it is frozen.

    Every web process knows within a second of the commit.
    """
    with transaction.atomic():
        account = Account.objects.select_for_update().get(pk=account_id)
        wanted = bool(why(account))
        if account.frozen != wanted:
            account.frozen = wanted
            account.save(update_fields=["frozen"])
            transaction.on_commit(lambda: announce(EVERY_KEY))
    return wanted


def why(account: Account) -> str:
    """Return why an account is to be frozen, as a word: `dispute`, `debt` or nothing."""
    if Order.objects.filter(account=account, disputed__gt=0).exists():
        return "dispute"
    return "debt" if account.balance < 0 else ""
