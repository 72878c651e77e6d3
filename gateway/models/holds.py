"""Routes that staff have taken out of use for a while."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from gateway.models.catalogue import Route


class RouteHold(models.Model):
    """A route that no call takes, until a moment or until staff close it again."""

    route = models.OneToOneField(
        Route, on_delete=models.CASCADE, primary_key=True, related_name="hold"
    )
    since = models.DateTimeField(db_default=Now())
    until = models.DateTimeField(null=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        verbose_name = "held route"
        ordering = ["-since"]

    def __str__(self) -> str:
        return str(self.route)

    @property
    def holds(self) -> bool:
        """Whether it has not ended."""
        return self.until is None or self.until > timezone.now()
