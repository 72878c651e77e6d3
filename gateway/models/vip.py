"""What each VIP level gives; staff edit it."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from gateway.models.keys import DAY_LIMIT_MOST, MINUTE_LIMIT_MOST

LEVEL_MOST = 100


class VipLevel(models.Model):
    """The limits and the price of customers from one VIP level up to the next in the table."""

    level = models.PositiveSmallIntegerField(
        unique=True,
        validators=[MinValueValidator(1), MaxValueValidator(LEVEL_MOST)],
        help_text="A level that is not listed has what the next lower one gives.",
    )
    minute_limit = models.PositiveIntegerField(
        "requests a minute",
        validators=[MinValueValidator(1), MaxValueValidator(MINUTE_LIMIT_MOST)],
    )
    day_limit = models.PositiveIntegerField(
        "requests a UTC day",
        validators=[MinValueValidator(1), MaxValueValidator(DAY_LIMIT_MOST)],
    )
    price_percent = models.PositiveSmallIntegerField(
        "price in % of the list price",
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )

    class Meta:
        verbose_name = "VIP level"
        ordering = ["level"]
        constraints = [
            models.CheckConstraint(
                condition=Q(level__gte=1, level__lte=LEVEL_MOST), name="vip_level"
            ),
            models.CheckConstraint(
                condition=Q(minute_limit__gte=1, minute_limit__lte=MINUTE_LIMIT_MOST),
                name="vip_minute_limit",
            ),
            models.CheckConstraint(
                condition=Q(day_limit__gte=1, day_limit__lte=DAY_LIMIT_MOST),
                name="vip_day_limit",
            ),
            models.CheckConstraint(
                condition=Q(price_percent__gte=1, price_percent__lte=100),
                name="vip_price_percent",
            ),
        ]

    def __str__(self) -> str:
        return f"VIP {self.level}"

    @classmethod
    def given_by(cls, level: int) -> "VipLevel | None":
        """Return what a level gives: its own row or the next lower one's, or None below all."""
        return cls.objects.filter(level__lte=level).order_by("-level").first()
