"""What Stripe told us, by its id alone: what an event holds is asked for when it is handled."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class StripeEvent(models.Model):
    """An event of Stripe's that was received; the row is the work, whatever messages are lost.

    `problem` is the name of what went wrong at the last try, and never quotes an event.
    """

    id = models.CharField("Stripe's id", max_length=255, primary_key=True)
    type = models.CharField(max_length=100)
    created_at = models.DateTimeField("happened at")
    received_at = models.DateTimeField(db_default=Now())
    handled_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    next_try_at = models.DateTimeField(db_default=Now())
    problem = models.CharField(max_length=60, blank=True, default="", db_default="")

    class Meta:
        indexes = [
            models.Index(
                fields=["next_try_at"],
                condition=Q(handled_at__isnull=True),
                name="stripe_event_waiting",
            ),
            models.Index(fields=["received_at"], name="stripe_event_by_receipt"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"
