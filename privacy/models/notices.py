"""Mail about documents that will change."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class Notice(models.Model):
    """Somebody was told by mail of a version of a document, before it took effect (UTC).

    `claimed_at` is when a worker began to send it; it has gone out once there is `mailed_at`.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices"
    )
    kind = models.CharField(max_length=16)
    version = models.CharField(max_length=10)
    claimed_at = models.DateTimeField(default=timezone.now)
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "kind", "version"], name="notice_once_per_version"
            )
        ]

    def __str__(self) -> str:
        return f"notice of {self.kind} {self.version}"
