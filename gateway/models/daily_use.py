"""What everybody together used on a day: numbers about nobody."""

from django.db import models
from django.db.models import Q

ACCOUNTS_LEAST = 5
"""How many accounts a total is about at the least, so that it tells of none of them."""


class DailyUse(models.Model):
    """The calls of one UTC day to one model through one endpoint; charges are micro-credits.

    Models and endpoints that fewer than five accounts called are added up in a row whose model
    and endpoint are empty; where that is of fewer than five accounts, too, there is none.
    """

    day = models.DateField("day (UTC)")
    model = models.CharField(max_length=80, blank=True)
    endpoint = models.CharField(max_length=32, blank=True)
    accounts = models.PositiveIntegerField()
    calls = models.PositiveBigIntegerField()
    errors = models.PositiveBigIntegerField()
    tokens_in = models.PositiveBigIntegerField()
    tokens_out = models.PositiveBigIntegerField()
    charge = models.BigIntegerField()

    class Meta:
        verbose_name = "use of a day"
        verbose_name_plural = "use by day"
        constraints = [
            models.UniqueConstraint(
                fields=["day", "model", "endpoint"], name="daily_use_once_a_day"
            ),
            models.CheckConstraint(
                condition=Q(accounts__gte=ACCOUNTS_LEAST), name="daily_use_of_enough_accounts"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.model or 'others'} {self.endpoint}".strip()
