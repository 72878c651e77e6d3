"""The append-only ledger; all amounts are micro-credits."""

from django.db import models
from django.db.models.functions import Now

from billing.models.accounts import Account


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
