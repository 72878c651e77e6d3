"""What Stripe says it moved, to be compared with the ledger; amounts are cents."""

from django.db import models
from django.utils import timezone


class StripeMovement(models.Model):
    """One of Stripe's balance transactions that concerns customers' money."""

    id = models.CharField("Stripe's id", max_length=255, primary_key=True)
    kind = models.CharField(max_length=60)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    source = models.CharField(max_length=255, blank=True)
    payment_intent = models.CharField(max_length=255, blank=True, db_index=True)
    created_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.id


class Reconciliation(models.Model):
    """One comparison of Stripe's balance with the ledger."""

    began_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    movements = models.PositiveIntegerField(default=0)
    payments = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-began_at"]

    def __str__(self) -> str:
        return f"reconciliation of {self.began_at:%Y-%m-%d %H:%M}"


class Difference(models.Model):
    """A payment for which Stripe and the ledger disagree; cents."""

    reconciliation = models.ForeignKey(
        Reconciliation, on_delete=models.CASCADE, related_name="differences"
    )
    payment = models.CharField(max_length=255)
    at_stripe = models.BigIntegerField()
    in_ledger = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.payment}: {self.at_stripe - self.in_ledger} cents"
