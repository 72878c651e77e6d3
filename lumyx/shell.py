"""What the two shells of the site show: where one is, and who."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from accounts.models import Avatar, User
from billing import freezes
from gateway import incidents, site_notices
from gateway.models import SiteNotice
from privacy import policies
from privacy.policies import Policy


@dataclass(frozen=True)
class Door:
    """A way through the console."""

    name: str
    icon: str
    words: str

    @cached_property
    def url(self) -> str:
        """Return where it leads."""
        return reverse(self.name)


FIRST_DOORS = [
    Door("dashboard", "layout-dashboard", "Dashboard"),
    Door("playground", "terminal", "Playground"),
    Door("usage", "activity", "Usage"),
    Door("keys", "key", "Keys"),
]
"""What fits the bottom bar of a phone; the rest is behind its fifth place."""
OTHER_DOORS = [
    Door("billing", "coins", "Billing"),
    Door("account", "user", "Account"),
    Door("sessions", "monitor", "Sessions"),
    Door("privacy_centre", "shield-check", "Privacy"),
]
PUBLIC_DOORS = [
    Door("models", "sparkles", "Models"),
    Door("pricing", "receipt", "Pricing"),
    Door("docs", "book-open", "Docs"),
    Door("status", "circle-check", "Status"),
]


class Shell:
    """Asked for by templates only; public pages cost no query."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @property
    def first_doors(self) -> list[Door]:
        """Return the part of the console's navigation that phones show at once."""
        return FIRST_DOORS

    @property
    def other_doors(self) -> list[Door]:
        """Return the rest of the console's navigation."""
        return OTHER_DOORS

    @property
    def public_doors(self) -> list[Door]:
        """Return the navigation of the public pages."""
        return PUBLIC_DOORS

    @cached_property
    def here(self) -> str:
        """Return the door that the page lies behind: the longest whose path begins its own."""
        path = self._request.path
        every = (*FIRST_DOORS, *OTHER_DOORS, *PUBLIC_DOORS)
        behind = [d for d in every if path == d.url or path.startswith(f"{d.url}/")]
        return max(behind, key=lambda d: len(d.url)).name if behind else ""

    @property
    def here_is_other(self) -> bool:
        """Return whether the page lies behind a door that phones do not show at once."""
        return self.here in {door.name for door in OTHER_DOORS}

    @property
    def why_paused(self) -> str:
        """Return why somebody's keys are refused though staff froze nothing: a word, or nothing."""
        user = self._request.user
        account = getattr(user, "account", None) if isinstance(user, User) else None
        return freezes.why(account) if account is not None and account.frozen else ""

    @property
    def announced(self) -> list[Policy]:
        """Return the material changes of documents that will take effect."""
        return [policy for policy in policies.announced() if policy.material]

    @property
    def incident(self) -> incidents.Banner | None:
        """Return the incident that everybody should know of now, if there is one."""
        return incidents.banner()

    @property
    def notice(self) -> SiteNotice | None:
        """Return what staff say on every page now, if they say anything."""
        return site_notices.shown()

    @property
    def avatar(self) -> str:
        """Return the address of the signed-in person's picture, or nothing."""
        user = self._request.user
        if not isinstance(user, User):
            return ""
        digest = Avatar.objects.filter(user=user).values_list("digest", flat=True).first()
        return reverse("avatar", args=[digest]) if digest else ""


def context(request: HttpRequest) -> dict[str, Any]:
    """Give every template the shell."""
    return {"shell": Shell(request)}
