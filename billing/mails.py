"""Mail about money; what is still to be mailed stands in rows, so none is lost or doubled."""

from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from accounts import mail, restrictions
from accounts.data_sets import Purpose
from billing.models import AutoTopUp, LowBalanceAlert, Order

RECENT = timedelta(days=2)
"""What could not be mailed for so long is not mailed any more."""


def send_all(*, limit: int = 200) -> int:
    """Send what is to be sent; return how many mails went out."""
    return _receipts(limit) + _turned_off(limit) + _low(limit)


def _receipts(limit: int) -> int:
    """Mail receipts; who wants none is marked as served."""
    waiting = Order.objects.filter(
        receipt__isnull=False,
        receipt_mailed_at__isnull=True,
        paid_at__gt=timezone.now() - RECENT,
    ).select_related("account__user")[:limit]
    sent = 0
    for order in waiting:
        if not Order.objects.filter(pk=order.pk, receipt_mailed_at__isnull=True).update(
            receipt_mailed_at=timezone.now()
        ):
            continue
        user = order.account.user
        if user is None or not user.mail_receipts:
            continue
        context = {"order": order, "receipt": mail.address("receipt", order.pk)}
        done = mail.send(
            user,
            mail.About.RECEIPT,
            subject=f"Receipt {order.receipt_number}",
            template="billing/mail/receipt.txt",
            context=context,
        )
        if not done:
            Order.objects.filter(pk=order.pk).update(receipt_mailed_at=None)
        sent += done
    return sent


def _turned_off(limit: int) -> int:
    """Tell people that we stopped topping up; this is about their money, so it is always sent."""
    waiting = (
        AutoTopUp.objects.filter(enabled=False, told_at__isnull=True)
        .exclude(why_off="")
        .select_related("account__user")[:limit]
    )
    sent = 0
    for plan in waiting:
        if not AutoTopUp.objects.filter(pk=plan.pk, told_at__isnull=True).update(
            told_at=timezone.now()
        ):
            continue
        context = {
            "why": plan.why_off,
            "page": mail.address("auto_top_up"),
            "buy": mail.address("billing"),
        }
        user = plan.account.user
        done = user is not None and mail.send(
            user,
            mail.About.MONEY,
            subject="Automatic top-up is off",
            template="billing/mail/auto_top_up_off.txt",
            context=context,
        )
        if not done and user is not None:
            AutoTopUp.objects.filter(pk=plan.pk).update(told_at=None)
        sent += done
    return sent


def _low(limit: int) -> int:
    """Tell people once that their credits run low; anew after they had enough again."""
    LowBalanceAlert.objects.filter(
        told_at__isnull=False, account__balance__gte=F("threshold")
    ).update(told_at=None)
    waiting = LowBalanceAlert.objects.filter(
        told_at__isnull=True,
        account__balance__lt=F("threshold"),
        account__user__mail_low_balance=True,
        # They are told once they allow it again, if it is still so then.
        account__user__in=restrictions.without(Purpose.MESSAGES),
    ).select_related("account__user")[:limit]
    sent = 0
    for alert in waiting:
        if not LowBalanceAlert.objects.filter(pk=alert.pk, told_at__isnull=True).update(
            told_at=timezone.now()
        ):
            continue
        context = {
            "balance": alert.account.balance,
            "threshold": alert.threshold,
            "buy": mail.address("billing"),
            "page": mail.address("auto_top_up"),
        }
        user = alert.account.user
        done = user is not None and mail.send(
            user,
            mail.About.LOW_BALANCE,
            subject="Your LumyxAI credits run low",
            template="billing/mail/low_balance.txt",
            context=context,
        )
        if not done:
            LowBalanceAlert.objects.filter(pk=alert.pk).update(told_at=None)
        sent += done
    return sent
