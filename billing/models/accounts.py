"""What customers have, and what their keys have spent; all amounts are micro-credits."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

MICRO = 1_000_000
"""Micro-credits in a credit; one credit is US$1.00 of list price."""


class Account(models.Model):
    """What a customer has and what is held for calls under way, in micro-credits.

    `bonus` is the part of the balance that was given and not bought. It is spent last: use takes
    from it only once the rest is gone. `frozen` says that its keys are refused until a dispute is
    over or a debt is paid; whether staff froze its owner is another matter.

    The row is the mutex of everything that moves this customer's money. Each statement that
    writes a hold or an entry has locked it before, and the database refuses to delete it:
    so these rows need no foreign key, whose check would cost a fifth of a settlement. Erasing the
    customer leaves the row, and with it the ledger, under its random public id.
    """

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="account",
    )
    balance = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    bonus = models.BigIntegerField(default=0, db_default=0)
    frozen = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(held__gte=0), name="account_held_not_negative"),
        ]

    def __str__(self) -> str:
        return f"account {self.public_id}"

    @property
    def available(self) -> int:
        """What new calls may still hold, in micro-credits."""
        return self.balance - self.held


class Budget(models.Model):
    """What one API key has spent and has held, in micro-credits; days and months are UTC.

    The id is the key's. All of a budget's calls belong to one account, so whoever has locked
    that account's row may write this one, and nobody else does. A counter whose day or month is
    past stands for 0. The limits themselves come with each call. Nothing here is constrained by
    the database: a wrong counter must not keep a batch of charges from being made.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    held = models.BigIntegerField(default=0, db_default=0)
    total = models.BigIntegerField(default=0, db_default=0)
    day = models.DateField()
    day_spent = models.BigIntegerField(default=0, db_default=0)
    month = models.DateField()
    month_spent = models.BigIntegerField(default=0, db_default=0)

    def __str__(self) -> str:
        return f"budget {self.id}"
