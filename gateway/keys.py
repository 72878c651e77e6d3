"""API keys: made, digested, issued, changed, rotated and revoked.

A key is `lx-`, 33 random base-62 characters (196 bits) and a checksum of 6, by which
secret scanners, and we ourselves, recognise a mistyped one without a look-up. It is stored
as HMAC-SHA256 under a versioned pepper that is not `SECRET_KEY`.
"""

import hmac
import secrets
import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypedDict, Unpack

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from billing import accounts, budgets
from gateway import invalidation
from gateway.models import ApiKey, KeyKind, Scope

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PREFIX = "lx-"
RANDOM_LENGTH = 33
CHECKSUM_LENGTH = 6
LENGTH = len(PREFIX) + RANDOM_LENGTH + CHECKSUM_LENGTH

OVERLAP_MOST = timedelta(days=7)
"""How long the old text of a rotated key may go on working."""


class Limits(TypedDict, total=False):
    """What a key may do; the fields are those of `ApiKey`, and None takes a limit away."""

    scopes: list[str]
    minute_limit: int | None
    day_limit: int | None
    token_limit: int | None
    concurrency_limit: int | None
    day_spend: int | None
    month_spend: int | None
    total_spend: int | None
    expires_at: datetime | None
    allowed_models: list[str]
    allowed_networks: list[str]
    log_days: int


class Fields(Limits, total=False):
    """What can be changed on a key."""

    name: str


class NotInForce(Exception):
    """The key was revoked, and stays so."""


class HasNoText(Exception):
    """The key is the playground's."""


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits = ""
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


def generate() -> str:
    """Return a new key."""
    body = PREFIX + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LENGTH))
    return body + _checksum(body)


def well_formed(text: str) -> bool:
    """Return whether the text has a key's form and its checksum is right."""
    return (
        len(text) == LENGTH
        and text.isascii()
        and text.startswith(PREFIX)
        and _checksum(text[:-CHECKSUM_LENGTH]) == text[-CHECKSUM_LENGTH:]
    )


def digest(text: str, *, pepper: str) -> bytes:
    """Return what is stored of a key: its HMAC-SHA256, 32 bytes."""
    return hmac.digest(pepper.encode(), text.encode(), "sha256")


def newest_pepper() -> int:
    """Return the version of the pepper that new keys are stored under."""
    return max(settings.KEY_PEPPERS)


def _traces(text: str) -> dict[str, Any]:
    version = newest_pepper()
    return {
        "digest": digest(text, pepper=settings.KEY_PEPPERS[version]),
        "pepper_version": version,
        "prefix": text[:7],
        "last4": text[-4:],
    }


def issue(user: User, *, name: str, **limits: Unpack[Limits]) -> tuple[ApiKey, str]:
    """Make a key for a customer; return its row and its text, which is never seen again.

    Raises Django's ValidationError where a limit is out of bounds.
    """
    text = generate()
    key = ApiKey(user=user, name=name, **_traces(text), **limits)
    _save(key)
    return key, text


def of_playground(user: User) -> ApiKey:
    """Return the key that somebody calls with in the playground, made at the first use.

    No text leads to its digest, which is random, so it opens nothing anywhere else.
    """
    key = ApiKey.objects.filter(user=user, kind=KeyKind.PLAYGROUND).first()
    if key is not None:
        return key
    accounts.open_for(user)
    made = {
        "name": "Playground",
        "digest": secrets.token_bytes(32),
        "pepper_version": newest_pepper(),
        "scopes": [Scope.INFERENCE.value],
    }
    key, _ = ApiKey.objects.get_or_create(user=user, kind=KeyKind.PLAYGROUND, defaults=made)
    budgets.open_for([key.id])
    return key


def configure(key: ApiKey, **fields: Unpack[Fields]) -> None:
    """Change a key, on every process within a second.

    Raises Django's ValidationError where a value is out of bounds.
    """
    unknown = fields.keys() - Fields.__annotations__.keys()
    if unknown:
        raise TypeError(f"A key has no {', '.join(sorted(unknown))} to change.")
    for name, value in fields.items():
        setattr(key, name, value)
    _save(key, changed=fields)


def _save(key: ApiKey, *, changed: Mapping[str, Any] | None = None) -> None:
    key.full_clean()
    with transaction.atomic():
        # Only what was changed: the same row tells when it was last used and what rotated.
        key.save(update_fields=changed)
        budgets.open_for([key.id])
        invalidation.publish_key(key.id.hex)


@transaction.atomic
def rotate(key: ApiKey, *, overlap: timedelta) -> str:
    """Give a key a new text and return it; the old one works until the overlap ends.

    An older text that still worked stops at once. Raises ValueError where the overlap is
    longer than seven days, NotInForce for a key that was revoked, and HasNoText for the
    playground's.
    """
    if key.is_playground:
        raise HasNoText
    if not timedelta(0) <= overlap <= OVERLAP_MOST:
        raise ValueError(f"The overlap is between 0 and {OVERLAP_MOST.days} days.")
    row = ApiKey.objects.select_for_update().get(pk=key.pk)
    if row.revoked_at is not None:
        raise NotInForce
    text = generate()
    changes = _traces(text) | {"previous_digest": None, "previous_until": None}
    if overlap:
        changes["previous_digest"] = bytes(row.digest)
        changes["previous_until"] = timezone.now() + overlap
    for name, value in changes.items():
        setattr(key, name, value)
    key.save(update_fields=changes)
    invalidation.publish_key(key.id.hex)
    return text


def revoke(key: ApiKey) -> None:
    """Stop a key for good, on every process within a second."""
    if key.revoked_at is None:
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at"])
    invalidation.publish_key(key.id.hex)


def find(text: str) -> ApiKey | None:
    """Return the row of a key that is in force, or None."""
    digests = [digest(text, pepper=pepper) for pepper in settings.KEY_PEPPERS.values()]
    current = Q(digest__in=digests)
    previous = Q(previous_digest__in=digests, previous_until__gt=timezone.now())
    return ApiKey.objects.in_force().filter(current | previous).first()
