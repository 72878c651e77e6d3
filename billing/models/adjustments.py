"""What staff give to accounts and correct on them; all amounts are micro-credits."""

import uuid

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from billing.models.accounts import Account

REASON_LENGTH = 1_000


class AdjustmentKind(models.TextChoices):
    """What an adjustment is: a gift, or the repair of a mistake."""

    GRANT = "grant"
    CORRECTION = "correction"


class AdjustmentState(models.TextChoices):
    """Where an adjustment stands; only a waiting one changes.

    A refused one would have taken more than the account had free.
    """

    WAITING = "waiting"
    DONE = "done"
    DECLINED = "declined"
    REFUSED = "refused"


class Adjustment(models.Model):
    """Credits that staff gave or corrected, why, and who agreed.

    Once it has been decided the database refuses to change it, and never lets it be deleted.
    `decided_by` is null where no second person was needed.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="adjustments", db_constraint=False
    )
    kind = models.CharField(max_length=16, choices=AdjustmentKind)
    amount = models.BigIntegerField()
    bonus = models.BooleanField(
        default=False, help_text="For grants only: spent last, and never paid back."
    )
    reason = models.TextField(
        max_length=REASON_LENGTH,
        validators=[MaxLengthValidator(REASON_LENGTH), ProhibitNullCharactersValidator()],
        help_text="Why, so that others understand it; no names or addresses.",
    )
    state = models.CharField(
        max_length=16, choices=AdjustmentState, default=AdjustmentState.WAITING, editable=False
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
    )
    requested_at = models.DateTimeField(db_default=Now(), editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
    )
    decided_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        permissions = [("approve_adjustment", "Can approve adjustments of others")]
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="adjustment_moves_something"),
            models.CheckConstraint(
                condition=~Q(kind="grant") | Q(amount__gt=0), name="adjustment_grant_positive"
            ),
            models.CheckConstraint(
                condition=Q(bonus=False) | Q(kind="grant"), name="adjustment_bonus_is_granted"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="adjustment_has_reason"),
            models.CheckConstraint(
                condition=~Q(state="done") | ~Q(decided_by=F("requested_by")),
                name="adjustment_approved_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    def clean(self) -> None:
        """Say in words what the constraints of the table refuse."""
        if self.amount == 0:
            raise ValidationError("An adjustment moves something.")
        if self.kind != AdjustmentKind.GRANT:
            if self.bonus:
                raise ValidationError("Only a grant can be a bonus.")
        elif self.amount is not None and self.amount < 0:
            raise ValidationError("A grant gives; what takes is a correction.")
