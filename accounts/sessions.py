"""Keep sessions in our own table: whose they are, where they were seen, when they end.

Django's session engine (`SESSION_ENGINE`). A session ends a fixed time after the sign-in,
however much it is used (`SESSION_HOURS`), or when the browser closes, or at sign-out.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from accounts import visits
from accounts.addresses import of_request
from accounts.clients import families
from accounts.models import Session, User
from accounts.places import country

SEEN_EVERY = timedelta(minutes=1)
ANONYMOUS = timedelta(minutes=30)
"""How long a session lasts in which nobody is signed in."""
KEPT = ("created_at", "last_seen_at", "client", "system", "device", "country")


class SessionStore(DatabaseStore):
    """The session of one browser, and its row."""

    row: Session | None = None
    away = False
    """Whether the database did not answer when the session was asked for."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """Return the model of the rows."""
        return Session

    def _get_session_from_db(self) -> Session | None:
        self.row = super()._get_session_from_db()  # type: ignore[misc]
        return self.row

    def load(self) -> dict[str, Any]:
        """Return what is kept; nothing while the database is away, so that pages for all go on."""
        try:
            loaded: dict[str, Any] = super().load()
        except OperationalError:
            # The key stays, and so does the cookie: nobody is signed out.
            self.away = True
            return {}
        return loaded

    def save(self, must_create: bool = False) -> None:
        """Keep the session; raises OperationalError rather than overwrite what was not read."""
        if self.away:
            raise OperationalError("the session could not be read")
        super().save(must_create)

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """Return the row to save; what it knew about the browser stays."""
        row = cast(Session, super().create_model_instance(data))
        row.user_id = data.get(SESSION_KEY)
        if self.row is not None and self.row.session_key == row.session_key:
            for name in KEPT:
                setattr(row, name, getattr(self.row, name))
        row.expire_date = row.created_at + timedelta(hours=settings.SESSION_HOURS)
        if row.user_id is None:
            # Who is not signed in yet, or has come from NabzClan and not answered, is forgotten.
            row.expire_date = min(row.expire_date, timezone.now() + ANONYMOUS)
        self.row = row
        return row


def seen(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Middleware: note where a signed-in browser is, and have it store no page."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        row = getattr(request.session, "row", None)
        if row is not None and row.user_id is not None and row.pk == request.session.session_key:
            if not response.has_header("Cache-Control"):
                # Nobody finds these pages with the back button after the sign-out.
                add_never_cache_headers(response)
            now = timezone.now()
            if not row.device or now - row.last_seen_at > SEEN_EVERY:
                _note(row, request, now)
        return response

    return middleware


def _note(row: Session, request: HttpRequest, now: datetime) -> None:
    if not row.device or row.last_seen_at.date() < now.date():
        # Once a day by each browser, with the first page after the sign-in.
        visits.note(cast(UUID, row.user_id), now.date())
    known = families(request.META.get("HTTP_USER_AGENT", ""))
    row.last_seen_at = now
    row.client, row.system, row.device = known.client, known.system, known.device
    row.country = country(of_request(request))
    fields = ("last_seen_at", "client", "system", "device", "country")
    # A session that was ended meanwhile is not made again.
    Session.objects.filter(pk=row.pk).update(**{name: getattr(row, name) for name in fields})


def open_sessions(user: User) -> list[Session]:
    """Return a person's sessions that have not ended, the last seen first."""
    rows = user.sessions.filter(expire_date__gt=timezone.now())
    return list(rows.order_by("-last_seen_at"))


def end(user: User, *, but: str | None = None) -> int:
    """End a person's sessions, all or all but one; return how many there were."""
    rows = user.sessions.all()
    if but is not None:
        rows = rows.exclude(session_key=but)
    return rows.delete()[0]


def end_one(user: User, public_id: str) -> int:
    """End one session of a person by its public id; return how many there were."""
    keys = [row.pk for row in user.sessions.all() if row.public_id == public_id]
    return user.sessions.filter(pk__in=keys).delete()[0]


def delete_expired() -> int:
    """Delete sessions that have ended; return how many there were."""
    return Session.objects.filter(expire_date__lt=timezone.now()).delete()[0]
