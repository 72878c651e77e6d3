"""What authorities demanded of us by law, and what they were given."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

NOTE_LENGTH = 2_000


class DisclosureState(models.TextChoices):
    """What became of a demand; only a waiting one is decided."""

    WAITING = "waiting", "waiting"
    DISCLOSED = "disclosed", "disclosed"
    REFUSED = "refused", "refused"


class Disclosure(models.Model):
    """An authority's demand for data, entered by one member of staff and decided by another.

    `data_sets` are names of the inventory. `secret_until` (UTC) is the day from which on the
    person may know, where a law or a court forbids it before. The row outlives its person, of whom
    it says nothing then.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="disclosures",
        help_text="Whose data it is; empty where it is nobody's in particular.",
    )
    authority = models.CharField(max_length=200, help_text="Who demands it, with place or court.")
    legal_basis = models.CharField(max_length=300, help_text="The law, warrant or order.")
    reference = models.CharField(max_length=200, help_text="The authority's own number.")
    received_on = models.DateField()
    data_sets = ArrayField(models.CharField(max_length=64), verbose_name="data")
    note = models.TextField(
        blank=True,
        max_length=NOTE_LENGTH,
        validators=[MaxLengthValidator(NOTE_LENGTH)],
        help_text="What was examined, and how the data goes out; no names.",
    )
    secret_until = models.DateField(
        null=True,
        blank=True,
        help_text="When the person may know; until then no reason may name it.",
    )
    secrecy_basis = models.CharField(
        max_length=300, blank=True, help_text="The law or order that forbids to tell the person."
    )
    state = models.CharField(
        max_length=9, choices=DisclosureState, default=DisclosureState.WAITING, editable=False
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
    )
    requested_at = models.DateTimeField(default=timezone.now, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
    )
    decided_at = models.DateTimeField(null=True, editable=False)
    told_person_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        permissions = [("approve_disclosure", "Can decide about disclosures that others entered")]
        constraints = [
            models.CheckConstraint(
                condition=Q(secret_until=None) | ~Q(secrecy_basis=""),
                name="disclosure_secret_by_a_law",
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", decided_at=None)
                | (~Q(state="waiting") & ~Q(decided_at=None)),
                name="disclosure_decided_at",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("requested_by")),
                name="disclosure_decided_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"disclosure {str(self.id)[:8]}"
