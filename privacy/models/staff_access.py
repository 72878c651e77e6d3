"""What staff saw of people, and why."""

from django.conf import settings
from django.db import models
from django.utils import timezone

KEPT_DAYS = 730
"""24 months."""


class Look(models.TextChoices):
    """How a member of staff came to a row."""

    LIST = "list", "seen in a list"
    FOUND = "found", "found by a search"
    OPENED = "opened", "opened"
    HISTORY = "history", "its history opened"
    ADDED = "added", "something added to it"
    CHANGED = "changed", "a change sent"
    ACTED = "acted", "acted on"


class StaffAccess(models.Model):
    """A member of staff saw a row of somebody's, or acted on it; added, never changed (UTC).

    `kind` and `object_id` name the row: the label of its model, and its key. All rows of one page
    have the same `at`.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="staff_accesses"
    )
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=100)
    object_id = models.CharField("row", max_length=255, blank=True)
    how = models.CharField(max_length=8, choices=Look)
    reason = models.CharField(max_length=200)

    class Meta:
        verbose_name = "staff access"
        verbose_name_plural = "staff accesses"
        indexes = [
            models.Index(fields=["user", "-at"], name="staff_access_of_person"),
            models.Index(fields=["at"], name="staff_access_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id} {self.how}"
