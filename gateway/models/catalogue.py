"""Models on offer, the providers that run them, and the routes between."""

from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from accounts import ciphers, outbound


class Dialect(models.TextChoices):
    """The API that a provider speaks."""

    OPENAI = "openai", "OpenAI Chat Completions"
    ANTHROPIC = "anthropic", "Anthropic Messages"


def seconds(label: str) -> "models.FloatField[float | None, float | None]":
    """Return a field of a provider's own timeout; the setting's default where it is empty."""
    return models.FloatField(
        label,
        null=True,
        blank=True,
        validators=[MinValueValidator(0.1), MaxValueValidator(86_400)],
        help_text="Seconds; empty for the default.",
    )


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
    connect_seconds = seconds("to connect")
    first_byte_seconds = seconds("to the first byte of a stream")
    whole_seconds = seconds("to an unstreamed answer")
    idle_seconds = seconds("of silence within an answer")
    total_seconds = seconds("in all")
    most_concurrent = models.PositiveIntegerField(
        "calls at once",
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Over all processes; empty for no limit.",
    )
    unreachable_since = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="What the probes found."
    )

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse addresses that we do not call, and providers that break our promises."""
        try:
            outbound.check_name(outbound.check_url(self.base_url))
        except outbound.Refused as refused:
            raise ValidationError({"base_url": str(refused)}) from None
        if self.enabled and self.trains_on_content:
            raise ValidationError(
                {"enabled": "Our privacy policy rules out providers that train on content."}
            )
        self._keep_key_where_it_belongs()

    def _keep_key_where_it_belongs(self) -> None:
        """Refuse to send a stored key to another host: that would read it out."""
        known = Provider.objects.filter(pk=self.pk).values("base_url", "encrypted_key").first()
        if known is None or not known["encrypted_key"]:
            return
        same_key = bytes(known["encrypted_key"]) == bytes(self.encrypted_key)
        if same_key and _origin(known["base_url"]) != _origin(self.base_url):
            raise ValidationError(
                {"base_url": "The stored key goes to no other host. Enter this one’s key, too."}
            )

    @property
    def keeps(self) -> str:
        """How long it keeps what we send it, in words that follow “keeps it”."""
        days = self.retention_days
        if days is None:
            return "not stated"
        return f"up to {days} day{'' if days == 1 else 's'}" if days else "not at all"

    @property
    def key(self) -> str:
        """The provider's key in clear text; empty where none is set."""
        return ciphers.decrypt(self.encrypted_key)

    @key.setter
    def key(self, text: str) -> None:
        self.encrypted_key = ciphers.encrypt(text)


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port


def cost(label: str) -> "models.BigIntegerField[int | None, int | None]":
    """Return a field of what a provider charges us, in micro-dollars per 1,000,000 tokens."""
    return models.BigIntegerField(
        label,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(10**12)],
        help_text="What we pay, in micro-dollars per 1,000,000 tokens.",
    )


class Capability(models.TextChoices):
    """What a model can do."""

    CHAT = "chat", "chat"
    STREAMING = "streaming", "streaming"
    TOOLS = "tools", "tools"
    VISION = "vision", "images"
    DOCUMENTS = "documents", "documents"
    STRUCTURED_OUTPUT = "structured_output", "structured output by schema"
    REASONING = "reasoning", "reasoning"
    ADAPTIVE_THINKING = "adaptive_thinking", "Claude's adaptive thinking: no budget, no sampling"
    EMBEDDINGS = "embeddings", "embeddings"
    COMPLETIONS = "completions", "legacy completions of its own"


def check_capabilities(value: object) -> None:
    """Refuse what is no list of capabilities."""
    if not isinstance(value, list) or not all(name in Capability.values for name in value):
        raise ValidationError(f"Capabilities are {', '.join(Capability.values)}.")


class Model(models.Model):
    """A model on offer, under the name that customers use."""

    name = models.CharField(max_length=80, unique=True)
    display_name = models.CharField(max_length=120)
    context_window = models.PositiveIntegerField(validators=[MinValueValidator(1)])
    max_output_tokens = models.PositiveIntegerField(validators=[MinValueValidator(1)])
    capabilities = models.JSONField(default=list, blank=True, validators=[check_capabilities])
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Route(models.Model):
    """A way to reach a model: which provider runs it, and under which name."""

    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="routes")
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="routes")
    upstream_name = models.CharField("name at the provider", max_length=120)
    position = models.PositiveSmallIntegerField(default=0, help_text="The lowest is tried first.")
    weight = models.PositiveSmallIntegerField(
        default=100,
        validators=[MinValueValidator(1), MaxValueValidator(1_000)],
        help_text="Routes of one position share calls by weight.",
    )
    enabled = models.BooleanField(default=True)
    upstream_input_price = cost("input cost")
    upstream_cache_read_price = cost("cache read cost")
    upstream_cache_write_price = cost("cache write cost")
    upstream_output_price = cost("output cost")

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(weight__gte=1), name="route_weight"),
            models.UniqueConstraint(
                fields=["model", "provider", "upstream_name"], name="route_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} → {self.provider}/{self.upstream_name}"


class ProviderCheck(models.Model):
    """What one probe of a provider found; `reason` is a word of ours, never the provider's."""

    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="checks")
    checked_at = models.DateTimeField(auto_now_add=True)
    reachable = models.BooleanField()
    status = models.PositiveSmallIntegerField(null=True)
    latency_ms = models.PositiveIntegerField(null=True)
    reason = models.CharField(max_length=24, blank=True)

    class Meta:
        ordering = ["-checked_at"]
        indexes = [models.Index(fields=["provider", "-checked_at"], name="check_by_provider")]

    def __str__(self) -> str:
        return f"{self.provider} {self.checked_at:%Y-%m-%d %H:%M}"
