"""Refunds that staff ordered."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from billing.models.orders import Order


class RefundState(models.TextChoices):
    """Where a refund stands."""

    WAITING = "waiting", "waits for a second person"
    APPROVED = "approved", "on its way"
    DONE = "done", "done"
    DECLINED = "declined", "declined"
    REFUSED = "refused", "refused"


class Refund(models.Model):
    """Unspent credits of an order, to be paid back to where the payment came from; cents.

    `problem` is why it was refused, in words of ours or one of Stripe's codes.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="refunds")
    amount = models.PositiveIntegerField("amount in cents")
    reason = models.TextField()
    state = models.CharField(max_length=8, choices=RefundState)
    problem = models.CharField(max_length=80, blank=True)
    stripe_id = models.CharField(max_length=255, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [("approve_refund", "Can approve refunds above the limit")]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_of_something"),
        ]
        indexes = [
            models.Index(
                fields=["created_at"], condition=Q(state="approved"), name="refund_on_its_way"
            )
        ]

    def __str__(self) -> str:
        return f"refund {self.id}"
