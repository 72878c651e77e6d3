"""API keys as they are kept: never the key, only a keyed digest of it."""

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

MINUTE_LIMIT_MOST = 1_000
DAY_LIMIT_MOST = 10_000


class ApiKey(models.Model):
    """A key that calls the API for its owner."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys"
    )
    name = models.CharField(max_length=80)
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    pepper_version = models.PositiveSmallIntegerField(editable=False)
    prefix = models.CharField(max_length=8, editable=False)
    last4 = models.CharField("last 4", max_length=4, editable=False)
    minute_limit = models.PositiveIntegerField(
        "requests a minute",
        default=60,
        validators=[MinValueValidator(1), MaxValueValidator(MINUTE_LIMIT_MOST)],
    )
    day_limit = models.PositiveIntegerField(
        "requests a UTC day",
        default=1_000,
        validators=[MinValueValidator(1), MaxValueValidator(DAY_LIMIT_MOST)],
    )
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "API key"
        constraints = [
            models.CheckConstraint(
                condition=Q(minute_limit__gte=1, minute_limit__lte=MINUTE_LIMIT_MOST),
                name="key_minute_limit",
            ),
            models.CheckConstraint(
                condition=Q(day_limit__gte=1, day_limit__lte=DAY_LIMIT_MOST),
                name="key_day_limit",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.display})"

    @property
    def display(self) -> str:
        """How the key is shown once its text is gone."""
        return f"{self.prefix}…{self.last4}"
