"""What went wrong or is planned, as staff tell it to everybody."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone


class Impact(models.TextChoices):
    """How much an incident hurts."""

    NONE = "none", "no impact"
    MINOR = "minor", "minor impact"
    MAJOR = "major", "major impact"


class Affected(models.TextChoices):
    """What an incident may touch, in customers' words."""

    API = "api", "API"
    WEBSITE = "website", "Website"
    SIGN_IN = "sign-in", "Signing in"
    BUYING = "buying", "Buying credits"
    PROVIDERS = "providers", "AI providers"
    LOG = "log", "Usage and request log"


class IncidentState(models.TextChoices):
    """Where the work on an incident stands."""

    ANNOUNCED = "announced", "Announced"
    UNDER_WAY = "under-way", "Under way"
    INVESTIGATING = "investigating", "Investigating"
    IDENTIFIED = "identified", "Cause found"
    MONITORING = "monitoring", "Watching the fix"
    RESOLVED = "resolved", "Resolved"


def check_affected(value: object) -> None:
    """Refuse what is no list of parts."""
    if not isinstance(value, list) or not all(name in Affected.values for name in value):
        raise ValidationError(f"Parts are {', '.join(Affected.values)}.")


class Incident(models.Model):
    """Something that went wrong, or planned work with a window; public as soon as it is saved."""

    title = models.CharField(max_length=120)
    impact = models.CharField(max_length=8, choices=Impact, default=Impact.MINOR)
    affected = models.JSONField(default=list, blank=True, validators=[check_affected])
    planned = models.BooleanField("planned work", default=False)
    started_at = models.DateTimeField("start (UTC)", default=timezone.now)
    ends_at = models.DateTimeField(
        "planned end (UTC)", null=True, blank=True, help_text="Of planned work only."
    )
    resolved_at = models.DateTimeField(
        "resolved (UTC)",
        null=True,
        blank=True,
        help_text="Set by itself with an update that says so.",
    )

    class Meta:
        ordering = ["-started_at", "-pk"]
        indexes = [models.Index(fields=["-started_at"], name="incident_by_start")]
        constraints = [
            models.CheckConstraint(
                condition=Q(resolved_at__isnull=True) | Q(resolved_at__gte=F("started_at")),
                name="incident_ends_after_its_start",
            ),
            models.CheckConstraint(
                condition=Q(planned=False, ends_at__isnull=True)
                | Q(planned=True, ends_at__gt=F("started_at")),
                name="incident_has_a_window_if_planned",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        """Refuse a window that is none, and an end before the start."""
        if self.planned and (self.ends_at is None or self.ends_at <= self.started_at):
            raise ValidationError({"ends_at": "Planned work ends after its start."})
        if not self.planned and self.ends_at is not None:
            raise ValidationError({"ends_at": "Only planned work has a planned end."})
        if self.resolved_at is not None and self.resolved_at < self.started_at:
            raise ValidationError({"resolved_at": "It cannot be resolved before its start."})

    def get_absolute_url(self) -> str:
        """Return where everybody reads about it."""
        return reverse("incident", args=[self.pk])

    @property
    def over_at(self) -> datetime | None:
        """Return when it was over; planned work ends with its window unless that was said."""
        if self.resolved_at is not None or not self.planned:
            return self.resolved_at
        return self.ends_at if self.ends_at and self.ends_at <= timezone.now() else None

    @property
    def is_ahead(self) -> bool:
        """Whether it has not begun."""
        return self.over_at is None and self.started_at > timezone.now()

    @property
    def affected_words(self) -> list[str]:
        """Return the parts that it touches."""
        return [Affected(name).label for name in self.affected]


class IncidentUpdate(models.Model):
    """What was said of an incident, and when."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="updates")
    at = models.DateTimeField("time (UTC)", default=timezone.now)
    state = models.CharField(
        max_length=16, choices=IncidentState, default=IncidentState.INVESTIGATING
    )
    text = models.TextField(max_length=2_000)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.get_state_display()} {self.at:%Y-%m-%d %H:%M}"

    @property
    def title(self) -> str:
        """Return the state in words; planned work is finished and not resolved."""
        if self.state == IncidentState.RESOLVED and self.incident.planned:
            return "Finished"
        return str(IncidentState(self.state).label)
