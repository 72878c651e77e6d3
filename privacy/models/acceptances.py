"""What people have accepted."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Acceptance(models.Model):
    """Somebody accepted a version of a document, or affirmed their age; never changed."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="acceptances"
    )
    kind = models.CharField(max_length=16)
    version = models.CharField(max_length=10)
    sha256 = models.CharField("SHA-256 of the text", max_length=64)
    accepted_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "kind", "version"], name="acceptance_once_per_version"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.version}"
