"""Reviews of our security, as they were held."""

from typing import Any

from django.conf import settings
from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator
from django.db import models
from django.utils import timezone

WORDS = 10_000
LIMITS: list[Any] = [MaxLengthValidator(WORDS), ProhibitNullCharactersValidator()]


class SecurityReview(models.Model):
    """A review of security (UTC); added, never changed.

    `warned_at` and `alarmed_on` are when it was last said that the next one is near, or overdue.
    """

    held_on = models.DateField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
    )
    scope = models.TextField(
        max_length=WORDS, validators=LIMITS, help_text="What was looked at, and how."
    )
    findings = models.TextField(
        max_length=WORDS, validators=LIMITS, help_text="What was found; say so if it was nothing."
    )
    actions = models.TextField(
        max_length=WORDS, validators=LIMITS, help_text="What is done about it, by whom, by when."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    warned_at = models.DateTimeField(null=True, editable=False)
    alarmed_on = models.DateField(null=True, editable=False)

    class Meta:
        ordering = ["-held_on", "-id"]

    def __str__(self) -> str:
        return f"review of {self.held_on}"
