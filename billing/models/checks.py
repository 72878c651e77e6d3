"""Whether what is always true of the money was true when it was looked at."""

from django.db import models
from django.utils import timezone


class LedgerCheck(models.Model):
    """One look at all invariants; `broken` are the sentences that were false. It names nobody."""

    began_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    broken = models.JSONField(default=list)

    class Meta:
        ordering = ["-began_at"]
        verbose_name = "check of the ledger"
        verbose_name_plural = "checks of the ledger"

    def __str__(self) -> str:
        return f"check of {self.began_at:%Y-%m-%d %H:%M}"

    @property
    def holds(self) -> bool:
        """Whether it came to its end and found nothing false."""
        return self.ended_at is not None and not self.broken
