"""What we found when we asked our own public door, minute by minute: stretches of one state."""

from django.db import models
from django.db.models import Q


class Part(models.TextChoices):
    """A part of the service that is measured."""

    WEBSITE = "website", "Website"
    API = "api", "API"
    DATABASE = "database", "Database"
    LIMITS = "redis", "Limits and cache"


class UptimeSpell(models.Model):
    """A stretch of one UTC day in which each check of a part found the same.

    Between stretches lie times that nobody measured: they count neither as up nor as down.
    """

    part = models.CharField(max_length=16, choices=Part)
    began = models.DateTimeField()
    last_at = models.DateTimeField("last check")
    checks = models.PositiveIntegerField(default=1)
    ok = models.BooleanField("answered")
    latency_ms = models.PositiveBigIntegerField("ms in all", default=0)
    reason = models.CharField(max_length=24, blank=True, help_text="A word of ours.")

    class Meta:
        verbose_name = "stretch of uptime"
        verbose_name_plural = "our own uptime"
        ordering = ["-last_at", "part"]
        indexes = [models.Index(fields=["part", "-last_at"], name="uptime_by_part")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ok=True, reason="") | (Q(ok=False) & ~Q(reason="")),
                name="uptime_fails_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(last_at__gte=models.F("began")), name="uptime_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_part_display()} {self.began:%Y-%m-%d %H:%M}"
