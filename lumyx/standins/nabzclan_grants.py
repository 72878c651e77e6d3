"""Codes and tokens of the imitated NabzClan: RFC 6749, 7636 and 7009, in memory."""

import base64
import hashlib
import hmac
import re
import secrets
import time
from typing import Any

import msgspec

from lumyx.standins.nabzclan_requests import AuthorizeRequest, OAuthError

TOKEN_SECONDS = 3600
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class Family(msgspec.Struct, eq=False):
    """All that came from one consent; revoked together."""

    person: int
    scope: tuple[str, ...]
    revoked: bool = False


class Code(msgspec.Struct):
    """An authorization code and what it is bound to."""

    family: Family
    asked: AuthorizeRequest
    expires: float
    used: bool = False


class Access(msgspec.Struct):
    """An access token, which ends by itself or by revocation."""

    family: Family
    scope: tuple[str, ...]
    expires: float
    revoked: bool = False

    @property
    def valid(self) -> bool:
        """Whether the token still opens anything."""
        return not (self.revoked or self.family.revoked) and time.monotonic() < self.expires


class Refresh(msgspec.Struct):
    """A refresh token, good for one use."""

    family: Family
    used: bool = False


class Grants:
    """Issues, exchanges and revokes codes and tokens; lifetimes in seconds."""

    def __init__(self, *, code_seconds: float) -> None:
        self._code_seconds = code_seconds
        self._codes: dict[str, Code] = {}
        self._access: dict[str, Access] = {}
        self._refresh: dict[str, Refresh] = {}

    def reset(self) -> None:
        """Forget every code and token."""
        self._codes.clear()
        self._access.clear()
        self._refresh.clear()

    def consent(self, asked: AuthorizeRequest, person: int) -> str:
        """Return a new code for what a person has consented to."""
        code = secrets.token_urlsafe(32)
        expires = time.monotonic() + self._code_seconds
        self._codes[code] = Code(Family(person, asked.scope), asked, expires)
        return code

    def exchange(self, code: str, *, client_id: str, redirect_uri: str, verifier: str) -> Any:
        """Return tokens for a code; a second use revokes the tokens of the first."""
        found = self._codes.get(code)
        if found is None:
            raise OAuthError("invalid_grant", "The code is unknown.")
        if found.used:
            found.family.revoked = True
            raise OAuthError("invalid_grant", "The code has been used.")
        # One try alone, so that nobody can guess at the verifier.
        found.used = True
        if time.monotonic() >= found.expires:
            raise OAuthError("invalid_grant", "The code has expired.")
        if not hmac.compare_digest(found.asked.client_id.encode(), client_id.encode()):
            raise OAuthError("invalid_grant", "The code belongs to another client.")
        if found.asked.redirect_uri != redirect_uri:
            raise OAuthError("invalid_grant", "The redirect_uri is not the one of the code.")
        if not _verifies(verifier, found.asked.code_challenge):
            raise OAuthError("invalid_grant", "The code_verifier does not match.")
        return self.issue(found.family)

    def refresh(self, token: str, scope: str) -> Any:
        """Return new tokens for a refresh token; a second use revokes the whole family."""
        found = self._refresh.get(token)
        if found is None or found.family.revoked:
            raise OAuthError("invalid_grant", "The refresh token is unknown or revoked.")
        if found.used:
            found.family.revoked = True
            raise OAuthError("invalid_grant", "The refresh token has been used.")
        narrowed = tuple(dict.fromkeys(scope.split())) or found.family.scope
        if not set(narrowed) <= set(found.family.scope):
            raise OAuthError("invalid_scope", "The scope is wider than what was granted.")
        found.used = True
        return self.issue(found.family, scope=narrowed)

    def issue(
        self,
        family: Family,
        *,
        scope: tuple[str, ...] | None = None,
        seconds: int = TOKEN_SECONDS,
    ) -> dict[str, Any]:
        """Return a new pair of tokens as the token endpoint answers it."""
        granted = family.scope if scope is None else scope
        access, refresh = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self._access[access] = Access(family, granted, time.monotonic() + seconds)
        self._refresh[refresh] = Refresh(family)
        return {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": seconds,
            "refresh_token": refresh,
            "scope": " ".join(granted),
        }

    def revoke(self, token: str) -> None:
        """End an access token, or with a refresh token all of its family; ignore others."""
        if token in self._access:
            self._access[token].revoked = True
        elif token in self._refresh:
            self._refresh[token].family.revoked = True

    def find(self, token: str) -> Access | None:
        """Return the access token, unless it is unknown, expired or revoked."""
        found = self._access.get(token)
        return found if found is not None and found.valid else None


def _verifies(verifier: str, challenge: str) -> bool:
    if not VERIFIER.fullmatch(verifier):
        return False
    digest = hashlib.sha256(verifier.encode()).digest()
    made = base64.urlsafe_b64encode(digest).rstrip(b"=")
    return hmac.compare_digest(made, challenge.encode())
