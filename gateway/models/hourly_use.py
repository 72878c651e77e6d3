"""What everybody together used in an hour: how the service runs, and what it earns."""

from django.db import models


class HourlyUse(models.Model):
    """The calls of one hour to one model that one provider answered; about no account.

    It serves to run the service and its books, so it counts all calls that the log holds, and is
    kept no longer than the log: with few customers an hour may be one person's. A call that no
    provider answered has none. `charge` is micro-credits, `cost` micro-dollars: what providers
    charge us at the prices of that hour. `costed` is the charge of those calls whose cost is
    known. The times of answered calls are counted by length: see `gateway.spread`.
    """

    hour = models.DateTimeField("hour (UTC)")
    model = models.CharField(max_length=80, blank=True)
    provider = models.CharField(max_length=40, blank=True)
    calls = models.PositiveBigIntegerField()
    refused = models.PositiveBigIntegerField(help_text="Answered with 4xx: the caller’s to mend.")
    failed = models.PositiveBigIntegerField(help_text="Answered with 5xx: ours or a provider’s.")
    tokens_in = models.PositiveBigIntegerField()
    tokens_out = models.PositiveBigIntegerField()
    charge = models.BigIntegerField()
    cost = models.BigIntegerField()
    costed = models.BigIntegerField()
    latencies = models.JSONField(default=dict)
    first_tokens = models.JSONField(default=dict)

    class Meta:
        verbose_name = "use of an hour"
        verbose_name_plural = "use by hour"
        constraints = [
            models.UniqueConstraint(
                fields=["hour", "model", "provider"], name="hourly_use_once_an_hour"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H:%M} {self.model} {self.provider}".strip()
