"""Close the books of a customer who is erased, and let them go when the law no longer asks."""

import json
import uuid
from datetime import date, datetime

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts import ciphers
from accounts.models import User
from billing.models import (
    Account,
    Adjustment,
    Books,
    LedgerEntry,
    Order,
    Redemption,
    Refund,
    SealedReceipt,
)

REASON = "The reason went with the customer."
PAST_RETENTION = "set local lumyx.past_retention = 'on'"
"""What the triggers of append-only tables ask for before they let a row go."""


def retain_until(day: date) -> date:
    """Return until when a document of a day is kept: the end of its year, and the years after."""
    return date(day.year + settings.BILLING_YEARS, 12, 31)


def close(user: User, account: Account, *, now: datetime | None = None) -> None:
    """Part an account from its person: receipts are sealed, the rest has no name any more.

    An account in which nothing ever moved is deleted. Runs within the caller's transaction.
    """
    day = (now or timezone.now()).date()
    if _is_empty(account):
        delete_account(account)
        return
    seal_receipts(user, account)
    Adjustment.objects.filter(account=account).update(reason=REASON)
    Refund.objects.filter(order__account=account).update(reason=REASON)
    Books.objects.get_or_create(
        account=account,
        defaults={
            "jurisdiction": settings.BILLING_JURISDICTION,
            "closed_on": day,
            "retain_until": retain_until(day),
        },
    )
    Account.objects.filter(pk=account.pk).update(user=None, public_id=uuid.uuid4())


def _is_empty(account: Account) -> bool:
    kept = (LedgerEntry, Order, Adjustment, Redemption)
    return not any(model._default_manager.filter(account=account).exists() for model in kept)


def seal_receipts(user: User, account: Account) -> None:
    """Seal who paid what; what was sealed before stays."""
    paid = Order.objects.filter(account=account, paid_at__isnull=False, sealed_receipt=None)
    for order in paid.iterator():
        assert order.paid_at is not None
        SealedReceipt.objects.create(
            order=order,
            sealed=ciphers.encrypt(json.dumps(_receipt(user, order))),
            jurisdiction=settings.BILLING_JURISDICTION,
            retain_until=retain_until(order.paid_at.date()),
        )


def _receipt(user: User, order: Order) -> dict[str, object]:
    return {
        "receipt": order.receipt_number,
        "name": user.username,
        "email": user.email,
        "paid_at": order.paid_at.isoformat() if order.paid_at else None,
        "cents": order.amount,
        "tax_cents": order.tax,
        "currency": order.currency,
        "payment": order.payment_intent,
    }


def unseal(receipt: SealedReceipt) -> dict[str, object]:
    """Return what was sealed; raises InvalidToken where its key is gone."""
    found: dict[str, object] = json.loads(ciphers.decrypt(receipt.sealed))
    return found


def expire(*, now: datetime | None = None) -> dict[str, int]:
    """Delete books and receipts that no law asks for any more."""
    day = (now or timezone.now()).date()
    receipts = int(SealedReceipt.objects.filter(retain_until__lt=day).delete()[0])
    gone = 0
    for books in Books.objects.filter(retain_until__lt=day).select_related("account")[:500]:
        drop(books.account)
        gone += 1
    return {"sealed receipts": receipts, "books": gone}


def drop(account: Account) -> None:
    """Delete an account that nobody has, and its books."""
    assert account.user_id is None
    with transaction.atomic():
        delete_account(account)


DELETES = """
delete from billing_sealedreceipt where order_id in
  (select id from billing_order where account_id = %(id)s);
delete from billing_refund where order_id in
  (select id from billing_order where account_id = %(id)s);
delete from billing_order where account_id = %(id)s;
delete from billing_redemption where account_id = %(id)s;
delete from billing_adjustment where account_id = %(id)s;
delete from billing_uncollecteduse where account_id = %(id)s;
delete from billing_hold where account_id = %(id)s;
delete from billing_ledgerentry where account_id = %(id)s;
delete from billing_autotopup where account_id = %(id)s;
delete from billing_lowbalancealert where account_id = %(id)s;
delete from billing_stripecustomer where account_id = %(id)s;
delete from billing_books where account_id = %(id)s;
delete from billing_account where id = %(id)s;
"""


def delete_account(account: Account) -> None:
    """Delete an account with all its rows, within the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = '300s'")
        cursor.execute(PAST_RETENTION)
        for statement in filter(str.strip, DELETES.split(";")):
            cursor.execute(statement, {"id": account.pk})
        cursor.execute("set local lumyx.past_retention = 'off'")
