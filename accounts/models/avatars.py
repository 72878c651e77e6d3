"""Pictures of people, copied and encoded anew; no browser ever asks NabzClan for one."""

from django.conf import settings
from django.db import models


class Avatar(models.Model):
    """A customer's picture: square WebP, a few kilobytes; `digest` makes its address unique."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="picture"
    )
    content = models.BinaryField(editable=False)
    digest = models.CharField(max_length=16, editable=False)

    def __str__(self) -> str:
        return f"avatar of {self.user_id}"
