"""Versions of the documents that are written and published by staff; days are UTC."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

TEXT_LENGTH = 200_000
SUMMARY_LENGTH = 2_000


def _words(most: int) -> list[Any]:
    return [MaxLengthValidator(most), ProhibitNullCharactersValidator()]


class PolicyDraft(models.Model):
    """A version that is being written; nobody but staff sees it, and it is deleted in the end.

    `effective` is the day it would take effect, `summary` what changes, a change a line.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=16, editable=False)
    effective = models.DateField()
    text = models.TextField(max_length=TEXT_LENGTH, validators=_words(TEXT_LENGTH))
    summary = models.TextField(max_length=SUMMARY_LENGTH, validators=_words(SUMMARY_LENGTH))
    material = models.BooleanField(default=True)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
    )
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-changed_at"]

    def __str__(self) -> str:
        return f"draft of {self.kind} {self.effective}"


class PolicyVersion(models.Model):
    """A version that was published; the database refuses to change or delete it.

    Only who wrote and who approved it are forgotten with them. `version` is the day from which it
    is in effect, `announced` the one from which it could be read.
    """

    kind = models.CharField(max_length=16)
    version = models.DateField()
    text = models.TextField()
    sha256 = models.CharField(max_length=64)
    material = models.BooleanField()
    announced = models.DateField()
    summary = ArrayField(models.CharField(max_length=SUMMARY_LENGTH))
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    published_at = models.DateTimeField(default=timezone.now)

    class Meta:
        permissions = [("publish_policy", "Can draft policies and publish what others wrote")]
        ordering = ["kind", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "version"], name="policy_version_once"),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("written_by")),
                name="policy_approved_by_another",
            ),
            models.CheckConstraint(
                condition=Q(version__gt=F("announced")), name="policy_announced_before"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.version}"
