"""Copies of everything held about somebody, made for them."""

import uuid
from pathlib import Path

from django.conf import settings
from django.db import models
from django.utils import timezone


class ExportState(models.TextChoices):
    """How far an export is."""

    WAITING = "waiting", "waiting"
    BUILDING = "building", "being made"
    READY = "ready", "ready"
    FAILED = "failed", "failed"


class Export(models.Model):
    """A ZIP of everything held about its owner; it ends with its row.

    `moved_at` is when the worker last made progress: whoever is silent for long is taken for
    dead, and the export is made anew. Times are UTC, sizes bytes.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="exports"
    )
    state = models.CharField(max_length=8, choices=ExportState, default=ExportState.WAITING)
    asked_at = models.DateTimeField(default=timezone.now)
    moved_at = models.DateTimeField(default=timezone.now)
    tries = models.PositiveSmallIntegerField(default=0)
    rows_done = models.PositiveBigIntegerField(default=0)
    rows_expected = models.PositiveBigIntegerField(default=0)
    ready_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    size = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(state__in=[ExportState.WAITING, ExportState.BUILDING]),
                name="export_one_under_way",
            )
        ]
        indexes = [models.Index(fields=["state", "moved_at"], name="export_by_progress")]

    def __str__(self) -> str:
        return f"export {self.id}"

    @property
    def path(self) -> Path:
        """Return where the file is, once it is ready."""
        return Path(settings.EXPORT_DIR) / f"{self.id}.zip"

    @property
    def under_way(self) -> bool:
        """Whether it is still to be made."""
        return self.state in (ExportState.WAITING, ExportState.BUILDING)

    @property
    def percent(self) -> int:
        """Return how much of it is made, of 100."""
        return min(99, 100 * self.rows_done // max(self.rows_expected, 1))
