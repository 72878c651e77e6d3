"""API keys as they are kept: never the key, only a keyed digest of it."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import State
from gateway import networks

MINUTE_LIMIT_MOST = 1_000
DAY_LIMIT_MOST = 10_000
TOKEN_LIMIT_MOST = 1_000_000_000
CONCURRENCY_LIMIT_MOST = 1_000
LOG_DAYS_MOST = 30
"""How long calls are kept in the request log: what section 4 of the privacy policy allows."""
NAMES_MOST = 100
"""How many models, and how many networks, a key may list."""


class Scope(models.TextChoices):
    """What a key may be used for."""

    INFERENCE = "inference", "call models"
    USAGE = "usage", "read credits, usage and requests"


class KeyKind(models.TextChoices):
    """Who calls with a key."""

    PROGRAM = "program", "a program"
    PLAYGROUND = "playground", "the playground"


def every_scope() -> list[str]:
    """Return all scopes, which is what a key has unless it is told otherwise."""
    return list(Scope.values)


class KeyQuerySet(models.QuerySet["ApiKey"]):
    """Selections of keys."""

    def in_force(self) -> "KeyQuerySet":
        """Return the keys that can call now."""
        now = timezone.now()
        return self.filter(
            Q(expires_at=None) | Q(expires_at__gt=now),
            revoked_at=None,
            user__is_active=True,
            user__state=State.ACTIVE,
        )

    def programs(self) -> "KeyQuerySet":
        """Return the keys that people make, give to programs and count."""
        return self.filter(kind=KeyKind.PROGRAM)

    def maybe_logged(self) -> "KeyQuerySet":
        """Return the keys whose calls the request log may hold: also those revoked of late."""
        began = timezone.now() - timedelta(days=LOG_DAYS_MOST)
        return self.filter(Q(revoked_at=None) | Q(revoked_at__gt=began))


class ApiKey(models.Model):
    """A key that calls the API for its owner.

    A limit that is null does not apply; those by minute and day are then the ones that the
    owner's VIP level gives. Spend limits are micro-credits. `log_days` is how long its calls are
    kept in the request log; with 0 they never get there.

    The key of the playground has no text, only random bytes for a digest: it carries the limits,
    the spending and the log of what somebody calls there while signed in.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys"
    )
    kind = models.CharField(
        max_length=10,
        choices=KeyKind,
        default=KeyKind.PROGRAM,
        db_default=KeyKind.PROGRAM,
        editable=False,
    )
    name = models.CharField(max_length=80)
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    pepper_version = models.PositiveSmallIntegerField(editable=False)
    prefix = models.CharField(max_length=8, blank=True, editable=False)
    last4 = models.CharField("last 4", max_length=4, blank=True, editable=False)
    previous_digest = models.BinaryField(max_length=32, unique=True, null=True, editable=False)
    previous_until = models.DateTimeField("old text works until", null=True, editable=False)

    scopes = ArrayField(models.CharField(max_length=16, choices=Scope), default=every_scope)
    minute_limit = models.PositiveIntegerField(
        "requests a minute",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MINUTE_LIMIT_MOST)],
        help_text="Empty: what the owner's VIP level gives.",
    )
    day_limit = models.PositiveIntegerField(
        "requests a UTC day",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(DAY_LIMIT_MOST)],
        help_text="Empty: what the owner's VIP level gives.",
    )
    token_limit = models.PositiveIntegerField(
        "tokens a minute",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(TOKEN_LIMIT_MOST)],
    )
    concurrency_limit = models.PositiveIntegerField(
        "calls at once",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(CONCURRENCY_LIMIT_MOST)],
    )
    day_spend = models.PositiveBigIntegerField(
        "spend a UTC day", null=True, blank=True, help_text="Micro-credits."
    )
    month_spend = models.PositiveBigIntegerField(
        "spend a UTC month", null=True, blank=True, help_text="Micro-credits."
    )
    total_spend = models.PositiveBigIntegerField(
        "spend in total", null=True, blank=True, help_text="Micro-credits."
    )
    allowed_models = ArrayField(
        models.CharField(max_length=80),
        size=NAMES_MOST,
        default=list,
        blank=True,
        help_text="Names, separated by commas. Empty: all models.",
    )
    allowed_networks = ArrayField(
        models.CharField(max_length=49),
        size=NAMES_MOST,
        default=list,
        blank=True,
        help_text="Addresses or CIDR networks, separated by commas. Empty: from anywhere.",
    )

    log_days = models.PositiveSmallIntegerField(
        "days in the log",
        default=LOG_DAYS_MOST,
        validators=[MaxValueValidator(LOG_DAYS_MOST)],
        help_text="How long its calls stay in the request log. 0: they are not logged.",
    )

    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField("expires at (UTC)", null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = KeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"
        # For the sweep of the log.
        indexes = [
            models.Index(
                fields=["id"], condition=Q(log_days__lt=LOG_DAYS_MOST), name="key_short_log"
            )
        ]
        # SQL takes a comparison with null as passed.
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(kind="playground"), name="key_one_playground"
            ),
            models.CheckConstraint(
                condition=Q(minute_limit__gte=1, minute_limit__lte=MINUTE_LIMIT_MOST),
                name="key_minute_limit",
            ),
            models.CheckConstraint(
                condition=Q(day_limit__gte=1, day_limit__lte=DAY_LIMIT_MOST),
                name="key_day_limit",
            ),
            models.CheckConstraint(
                condition=Q(token_limit__gte=1, token_limit__lte=TOKEN_LIMIT_MOST),
                name="key_token_limit",
            ),
            models.CheckConstraint(
                condition=Q(
                    concurrency_limit__gte=1, concurrency_limit__lte=CONCURRENCY_LIMIT_MOST
                ),
                name="key_concurrency_limit",
            ),
            models.CheckConstraint(
                condition=Q(log_days__gte=0, log_days__lte=LOG_DAYS_MOST), name="key_log_days"
            ),
            models.CheckConstraint(
                condition=Q(scopes__contained_by=["inference", "usage"], scopes__len__gte=1),
                name="key_scopes",
            ),
            models.CheckConstraint(
                condition=Q(previous_digest=None, previous_until=None)
                | Q(previous_digest__isnull=False, previous_until__isnull=False),
                name="key_rotation",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.display})"

    @property
    def display(self) -> str:
        """How the key is shown once its text is gone."""
        return "only on this site" if self.is_playground else f"{self.prefix}…{self.last4}"

    @property
    def is_playground(self) -> bool:
        """Whether it is the playground's, which has no text."""
        return self.kind == KeyKind.PLAYGROUND

    def is_in_force(self, now: datetime) -> bool:
        """Return whether it was not revoked and has not expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)

    def clean(self) -> None:
        """Write each list in its usual form, and refuse a network that is none."""
        self.scopes = [scope for scope in Scope.values if scope in (self.scopes or [])]
        self.allowed_models = list(dict.fromkeys(self.allowed_models or []))
        try:
            parsed = [networks.parse(text) for text in self.allowed_networks or []]
        except ValueError:
            raise ValidationError(
                {"allowed_networks": "Give addresses or networks such as 203.0.113.0/24."}
            ) from None
        self.allowed_networks = list(dict.fromkeys(str(network) for network in parsed))
