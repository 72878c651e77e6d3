"""What customers buy, and who they are to Stripe; amounts paid are US cents."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from billing.models.accounts import Account

MICRO_PER_CENT = 10_000
"""Micro-credits in a cent."""


class StripeCustomer(models.Model):
    """An account as Stripe knows it; all that Stripe is told is the account's public id.

    `payment_method` is Stripe's id of the card that may be charged while nobody is there.
    """

    id = models.CharField("Stripe's id", max_length=255, primary_key=True)
    account = models.OneToOneField(
        Account, on_delete=models.PROTECT, related_name="stripe_customer"
    )
    payment_method = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.id


class OrderKind(models.TextChoices):
    """How a purchase came about."""

    CHECKOUT = "checkout", "checkout"
    AUTOMATIC = "automatic", "automatic top-up"


class OrderState(models.TextChoices):
    """Where a purchase stands; money can still come in late for one that failed or expired."""

    OPEN = "open", "waiting for payment"
    PAID = "paid", "paid"
    FAILED = "failed", "failed"
    EXPIRED = "expired", "expired"


class Order(models.Model):
    """A purchase of credits. What Stripe says of it is applied to it by `billing.payments` alone.

    Amounts are cents: `amount` was asked for, `tax` is the part of it that is tax, `refunded`
    went back to the payer, `disputed` is withheld while a dispute is open and `lost` is what
    disputes took for good. `bonus` is what came on top, in micro-credits. `version` counts how
    often Stripe's state was applied, so that an older view of it never follows a newer one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(
        Account,
        on_delete=models.PROTECT,
        related_name="orders",
        db_constraint=False,
        db_index=False,  # another index begins with it
    )
    kind = models.CharField(max_length=16, choices=OrderKind)
    state = models.CharField(max_length=8, choices=OrderState, default=OrderState.OPEN)
    amount = models.PositiveIntegerField()
    currency = models.CharField(max_length=3, default="usd")
    livemode = models.BooleanField()
    bonus = models.PositiveBigIntegerField(default=0)
    tax = models.PositiveIntegerField(default=0)
    refunded = models.PositiveIntegerField(default=0)
    disputed = models.PositiveIntegerField(default=0)
    lost = models.PositiveIntegerField(default=0)
    bonus_taken = models.PositiveBigIntegerField(default=0)
    version = models.PositiveIntegerField(default=0)
    failure = models.CharField(max_length=40, blank=True)
    checkout_session = models.CharField(max_length=255, unique=True, null=True, blank=True)
    payment_intent = models.CharField(max_length=255, unique=True, null=True, blank=True)
    invoice = models.CharField(max_length=255, blank=True)
    receipt = models.PositiveBigIntegerField(unique=True, null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    paid_at = models.DateTimeField(null=True, blank=True)
    receipt_mailed_at = models.DateTimeField(null=True, blank=True)
    checks = models.PositiveSmallIntegerField(default=0)
    next_check_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="order_of_something"),
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(kind="automatic", state="open"),
                name="order_one_automatic_in_flight",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-created_at"], name="order_by_account"),
            models.Index(
                fields=["paid_at"],
                condition=Q(receipt__isnull=False, receipt_mailed_at__isnull=True),
                name="order_receipt_to_mail",
            ),
            models.Index(
                fields=["next_check_at"], condition=Q(state="open"), name="order_open_by_check"
            ),
        ]

    def __str__(self) -> str:
        return f"order {self.id}"

    @property
    def micro(self) -> int:
        """What was bought, in micro-credits."""
        return self.amount * MICRO_PER_CENT

    @property
    def receipt_number(self) -> str:
        """The receipt's number as people read it; empty before the payment."""
        return f"LX-{self.receipt:06d}" if self.receipt else ""

    @property
    def kept(self) -> int:
        """What was paid and neither went back nor was lost, in cents."""
        return self.amount - self.refunded - self.lost if self.paid_at else 0


class VipBonus(models.Model):
    """What somebody of a VIP level, or of a higher one without its own row, gets on top."""

    level = models.PositiveSmallIntegerField(primary_key=True)
    percent = models.PositiveSmallIntegerField(help_text="Of what was bought; spent last.")

    class Meta:
        ordering = ["level"]
        verbose_name = "VIP bonus"
        verbose_name_plural = "VIP bonuses"
        constraints = [
            models.CheckConstraint(condition=Q(percent__lte=100), name="vip_bonus_at_most_all")
        ]

    def __str__(self) -> str:
        return f"VIP {self.level}: {self.percent} %"
