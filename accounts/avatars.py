"""Fetch pictures of people and encode them anew, trusting nothing of what came."""

import asyncio
import contextlib
import hashlib
import io
import logging
import warnings
from typing import Any

import aiohttp
from celery import shared_task
from django.db import transaction
from kombu.exceptions import OperationalError
from PIL import Image, ImageOps, UnidentifiedImageError
from redis.exceptions import RedisError

from accounts import outbound
from accounts.models import Avatar, NabzClanLink, User
from accounts.resolver import PublicResolver

log = logging.getLogger("lumyx.accounts")

SIDE = 128
MOST_BYTES = 2 * 1024 * 1024
MOST_PIXELS = 4096 * 4096
SECONDS = 10
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MORE_TRIES = 3
PAUSE = 30
"""Seconds until the first of them; each later pause is four times as long."""


class BadPicture(Exception):
    """What came is no picture that we take; the text says why and quotes nothing of it."""


class Unreachable(BadPicture):
    """The picture did not come, which may be otherwise in a while."""


def encode(data: bytes) -> bytes:
    """Return a picture as a square WebP without metadata; raises BadPicture."""
    if len(data) > MOST_BYTES:
        raise BadPicture("The picture is larger than 2 MB.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise BadPicture("The picture has too many pixels.")
                upright = ImageOps.exif_transpose(picture).convert("RGBA")
        square = ImageOps.fit(upright, (SIDE, SIDE), Image.Resampling.LANCZOS)
        encoded = io.BytesIO()
        square.save(encoded, "WEBP", quality=85)
        return encoded.getvalue()
    except BadPicture:
        raise
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
        OSError,
        ValueError,
        SyntaxError,
        TypeError,
        MemoryError,
        IndexError,
        OverflowError,
        ZeroDivisionError,
    ):
        raise BadPicture("This is no PNG, JPEG, WebP or GIF picture.") from None


def fetch(url: str) -> bytes:
    """Return what an address has; raises BadPicture, also where it must not be called."""
    try:
        outbound.check_url(url, query=True)
    except outbound.Refused as error:
        raise BadPicture(str(error)) from None
    try:
        return asyncio.run(_fetch(url))
    except TimeoutError:
        raise Unreachable("The picture took too long.") from None
    except (aiohttp.ClientError, OSError, ValueError):
        raise Unreachable("The address does not answer.") from None


async def _fetch(url: str) -> bytes:
    connector = aiohttp.TCPConnector(resolver=PublicResolver())
    timeout = aiohttp.ClientTimeout(total=SECONDS, connect=3)
    async with (
        aiohttp.ClientSession(
            connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
        ) as session,
        session.get(url, allow_redirects=False) as response,
    ):
        if response.status >= 500:
            raise Unreachable("The address fails.")
        if response.status != 200:
            raise BadPicture("The address has no picture.")
        content = bytearray()
        async for part in response.content.iter_chunked(16_384):
            content += part
            if len(content) > MOST_BYTES:
                raise BadPicture("The picture is larger than 2 MB.")
        return bytes(content)


@transaction.atomic
def put(user: User, content: bytes) -> None:
    """Set a person's picture, as `encode` made it."""
    digest = hashlib.sha256(content).hexdigest()[:16]
    Avatar.objects.update_or_create(user=user, defaults={"content": content, "digest": digest})


def take_from_nabzclan(user: User) -> None:
    """Copy the picture that NabzClan has of a person; raises BadPicture."""
    link = NabzClanLink.objects.get(user=user)
    if "avatar" in link.corrected:
        return
    if not link.avatar_url:
        Avatar.objects.filter(user=user).delete()
        return
    content = encode(fetch(link.avatar_url))
    # The account may have gone while the picture came.
    with contextlib.suppress(User.DoesNotExist):
        put(User.objects.get(pk=user.pk), content)


def copy_soon(user: User) -> None:
    """Have a worker copy NabzClan's picture of a person, once what was written is stored."""
    transaction.on_commit(lambda: _hand_over(user))


def _hand_over(user: User) -> None:
    try:
        copy.apply_async(args=(str(user.pk),), retry=False)
    except (OperationalError, RedisError, OSError) as error:
        # As if no picture had been named, so that NabzClan's next answer names a new one.
        NabzClanLink.objects.filter(user=user).update(avatar_url="")
        log.warning("the avatar of %s waits: %s", user.pk, type(error).__name__)


@shared_task(bind=True, max_retries=MORE_TRIES)
def copy(self: Any, user_id: str) -> None:
    """Copy the picture that NabzClan has of a person, in the background."""
    user = User.objects.filter(pk=user_id, nabzclan__isnull=False).first()
    if user is None:
        return
    try:
        take_from_nabzclan(user)
    except BadPicture as error:
        log.warning("the avatar of %s was not taken: %s", user_id, error)
        if isinstance(error, Unreachable) and self.request.retries < MORE_TRIES:
            raise self.retry(countdown=PAUSE * 4**self.request.retries, exc=error) from None
