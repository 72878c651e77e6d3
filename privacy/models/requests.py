"""What people ask of us, above all about their data, and what was done about it."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone


class RequestKind(models.TextChoices):
    """What is asked for; the rights are those of section 8 of the policy.

    The last ones are about anything else, so the policy sets them no deadline.
    """

    QUESTION = "question", "A question about privacy"
    ACCESS = "access", "See what you hold about me"
    EXPORT = "export", "A copy of my data"
    CORRECTION = "correction", "Correct my data"
    DELETION = "deletion", "Delete my data"
    RESTRICTION = "restriction", "Restrict what you do with my data"
    OBJECTION = "objection", "Object to what you do with my data"
    CHILD = "child", "A child under 13 has an account"
    BILLING = "billing", "Billing or a refund"
    FROZEN = "frozen", "A frozen account or paused keys"
    BROKEN = "broken", "Something is broken, or an outage"
    OTHER = "other", "Something else"


GENERAL = (RequestKind.BILLING, RequestKind.FROZEN, RequestKind.BROKEN, RequestKind.OTHER)
"""The kinds that are not about personal data."""


class RequestState(models.TextChoices):
    """How a request stands."""

    OPEN = "open", "open"
    DONE = "done", "done"
    REFUSED = "refused", "refused"


class DataRequest(models.Model):
    """A request, with its clock (UTC) where it is about personal data.

    `email` is where to answer somebody who was not signed in. It, the words and those of the steps
    are emptied some time after the request was closed; that it was made and kept stays.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=12, choices=RequestKind)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="data_requests",
    )
    email = models.EmailField(blank=True)
    words = models.TextField(blank=True)
    opened_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(null=True, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="requests_owned",
    )
    state = models.CharField(max_length=8, choices=RequestState, default=RequestState.OPEN)
    closed_at = models.DateTimeField(null=True, blank=True)
    alarmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [
            ("begin_datarequest", "Can begin exports and deletions for people"),
            ("answer_message", "Can answer messages that are not about data"),
        ]
        indexes = [
            models.Index(
                fields=["opened_at"], condition=models.Q(state="open"), name="request_open"
            )
        ]

    def __str__(self) -> str:
        return f"request {str(self.id)[:8]}"

    @property
    def number(self) -> str:
        """Return what people call it by."""
        return str(self.id)[:8].upper()


class RequestStep(models.Model):
    """Something done about a request; added, never changed. `by` is nobody for what runs itself."""

    request = models.ForeignKey(DataRequest, on_delete=models.CASCADE, related_name="steps")
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    words = models.TextField()
    evidence = models.TextField(blank=True)

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"step {self.pk} of {self.request_id}"
