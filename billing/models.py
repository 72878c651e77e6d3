"""Accounts, budgets, holds and the append-only ledger; all amounts are micro-credits."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

MICRO = 1_000_000
"""Micro-credits in a credit; one credit is US$1.00 of list price."""


class Account(models.Model):
    """What a customer has and what is held for calls under way, in micro-credits.

    `bonus` is the part of the balance that was given and not bought. It is spent last: use takes
    from it only once the rest is gone.

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


class HoldState(models.IntegerChoices):
    """Where a hold stands; settled and released are final."""

    OPEN = 0
    SETTLED = 1
    RELEASED = 2


class Hold(models.Model):
    """Micro-credits set aside for one call while it runs.

    `fingerprint` is the keyed hash of the body of a call that may be repeated. Such a call gives
    its request id up when its hold is released, so that it can be tried again.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    account = models.ForeignKey(
        Account,
        on_delete=models.PROTECT,
        related_name="holds",
        db_constraint=False,
        db_index=False,  # another index begins with it
    )
    request_id = models.CharField(max_length=64)
    amount = models.BigIntegerField()
    cost = models.BigIntegerField(default=0, db_default=0)
    state = models.SmallIntegerField(choices=HoldState, default=HoldState.OPEN, db_default=0)
    expires_at = models.DateTimeField()
    budget = models.ForeignKey(
        Budget,
        on_delete=models.PROTECT,
        related_name="holds",
        null=True,
        db_constraint=False,
        db_index=False,
    )
    fingerprint = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "request_id"], name="hold_once_per_account_and_request"
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=0, cost__gte=0, cost__lte=F("amount")),
                name="hold_cost_within_amount",
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(state=0), name="hold_open_by_expiry"),
        ]

    def __str__(self) -> str:
        return f"hold {self.id}"


class LedgerKind(models.TextChoices):
    """Why money moved."""

    USAGE = "usage"
    TOP_UP = "top_up"
    GRANT = "grant"
    ADJUSTMENT = "adjustment"
    REFUND = "refund"
    DISPUTE = "dispute"


class LedgerEntry(models.Model):
    """One movement of money; the database refuses to change or delete it."""

    account = models.ForeignKey(
        Account,
        on_delete=models.PROTECT,
        related_name="entries",
        db_constraint=False,
        db_index=False,  # another index begins with it
    )
    kind = models.CharField(max_length=16, choices=LedgerKind)
    amount = models.BigIntegerField()
    balance_after = models.BigIntegerField()
    reference = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "ledger entries"
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "reference"], name="ledger_once_per_kind_and_reference"
            ),
        ]
        indexes = [models.Index(fields=["account", "id"], name="ledger_by_account")]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"


class UncollectedUse(models.Model):
    """Use that could not be charged, because its hold had been released before it was settled."""

    hold = models.OneToOneField(Hold, on_delete=models.PROTECT, related_name="uncollected")
    account = models.ForeignKey(Account, on_delete=models.PROTECT)
    cost = models.BigIntegerField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "uncollected use"

    def __str__(self) -> str:
        return f"{self.cost} of {self.hold_id}"
