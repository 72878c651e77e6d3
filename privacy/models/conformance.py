"""What the checks of our promises found."""

from django.db import models


class ProbeState(models.TextChoices):
    """How a promise stands."""

    KEPT = "kept", "kept"
    BROKEN = "not_kept", "not kept"
    NOT_HERE = "not_applicable_here", "not applicable here"
    UNCHECKED = "not_checked_yet", "not checked yet"


class ProbeResult(models.Model):
    """What one check found of one clause; `since` is when it began to find so (UTC).

    `said` and `measured` are public, `details` are for staff. `applies` is false where a
    development server has nothing to show.
    """

    clause = models.CharField(max_length=40)
    ran_at = models.DateTimeField()
    passed = models.BooleanField()
    applies = models.BooleanField(default=True)
    said = models.CharField(max_length=400)
    details = models.TextField(blank=True)
    measured = models.JSONField(default=dict)
    since = models.DateTimeField()
    milliseconds = models.PositiveIntegerField()

    class Meta:
        ordering = ["-ran_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(passed=False) | models.Q(applies=True),
                name="probe_passed_applies",
            )
        ]
        indexes = [models.Index(fields=["clause", "-ran_at"], name="probe_by_clause")]

    def __str__(self) -> str:
        return f"{self.clause} at {self.ran_at:%Y-%m-%d %H:%M}"

    @property
    def state(self) -> str:
        """Return how the promise stood."""
        if not self.applies:
            return ProbeState.NOT_HERE
        return ProbeState.KEPT if self.passed else ProbeState.BROKEN
