"""Where people are signed in."""

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac


class SessionManager(BaseSessionManager["Session"]):
    """Finds sessions."""


class Session(AbstractBaseSession):
    """A browser's session; of the browser only families are kept, of its address the country."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="sessions"
    )
    created_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    client = models.CharField(max_length=40, blank=True)
    system = models.CharField(max_length=40, blank=True)
    device = models.CharField(max_length=16, blank=True)
    country = models.CharField(max_length=2, blank=True)

    objects = SessionManager()  # type: ignore[misc]

    class Meta(AbstractBaseSession.Meta):
        abstract = False

    @property
    def public_id(self) -> str:
        """What names the session on pages: its key itself would sign anybody in."""
        return salted_hmac("accounts.session", self.session_key).hexdigest()[:24]

    @classmethod
    def get_session_store_class(cls) -> type:
        """Return the store that reads these rows."""
        from accounts.sessions import SessionStore

        return SessionStore
