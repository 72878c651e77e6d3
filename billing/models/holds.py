"""What is set aside for calls under way, in micro-credits."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from billing.models.accounts import Account, Budget


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
