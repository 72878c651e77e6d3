"""Deletions of people: how far each is, and what is still to be done elsewhere."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class ErasureWhy(models.TextChoices):
    """Why somebody is erased."""

    ASKED = "asked", "the person asked for it"
    CHILD = "child", "the person is under 13"
    INACTIVE = "inactive", "the account was not used for long"
    RESTORED = "restored", "a backup brought the person back"
    CANARY = "canary", "the person was made up to see whether it works"


class ErasureState(models.TextChoices):
    """How far a deletion is; only the absence scan makes it done."""

    GRACE = "grace", "waits for the person to come back"
    RUNNING = "running", "under way"
    DONE = "done", "done"
    CALLED_OFF = "called off", "called off"


class Erasure(models.Model):
    """A deletion; its id is the number of its receipt. Times are UTC.

    `sealed` holds, encrypted, what names the person and is to be looked for, and is emptied at the
    end. `state_before` is how the account was, should the person come back. `moved_at` is when a
    worker last made progress, `next_at` when the next may try. `removed`, `scanned` and `receipt`
    count rows and name tables, and say nothing of anybody.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="erasures",
    )
    request = models.ForeignKey(
        "privacy.DataRequest", on_delete=models.PROTECT, null=True, related_name="erasures"
    )
    why = models.CharField(max_length=8, choices=ErasureWhy, default=ErasureWhy.ASKED)
    state = models.CharField(max_length=10, choices=ErasureState, default=ErasureState.GRACE)
    state_before = models.CharField(max_length=8, blank=True)
    asked_at = models.DateTimeField(default=timezone.now)
    grace_until = models.DateTimeField()
    moved_at = models.DateTimeField(default=timezone.now)
    next_at = models.DateTimeField(default=timezone.now)
    tries = models.PositiveIntegerField(default=0)
    sealed = models.BinaryField(default=bytes, editable=False)
    removed_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    removed = models.JSONField(default=dict)
    scanned = models.JSONField(default=dict)
    receipt = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(state__in=["grace", "running"]),
                name="erasure_one_under_way",
            )
        ]
        indexes = [
            models.Index(
                fields=["next_at"],
                condition=Q(state__in=["grace", "running"]),
                name="erasure_under_way",
            )
        ]

    def __str__(self) -> str:
        return f"erasure {self.id}"

    @property
    def under_way(self) -> bool:
        """Whether it is still to be carried out."""
        return self.state in (ErasureState.GRACE, ErasureState.RUNNING)


class ErrandKind(models.TextChoices):
    """What is asked of others."""

    STRIPE_CUSTOMER = "stripe customer", "Stripe: delete the customer"
    STRIPE_CHECKOUT = "stripe checkout", "Stripe: close an unpaid checkout"
    NABZCLAN_TOKEN = "nabzclan token", "NabzClan: revoke a token"


class Errand(models.Model):
    """Something to be asked of another company for an erasure, until it is done there.

    `sealed` is what it is about, encrypted, and emptied when it is done. `problem` is the name of
    what went wrong at the last try.
    """

    erasure = models.ForeignKey(Erasure, on_delete=models.CASCADE, related_name="errands")
    kind = models.CharField(max_length=20, choices=ErrandKind)
    sealed = models.BinaryField(default=bytes, editable=False)
    tries = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)
    problem = models.CharField(max_length=60, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.kind} of {self.erasure_id}"
