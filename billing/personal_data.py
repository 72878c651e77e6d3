"""The personal data that billing holds, and how it leaves."""

from datetime import timedelta

from django.db import connection
from django.utils import timezone
from djstripe.models import Event, WebhookEventTrigger

from accounts.data_sets import Classified
from accounts.models import User
from billing import books, holdings, inbox, ledger, stripe_copies
from billing.models import Account, AutoTopUp, Hold, HoldState, LowBalanceAlert, StripeCustomer

DATA: list[Classified] = [*holdings.DATA, *stripe_copies.DATA]

COPIES_KEPT = timedelta(days=29)
"""The hourly sweep and 30 days make a promise."""


def expire() -> dict[str, int]:
    """Delete what each call set aside once it is too old; the ledger stays, as the law wants."""
    total = 0
    while deleted := ledger.delete_old_holds():
        total += deleted
    return {
        "closed holds": total,
        "events' ids": inbox.delete_old(),
        "copies of events": _delete_copies(),
        **books.expire(),
    }


def _delete_copies() -> int:
    """Delete what dj-stripe copied of Stripe's events: they hold people's data."""
    old = timezone.now() - COPIES_KEPT
    WebhookEventTrigger.objects.filter(created__lt=old).delete()
    return int(Event.objects.filter(djstripe_created__lt=old).delete()[0])


def under_way(user: User) -> bool:
    """Return whether a call of somebody's still holds credits: it is waited for."""
    return Hold.objects.filter(account__user=user, state=HoldState.OPEN).exists()


FEW = 5_000

DELETE_HOLDS = """
delete from billing_hold where id = any(array(
  select id from billing_hold h where account_id = %(account)s and state <> 0
  and not exists (select from billing_uncollecteduse u where u.hold_id = h.id)
  limit %(few)s
))
"""
# What somebody chose as the name of a call may say something of them.
BLANK_HOLDS = """
update billing_hold set request_id = id::text, fingerprint = null, budget_id = null
where account_id = %(account)s
"""


def erase_many(user: User) -> None:
    """Delete what there may be a great deal of, in short statements, before the rest."""
    account = Account.objects.filter(user=user).first()
    if account is None:
        return
    while True:
        with connection.cursor() as cursor:
            cursor.execute(DELETE_HOLDS, {"account": account.pk, "few": FEW})
            if cursor.rowcount < FEW:
                return


def erase(user: User) -> None:
    """Part the books from the person and delete the rest, within the caller's transaction."""
    stripe_copies.erase(user)
    account = Account.objects.select_for_update().filter(user=user).first()
    if account is None:
        return
    for model in (AutoTopUp, LowBalanceAlert, StripeCustomer):
        model._default_manager.filter(account=account).delete()
    with connection.cursor() as cursor:
        cursor.execute(BLANK_HOLDS, {"account": account.pk})
    books.close(user, account)
