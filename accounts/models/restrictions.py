"""What people do not want their data used for."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class RestrictionKind(models.TextChoices):
    """Which right somebody uses; what stops is the same."""

    RESTRICT = "restrict", "restricted"
    OBJECT = "object", "objected to"


class Restriction(models.Model):
    """One purpose that somebody's data is not used for, since when (UTC), until they lift it.

    `purpose` is the name of one of `accounts.data_sets.Purpose`.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="restrictions"
    )
    purpose = models.CharField(max_length=16)
    kind = models.CharField(max_length=8, choices=RestrictionKind)
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "purpose"], name="restriction_once_a_purpose")
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.kind} by {self.user_id}"
