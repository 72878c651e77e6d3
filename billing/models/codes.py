"""Redemption codes and who redeemed them; all amounts are micro-credits."""

import uuid

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from billing.models.accounts import MICRO, Account


class Code(models.Model):
    """A code that gives credits; of its text only a keyed digest and the end are kept.

    `most` limits its redemptions in all (null: no limit) and `most_each` those of one account.
    While it waits, nobody can redeem it.
    """

    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    pepper_version = models.PositiveSmallIntegerField(editable=False)
    hint = models.CharField("ends with", max_length=4, editable=False)
    value = models.BigIntegerField(help_text="Micro-credits; 1 credit is 1,000,000.")
    expires_at = models.DateTimeField(null=True, blank=True, help_text="UTC. Empty: never.")
    most = models.PositiveIntegerField(
        "redemptions in all",
        null=True,
        blank=True,
        default=1,
        validators=[MinValueValidator(1)],
        help_text="Of each code. Empty: no limit.",
    )
    most_each = models.PositiveIntegerField(
        "redemptions per account", default=1, validators=[MinValueValidator(1)]
    )
    bonus = models.BooleanField(default=True, help_text="Spent last, and never paid back.")
    note = models.CharField(
        max_length=200, blank=True, help_text="What it is for; nothing about a person."
    )
    batch = models.UUIDField(default=uuid.uuid4, editable=False)
    batch_place = models.PositiveSmallIntegerField(default=0, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    disabled_at = models.DateTimeField(null=True, editable=False)
    waits = models.BooleanField(
        "waits for a second person", default=False, db_default=False, editable=False
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
    )
    approved_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "batch_place"], name="code_once_in_batch"),
            models.CheckConstraint(condition=Q(value__gt=0), name="code_value_positive"),
            models.CheckConstraint(
                condition=(Q(most=None) | Q(most__gte=1)) & Q(most_each__gte=1),
                name="code_can_be_redeemed",
            ),
            models.CheckConstraint(
                condition=~Q(approved_by=F("created_by")), name="code_approved_by_another"
            ),
        ]

    def __str__(self) -> str:
        return f"code …{self.hint}"

    def clean(self) -> None:
        """Refuse a code that could give one account more than staff may give alone."""
        if self.value is None or self.most_each is None:
            return
        if self.value <= 0:
            raise ValidationError("A code gives something.")
        if self.value * self.most_each > settings.CODE_CREDITS * MICRO:
            raise ValidationError(
                f"One code may give one account at most {settings.CODE_CREDITS} credits."
            )


class Redemption(models.Model):
    """One use of a code by an account; the database refuses to change or delete it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.ForeignKey(
        Code,
        on_delete=models.PROTECT,
        related_name="redemptions",
        db_index=False,  # another index begins with it
    )
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="redemptions", db_constraint=False
    )
    nth = models.PositiveIntegerField()
    amount = models.BigIntegerField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["code", "account", "nth"], name="redemption_once_per_code_account_and_nth"
            ),
        ]

    def __str__(self) -> str:
        return f"redemption {self.id}"
