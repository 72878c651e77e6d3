"""Take a form once: reloading the page that answered it, or sending it again, does nothing.

A form carries a token that is signed for its person, and sending the form spends it. Each form
that is drawn has a token of its own, so forms in several tabs do not get in each other's way.
The session keeps none of it: of two requests that write a session, the later one wins.
"""

import secrets

from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.http import HttpRequest

FIELD = "once"
SALT = "accounts.once"


def token(request: HttpRequest) -> str:
    """Return a new token for a form of whoever is signed in."""
    return signing.dumps([str(request.user.pk), secrets.token_urlsafe(12)], salt=SALT)


def spend(request: HttpRequest) -> bool:
    """Spend the token that came with a form; False where it is spent, too old, or not theirs.

    Of several requests at the same time, one gets True. Race condition: while Redis is away,
    each process knows only what it has spent itself. It's OK to take a form once by each of
    them for as long as that lasts.
    """
    nonce = _nonce(request)
    return bool(nonce) and cache.add(f"once:{nonce}", True, timeout=_seconds())


def is_own(request: HttpRequest) -> bool:
    """Return whether a form came with a token that whoever is signed in was given, spent or not."""
    return bool(_nonce(request))


def _nonce(request: HttpRequest) -> str:
    """Return what names the form that was sent; empty where it is too old, or not theirs."""
    try:
        owner, nonce = signing.loads(request.POST.get(FIELD, ""), salt=SALT, max_age=_seconds())
    except signing.BadSignature:
        return ""
    return str(nonce) if owner == str(request.user.pk) else ""


def _seconds() -> int:
    # No form is older: its CSRF token is in the session.
    return settings.SESSION_HOURS * 3600
