"""Models on offer, the providers that run them, and the routes between."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def cipher(keys: Sequence[str] | None = None) -> MultiFernet:
    """Return the cipher of secrets at rest: the first key encrypts, all of them decrypt."""
    return MultiFernet([Fernet(key) for key in keys or settings.ENCRYPTION_KEYS])


class Dialect(models.TextChoices):
    """The API that a provider speaks."""

    OPENAI = "openai", "OpenAI Chat Completions"


class Provider(models.Model):
    """A company that runs models for us, and the terms it agreed to."""

    name = models.SlugField(max_length=40, unique=True)
    dialect = models.CharField(max_length=16, choices=Dialect, default=Dialect.OPENAI)
    base_url = models.URLField(
        "base URL", help_text="Up to and with the version, such as https://api.example.com/v1"
    )
    encrypted_key = models.BinaryField(editable=False, default=bytes)
    enabled = models.BooleanField(default=True)
    trains_on_content = models.BooleanField(
        default=False,
        help_text="Does the provider train on what we send it? Then it cannot be used.",
    )
    retention_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="How long the provider keeps what we send it."
    )
    terms_reviewed_on = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse addresses without TLS, save loopback while stand-ins are on."""
        parts = urlsplit(self.base_url)
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValidationError({"base_url": "Give no credentials, query or fragment here."})
        if parts.scheme != "https" and not (settings.STANDINS and parts.hostname in LOOPBACK):
            raise ValidationError({"base_url": "The address must begin with https://."})
        if self.enabled and self.trains_on_content:
            raise ValidationError(
                {"enabled": "Our privacy policy rules out providers that train on content."}
            )

    @property
    def key(self) -> str:
        """The provider's key in clear text; empty where none is set."""
        return cipher().decrypt(bytes(self.encrypted_key)).decode() if self.encrypted_key else ""

    @key.setter
    def key(self, text: str) -> None:
        self.encrypted_key = cipher().encrypt(text.encode()) if text else b""


def price(label: str) -> "models.BigIntegerField[int | None, int | None]":
    """Return a price field, in micro-credits per 1,000,000 tokens."""
    return models.BigIntegerField(
        label,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(10**12)],
        help_text="Micro-credits per 1,000,000 tokens; 1 credit is 1,000,000 micro-credits.",
    )


class Model(models.Model):
    """A model on offer, under the name that customers use."""

    name = models.CharField(max_length=80, unique=True)
    display_name = models.CharField(max_length=120)
    context_window = models.PositiveIntegerField(validators=[MinValueValidator(1)])
    max_output_tokens = models.PositiveIntegerField(validators=[MinValueValidator(1)])
    capabilities = models.JSONField(default=list, blank=True)
    input_price = price("input price")
    cache_read_price = price("cache read price")
    cache_write_price = price("cache write price")
    output_price = price("output price")
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def priced(self) -> bool:
        """Whether all four prices are set; a model without them cannot be called."""
        prices = (
            self.input_price,
            self.cache_read_price,
            self.cache_write_price,
            self.output_price,
        )
        return None not in prices


class Route(models.Model):
    """A way to reach a model: which provider runs it, and under which name."""

    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="routes")
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="routes")
    upstream_name = models.CharField("name at the provider", max_length=120)
    position = models.PositiveSmallIntegerField(default=0, help_text="The lowest is tried first.")
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["model", "provider", "upstream_name"], name="route_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} → {self.provider}/{self.upstream_name}"
