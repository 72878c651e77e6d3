"""API keys: made, digested, looked up and revoked.

A key is `lx-`, 33 random base-62 characters (196 bits) and a checksum of 6, by which
secret scanners, and we ourselves, recognise a mistyped one without a look-up. It is stored
as HMAC-SHA256 under a versioned pepper that is not `SECRET_KEY`.
"""

import hmac
import secrets
import time
import zlib
from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec
from django.conf import settings
from django.utils import timezone

from accounts.models import User
from billing.batches import Batcher
from billing.postgres import Pool
from gateway import invalidation
from gateway.models import ApiKey

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PREFIX = "lx-"
RANDOM_LENGTH = 33
CHECKSUM_LENGTH = 6
LENGTH = len(PREFIX) + RANDOM_LENGTH + CHECKSUM_LENGTH

FRESH_SECONDS = 5.0
FRESH_SECONDS_UNHEARD = 0.8
"""How long a look-up counts while no invalidation can be heard: revoked is refused in 1 s."""
MOST_CACHED = 20_000


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


def issue(
    user: User, *, name: str, minute_limit: int = 60, day_limit: int = 1_000
) -> tuple[ApiKey, str]:
    """Make a key for a customer; return its row and its text, which is never seen again."""
    text = generate()
    version = newest_pepper()
    key = ApiKey.objects.create(
        user=user,
        name=name,
        digest=digest(text, pepper=settings.KEY_PEPPERS[version]),
        pepper_version=version,
        prefix=text[:7],
        last4=text[-4:],
        minute_limit=minute_limit,
        day_limit=day_limit,
    )
    invalidation.publish_key(key.id.hex)
    return key, text


def revoke(key: ApiKey) -> None:
    """Stop a key for good, on every process within a second."""
    if key.revoked_at is None:
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at"])
    invalidation.publish_key(key.id.hex)


def find(text: str) -> ApiKey | None:
    """Return the row of a key that is in force, or None."""
    digests = [digest(text, pepper=pepper) for pepper in settings.KEY_PEPPERS.values()]
    return ApiKey.objects.filter(
        digest__in=digests, revoked_at__isnull=True, user__is_active=True
    ).first()


class Caller(msgspec.Struct, frozen=True):
    """Who calls: the key (its UUID in hexadecimal), its owner's account and its limits."""

    key_id: str
    name: str
    account: int
    minute_limit: int
    day_limit: int
    created_at: datetime


FIND = """
select k.digest, replace(k.id::text, '-', ''), k.name, a.id,
       k.minute_limit, k.day_limit, k.created_at
from gateway_apikey k
join accounts_user u on u.id = k.user_id
join billing_account a on a.user_id = u.id
where k.digest = any(%(digests)s) and k.revoked_at is null and u.is_active
"""


class KeyRing:
    """The keys that this process has seen of late, and whom they belong to.

    `heard` tells whether invalidation messages arrive: without them an entry ages faster.
    """

    def __init__(self, pool: Pool, *, heard: Callable[[], bool]) -> None:
        self._pool = pool
        self._heard = heard
        self._peppers = [pepper.encode() for pepper in settings.KEY_PEPPERS.values()]
        self._entries: dict[bytes, tuple[float, Caller | None]] = {}
        self._generation = 0
        self._finding: Batcher[list[bytes], Caller | None] = Batcher(self._find)

    async def authenticate(self, text: str) -> Caller | None:
        """Return who calls with this key, or None where it is not in force."""
        encoded = text.encode("utf-8", "replace")
        digests = [hmac.digest(pepper, encoded, "sha256") for pepper in self._peppers]
        entry = self._entries.get(digests[0])
        now = time.monotonic()
        if entry is not None:
            fresh = FRESH_SECONDS if self._heard() else FRESH_SECONDS_UNHEARD
            if now - entry[0] < fresh:
                return entry[1]
        if not well_formed(text):
            return None
        generation = self._generation
        caller = await self._finding.submit(digests)
        if generation == self._generation:
            if len(self._entries) >= MOST_CACHED:
                self._entries.clear()
            self._entries[digests[0]] = (now, caller)
        return caller

    def forget(self, key_id: str | None = None) -> None:
        """Forget one key, and every text that was not a key; without an id forget all."""
        self._generation += 1
        if key_id is None:
            self._entries.clear()
            return
        stale = [
            digest
            for digest, (_, caller) in self._entries.items()
            if caller is None or caller.key_id == key_id
        ]
        for digest_ in stale:
            del self._entries[digest_]

    async def _find(self, wanted: Sequence[list[bytes]]) -> list[Caller | None]:
        every = [digest for digests in wanted for digest in digests]
        async with self._pool.connection() as pg:
            cursor = await pg.execute(FIND, {"digests": every})
            found = {bytes(row[0]): Caller(*row[1:]) for row in await cursor.fetchall()}
        return [next((found[d] for d in digests if d in found), None) for digests in wanted]
