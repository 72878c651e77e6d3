"""What customers want to happen when their credits run low."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from billing.models.accounts import MICRO, Account


class AutoTopUp(models.Model):
    """Buy credits whenever an account falls below a threshold, up to a ceiling each UTC month.

    The threshold is micro-credits; the amount and the ceiling are cents. `why_off` is why it was
    turned off by us, and `told_at` when its owner was told.
    """

    account = models.OneToOneField(
        Account, on_delete=models.PROTECT, related_name="auto_top_up", primary_key=True
    )
    enabled = models.BooleanField(default=False)
    threshold = models.PositiveBigIntegerField(default=5 * MICRO)
    amount = models.PositiveIntegerField(default=2_000)
    monthly_ceiling = models.PositiveIntegerField(default=10_000)
    why_off = models.CharField(max_length=40, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "automatic top-up"
        indexes = [
            models.Index(fields=["account"], condition=Q(enabled=True), name="auto_top_up_enabled")
        ]

    def __str__(self) -> str:
        return f"automatic top-up of account {self.account_id}"


class LowBalanceAlert(models.Model):
    """Mail somebody once when their credits fall below a threshold, in micro-credits."""

    account = models.OneToOneField(
        Account, on_delete=models.PROTECT, related_name="low_balance_alert", primary_key=True
    )
    threshold = models.PositiveBigIntegerField(default=MICRO)
    told_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"low-balance alert of account {self.account_id}"
