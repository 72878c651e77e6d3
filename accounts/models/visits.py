"""When people were last here."""

from django.conf import settings
from django.db import models


class LastVisit(models.Model):
    """The last UTC day on which somebody was signed in on the website."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="last_visit",
    )
    day = models.DateField()

    def __str__(self) -> str:
        return f"last visit of {self.user_id}"
