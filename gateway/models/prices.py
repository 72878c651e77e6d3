"""What models cost, in versions that begin at a moment and are final from then on."""

from datetime import datetime

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from gateway.models.catalogue import Model
from gateway.pricing import Prices

PRICE_MOST = 10**12


def price(label: str) -> "models.BigIntegerField[int, int]":
    """Return a price field, in micro-credits per 1,000,000 tokens."""
    return models.BigIntegerField(
        label,
        validators=[MinValueValidator(0), MaxValueValidator(PRICE_MOST)],
        help_text="Micro-credits (millionths of a credit) per 1,000,000 tokens.",
    )


class ModelPriceQuerySet(models.QuerySet["ModelPrice"]):
    """Versions of prices, by when they count."""

    def in_force(self, at: datetime | None = None) -> "ModelPriceQuerySet":
        """Return each model's version at a moment (UTC; now where none is given)."""
        started = self.filter(starts_at__lte=at or timezone.now())
        return started.order_by("model_id", "-starts_at").distinct("model_id")

    def coming(self, at: datetime | None = None) -> "ModelPriceQuerySet":
        """Return the versions that start after a moment (UTC), the next one first."""
        return self.filter(starts_at__gt=at or timezone.now()).order_by("starts_at")


class ModelPrice(models.Model):
    """A model's prices from a moment on, until its next version starts.

    The database refuses to change or delete a version that has started.
    """

    # The index of `price_once` serves.
    model = models.ForeignKey(
        Model, on_delete=models.PROTECT, related_name="prices", db_index=False
    )
    starts_at = models.DateTimeField("starts (UTC)")
    input_price = price("input price")
    cache_read_price = price("cache read price")
    cache_write_price = price("cache write price")
    output_price = price("output price")
    note = models.CharField(max_length=200, blank=True, help_text="Why; for staff alone.")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    objects = ModelPriceQuerySet.as_manager()

    class Meta:
        verbose_name = "price"
        ordering = ["model", "-starts_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["model", "starts_at"],
                name="price_once",
                violation_error_message="The model has other prices from that moment on.",
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{name}__gte": 0, f"{name}__lte": PRICE_MOST}),
                    name=f"{name}_range",
                )
                for name in ("input_price", "cache_read_price", "cache_write_price", "output_price")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} from {self.starts_at:%Y-%m-%d %H:%M}"

    @property
    def prices(self) -> Prices:
        """The four prices, as calls are charged by them."""
        return Prices(
            input=self.input_price,
            cache_read=self.cache_read_price,
            cache_write=self.cache_write_price,
            output=self.output_price,
        )

    @property
    def started(self) -> bool:
        """Whether the version counts or has counted; then it is final."""
        return self.starts_at <= timezone.now()
