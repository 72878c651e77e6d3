"""Mail to those who have not used their account for long."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class InactivityNotice(models.Model):
    """Somebody was told that their account will be closed; gone once they are back (UTC).

    `nth` is 1 or 2. Who has no address was not mailed, and has the row for its date alone.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="inactivity_notices"
    )
    nth = models.PositiveSmallIntegerField()
    sent_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "nth"], name="inactivity_notice_once"),
            models.CheckConstraint(
                condition=models.Q(nth__in=[1, 2]), name="inactivity_notice_first_or_second"
            ),
        ]

    def __str__(self) -> str:
        return f"inactivity notice {self.nth}"
