"""What happened to the customer that we make up each day."""

from django.db import models
from django.utils import timezone


class CanaryRun(models.Model):
    """A made-up customer was created, used, exported, corrected, restricted and erased (UTC).

    `steps` has for each step its name, whether it went well, and how many milliseconds it took;
    `said` is the outcome in words for everybody.
    """

    ran_at = models.DateTimeField(default=timezone.now, db_index=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    passed = models.BooleanField(default=False)
    said = models.CharField(max_length=400, blank=True)
    steps = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"canary of {self.ran_at:%Y-%m-%d %H:%M}"
