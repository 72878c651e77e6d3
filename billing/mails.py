"""Mail about money; what is still to be mailed stands in rows, so none is lost or doubled."""

import logging
from datetime import timedelta
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db.models import F
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from billing.models import AutoTopUp, LowBalanceAlert, Order

log = logging.getLogger("lumyx.billing")

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
        context = {"order": order, "receipt": _address("receipt", order.pk)}
        done = _send(user, f"Receipt {order.receipt_number}", "receipt", context)
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
            "page": _address("auto_top_up"),
            "buy": _address("billing"),
        }
        user = plan.account.user
        done = user is not None and _send(
            user, "Automatic top-up is off", "auto_top_up_off", context
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
            "buy": _address("billing"),
            "page": _address("auto_top_up"),
        }
        user = alert.account.user
        done = user is not None and _send(
            user, "Your LumyxAI credits run low", "low_balance", context
        )
        if not done:
            LowBalanceAlert.objects.filter(pk=alert.pk).update(told_at=None)
        sent += done
    return sent


def _send(user: User, subject: str, template: str, context: dict[str, Any]) -> bool:
    """Send a mail; False where it is to be tried again. Who has no address has had it."""
    if not user.email:
        return True
    text = render_to_string(f"billing/mail/{template}.txt", {**context, "user": user})
    try:
        send_mail(subject, text, None, [user.email])
    except (SMTPException, OSError) as error:
        log.warning("a mail to %s could not be sent: %s", user.pk, type(error).__name__)
        return False
    return True


def _address(name: str, *arguments: Any) -> str:
    return f"{settings.PUBLIC_URL}{reverse(name, args=arguments)}"
