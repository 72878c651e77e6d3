"""What staff say on every page of the site for a while."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone


class Level(models.TextChoices):
    """How much a notice matters."""

    INFO = "info", "for information"
    WARN = "warn", "warning"


class SiteNotice(models.Model):
    """A banner on every page from a moment to another, such as before and during work (UTC)."""

    text = models.CharField(
        max_length=200, help_text="On every page, for everybody. Say what, when and for how long."
    )
    level = models.CharField(max_length=8, choices=Level, default=Level.INFO)
    begins_at = models.DateTimeField("shown from (UTC)", default=timezone.now)
    ends_at = models.DateTimeField("shown until (UTC)", help_text="It goes by itself then.")

    class Meta:
        verbose_name = "banner"
        ordering = ["-begins_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("begins_at")), name="site_notice_ends_after_its_start"
            )
        ]

    def __str__(self) -> str:
        return self.text

    def clean(self) -> None:
        """Refuse an end that is not after the start."""
        if self.begins_at and self.ends_at and self.ends_at <= self.begins_at:
            raise ValidationError({"ends_at": "It ends after it begins."})
