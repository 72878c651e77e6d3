"""What NabzClan says about a customer."""

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from accounts import ciphers

if TYPE_CHECKING:
    from accounts.nabzclan.client import Tokens

CORRECTABLE = ("username", "email", "avatar")


class NabzClanLink(models.Model):
    """A customer as NabzClan last described them, and the tokens to ask again.

    `corrected` names the fields that the person has corrected here; they survive what NabzClan
    sends later. Links that were mailed before `email_set_at` are void.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="nabzclan"
    )
    username = models.CharField(max_length=150)
    email = models.EmailField(blank=True)
    avatar_url = models.CharField(max_length=500, blank=True)
    email_set_at = models.DateTimeField(null=True)
    corrected = ArrayField(models.CharField(max_length=8), default=list, blank=True)
    encrypted_access = models.BinaryField(default=bytes, editable=False)
    encrypted_refresh = models.BinaryField(default=bytes, editable=False)
    access_until = models.DateTimeField(null=True)
    synced_at = models.DateTimeField(default=timezone.now)
    tried_at = models.DateTimeField(default=timezone.now, db_index=True)
    failures = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "NabzClan link"

    def __str__(self) -> str:
        return f"NabzClan link of {self.user_id}"

    @property
    def access_token(self) -> str:
        """The access token in clear text."""
        return ciphers.decrypt(self.encrypted_access)

    @property
    def refresh_token(self) -> str:
        """The refresh token in clear text; empty where NabzClan gave none."""
        return ciphers.decrypt(self.encrypted_refresh)

    def keep_tokens(self, tokens: "Tokens") -> None:
        """Set the tokens, encrypted; the caller saves. NabzClan may not repeat the second."""
        self.encrypted_access = ciphers.encrypt(tokens.access)
        if tokens.refresh:
            self.encrypted_refresh = ciphers.encrypt(tokens.refresh)
        self.access_until = tokens.until

    def note_answer(self) -> None:
        """Note that NabzClan has described the person; the caller saves."""
        self.synced_at = self.tried_at = timezone.now()
        self.failures = 0

    @property
    def stale(self) -> bool:
        """Whether what NabzClan said is older than it should be."""
        return timezone.now() - self.synced_at > timedelta(
            minutes=3 * settings.NABZCLAN_SYNC_MINUTES
        )
