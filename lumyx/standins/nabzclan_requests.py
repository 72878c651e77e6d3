"""Read and check what a client sends to the imitated NabzClan's OAuth endpoints."""

import base64
import binascii
import hmac
import ipaddress
import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

import msgspec
from aiohttp import web

SCOPES = ("identity", "email", "vip")
CALLBACK_PATH = "/accounts/nabzclan/login/callback/"
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
FORM = "application/x-www-form-urlencoded"


class OAuthError(Exception):
    """A refusal in the terms of RFC 6749; `error` is its code there."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status


class BadAddress(Exception):
    """The client or its redirect URI is wrong, so that nobody may be sent there."""


class Client(msgspec.Struct, frozen=True):
    """The one client; without listed redirect URIs, LumyxAI's callback on loopback will do."""

    id: str
    secret: str
    redirects: tuple[str, ...] = ()

    def allows(self, uri: str) -> bool:
        """Whether people may be sent to a URI."""
        return uri in self.redirects if self.redirects else _is_local_callback(uri)


class Parameters:
    """Parameters by name; RFC 6749 takes empty ones as left out and allows none twice."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.repeated: set[str] = set()
        self.values: dict[str, str] = {}
        for name, value in pairs:
            if name in self.values:
                self.repeated.add(name)
            elif value:
                self.values[name] = value

    def get(self, name: str) -> str:
        """Return a value, or an empty text."""
        return self.values.get(name, "")

    def need(self, name: str) -> str:
        """Return a value that must be there."""
        value = self.get(name)
        if not value:
            raise OAuthError("invalid_request", f"The parameter {name} is missing.")
        return value

    def refuse_repeated(self) -> None:
        """Refuse parameters that came twice."""
        if self.repeated:
            raise OAuthError("invalid_request", f"Sent twice: {', '.join(sorted(self.repeated))}.")


class AuthorizeRequest(msgspec.Struct, frozen=True):
    """What a client asks a person to consent to."""

    client_id: str
    redirect_uri: str
    state: str
    code_challenge: str
    scope: tuple[str, ...]


async def read_form(request: web.Request) -> list[tuple[str, str]]:
    """Return the fields of a form; a body of another type has none."""
    if request.content_type != FORM:
        return []
    return parse_qsl((await request.read()).decode("utf-8", "replace"), keep_blank_values=True)


def check_address(parameters: Parameters, client: Client) -> str:
    """Return the redirect URI; raise BadAddress unless client and URI are registered."""
    if {"client_id", "redirect_uri"} & parameters.repeated:
        raise BadAddress("client_id or redirect_uri was sent twice.")
    if not _same(parameters.get("client_id"), client.id):
        raise BadAddress("The client is not known.")
    uri = parameters.get("redirect_uri")
    if not client.allows(uri):
        raise BadAddress("The redirect URI is not registered for this client.")
    return uri


def check_authorize(parameters: Parameters) -> AuthorizeRequest:
    """Return the request once its address is known to be right."""
    parameters.refuse_repeated()
    if parameters.need("response_type") != "code":
        raise OAuthError("unsupported_response_type", "Only the response type code is served.")
    state = parameters.need("state")
    challenge = parameters.need("code_challenge")
    # RFC 7636 takes a missing method as plain, which is refused here.
    if parameters.get("code_challenge_method") != "S256":
        raise OAuthError("invalid_request", "The code_challenge_method must be S256.")
    if not CHALLENGE.fullmatch(challenge):
        raise OAuthError("invalid_request", "The code_challenge is not an S256 challenge.")
    scope = read_scope(parameters.get("scope"))
    uri = parameters.get("redirect_uri")
    return AuthorizeRequest(parameters.get("client_id"), uri, state, challenge, scope)


def read_scope(value: str) -> tuple[str, ...]:
    """Return the scopes of a text, in its order; there must be one, and all must be known."""
    found = tuple(dict.fromkeys(value.split()))
    if not found or not set(found) <= set(SCOPES):
        raise OAuthError("invalid_scope", f"Known scopes: {' '.join(SCOPES)}.")
    return found


def redirection(uri: str, parameters: Mapping[str, str]) -> str:
    """Return a redirect URI with an answer added to its query; empty values are left out."""
    query = urlencode({name: value for name, value in parameters.items() if value})
    return f"{uri}{'&' if '?' in uri else '?'}{query}"


def authenticate(request: web.Request, parameters: Parameters, client: Client) -> None:
    """Let the client pass that shows its secret, in the body or by HTTP Basic."""
    header = request.headers.get("Authorization", "")
    name, secret = parameters.get("client_id"), parameters.get("client_secret")
    if header:
        if secret:
            raise OAuthError("invalid_request", "The client authenticates in two ways.")
        basic_name, secret = _read_basic(header)
        if name and not _same(name, basic_name):
            raise OAuthError("invalid_request", "The client_id is not the authenticated one.")
        name = basic_name
    if not (_same(name, client.id) & _same(secret, client.secret)):
        raise OAuthError("invalid_client", "The client is unknown or its secret wrong.", 401)


def _read_basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        decoded = ""
    if scheme.lower() != "basic":
        decoded = ""
    name, _, secret = decoded.partition(":")
    # Both are form-encoded before they are joined: RFC 6749, 2.3.1.
    return unquote_plus(name), unquote_plus(secret)


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), right.encode())


def _is_local_callback(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname or "", parts.port
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
    exact = f"{parts.scheme}://{parts.netloc}{CALLBACK_PATH}"
    return local and parts.scheme in ("http", "https") and "@" not in parts.netloc and uri == exact
