"""Ask NabzClan who somebody is; its failures become ours here (OAuth 2: RFC 6749, 7009)."""

import contextlib
import re
from datetime import datetime, timedelta
from typing import Any

import msgspec
import requests
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from redis.exceptions import RedisError
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

TIMEOUT = (3.05, 8)
"""Seconds to connect, and of silence."""
MOST_BYTES = 65_536
VIP_LEVEL = re.compile(r"VIP\s*(\d{1,3})", re.IGNORECASE)
VIP_MOST = 100
DOWN, DOWN_SECONDS = "nabzclan-down", 180


class NabzClanDown(Exception):
    """NabzClan does not answer, or not with what it promises; nothing is known anew."""


class TokenRefused(Exception):
    """NabzClan no longer honours a token."""


class Person(msgspec.Struct, frozen=True):
    """All that we take from what NabzClan says about somebody."""

    id: str
    username: str
    email: str
    avatar_url: str
    vip_level: int
    vip_expires_at: datetime | None


class Tokens(msgspec.Struct, frozen=True):
    """What lets us ask again; `until` is when the access token ends, as far as we know."""

    access: str
    refresh: str
    until: datetime | None


def session() -> requests.Session:
    """Return a session that tries again where that may help."""
    made = requests.Session()
    made.max_redirects = 0
    retry = Retry(
        total=2,
        backoff_factor=0.3,
        status_forcelist=(429, 500, 502, 503, 504),
        allowed_methods={"GET"},
        redirect=False,
        raise_on_status=False,
        respect_retry_after_header=False,
    )
    for scheme in ("http://", "https://"):
        made.mount(scheme, HTTPAdapter(max_retries=retry))
    return made


def fetch(access_token: str) -> Person:
    """Return whom a token belongs to; raises NabzClanDown or TokenRefused."""
    headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
    return read(_ask("GET", settings.NABZCLAN_USER_URL, headers=headers))


def exchange(code: str, *, verifier: str, redirect_uri: str) -> Tokens:
    """Return the tokens for a code (RFC 6749, 4.1.3; RFC 7636, 4.5); raises as `fetch` does."""
    grant = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    return read_tokens(_ask("POST", settings.NABZCLAN_TOKEN_URL, data=grant | _client()))


def refresh(refresh_token: str) -> Tokens:
    """Return new tokens for an old one; raises NabzClanDown or TokenRefused."""
    grant = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return read_tokens(_ask("POST", settings.NABZCLAN_TOKEN_URL, data=grant | _client()))


def revoke(token: str) -> None:
    """Have NabzClan forget a token; raises NabzClanDown."""
    if settings.NABZCLAN_REVOKE_URL:
        _send("POST", settings.NABZCLAN_REVOKE_URL, data={"token": token} | _client())


def _client() -> dict[str, str]:
    return {
        "client_id": settings.NABZCLAN_CLIENT_ID,
        "client_secret": settings.NABZCLAN_CLIENT_SECRET,
    }


def _ask(method: str, url: str, **how: Any) -> Any:
    try:
        return msgspec.json.decode(_send(method, url, **how))
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise NabzClanDown("no JSON") from None


def _send(method: str, url: str, **how: Any) -> bytes:
    """Return what was answered; the texts of errors quote nothing of it."""
    try:
        with (
            session() as asking,
            asking.request(
                method, url, timeout=TIMEOUT, allow_redirects=False, stream=True, **how
            ) as response,
        ):
            body: bytes = response.raw.read(MOST_BYTES + 1, decode_content=True)
    except (requests.RequestException, HTTPError, OSError) as error:
        note(down=True)
        raise NabzClanDown(type(error).__name__) from None
    note(down=response.status_code >= 500)
    if response.status_code in (400, 401, 403):
        raise TokenRefused(f"status {response.status_code}")
    if response.status_code != 200:
        raise NabzClanDown(f"status {response.status_code}")
    if len(body) > MOST_BYTES:
        raise NabzClanDown("answer too large")
    return body


def note(*, down: bool) -> None:
    """Remember, for the sign-in page, whether NabzClan answers."""
    # Without Redis nothing is known, and nothing is said.
    with contextlib.suppress(RedisError):
        if down:
            cache.set(DOWN, True, DOWN_SECONDS)
        else:
            cache.delete(DOWN)


def is_down() -> bool:
    """Return whether NabzClan did not answer when it was last asked."""
    try:
        return bool(cache.get(DOWN))
    except RedisError:
        return False


def probe() -> None:
    """Ask NabzClan for nothing, to see whether it answers."""
    with contextlib.suppress(NabzClanDown, TokenRefused):
        _send("GET", settings.NABZCLAN_USER_URL)


def read_tokens(data: Any) -> Tokens:
    """Read an answer of the token endpoint (RFC 6749, 5.1); raises NabzClanDown."""
    if not isinstance(data, dict) or not isinstance(data.get("access_token"), str):
        raise NabzClanDown("no token")
    lasts, again = data.get("expires_in"), data.get("refresh_token")
    until = None
    if type(lasts) is int and 0 < lasts < 10**9:
        until = timezone.now() + timedelta(seconds=lasts)
    return Tokens(data["access_token"], again if isinstance(again, str) else "", until)


def read(data: Any) -> Person:
    """Read NabzClan's description of somebody; raises NabzClanDown where it makes no sense.

    A half description is none: what it lacks could pass for a level that was lost.
    """
    if not isinstance(data, dict):
        raise NabzClanDown("no object")
    number, name, plan = data.get("id"), data.get("name"), data.get("plan")
    if type(number) is int:
        number = str(number)
    if not isinstance(number, str) or not 0 < len(number) <= 64 or not number.isprintable():
        raise NabzClanDown("no id")
    if not isinstance(name, str) or not 0 < len(name.strip()) <= 150 or not name.isprintable():
        raise NabzClanDown("no name")
    if "plan" not in data:
        raise NabzClanDown("no plan")
    level, until = _vip(plan)
    return Person(
        number, name.strip(), _email(data.get("email")), _url(data.get("avatar")), level, until
    )


def _vip(plan: Any) -> tuple[int, datetime | None]:
    if plan is None:
        return 0, None
    name = plan.get("name") if isinstance(plan, dict) else None
    if not isinstance(name, str):
        raise NabzClanDown("no plan")
    found = VIP_LEVEL.search(name)
    if found is None:
        return 0, None
    level, text = int(found[1]), plan.get("expires_at")
    if level > VIP_MOST or not (text is None or isinstance(text, str)):
        raise NabzClanDown("no plan")
    if text is None:
        return level, None
    try:
        until = parse_datetime(text)
    except ValueError:
        until = None
    if until is None:
        raise NabzClanDown("no plan")
    return level, until if until.tzinfo else timezone.make_aware(until)


def _email(text: Any) -> str:
    if text is None or text == "":
        return ""
    try:
        validate_email(text)
    except (ValidationError, TypeError):
        raise NabzClanDown("no email") from None
    return str(text)


def _url(text: Any) -> str:
    return text if isinstance(text, str) and len(text) <= 500 else ""
