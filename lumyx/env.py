"""Read settings from the environment, and name every variable that is bad."""

import base64
import os
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

Value = TypeVar("Value")


class Environment:
    """Typed access to environment variables that gathers every error before it complains."""

    def __init__(self) -> None:
        self.errors: list[str] = []

    def read(self, name: str, convert: Callable[[str], Value], *, default: Value) -> Value:
        """Return the variable converted, or the default where it is unset or empty."""
        text = os.environ.get(name, "")
        if not text:
            return default
        try:
            return convert(text)
        except ValueError as error:
            self.errors.append(f"{name}: {error}")
            return default

    def require(self, name: str, convert: Callable[[str], Value], *, stand_in: Value) -> Value:
        """Return the variable converted, or note that it is missing."""
        if not os.environ.get(name):
            self.errors.append(f"{name}: is not set")
        return self.read(name, convert, default=stand_in)

    def need(self, name: str, module: str) -> None:
        """Note where a variable is set whose packages are not installed."""
        if os.environ.get(name) and not _is_installed(module):
            package = "requirements-observability.txt"
            self.errors.append(f"{name}: is set, but what it needs is not installed: see {package}")

    def complain(self) -> None:
        """Raise ImproperlyConfigured with one line for each bad variable."""
        if self.errors:
            lines = "".join(f"\n  {line}" for line in self.errors)
            raise ImproperlyConfigured(f"The environment is not right:{lines}")


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        # A package around it is missing.
        return False


def text(value: str) -> str:
    """Return the text as it is."""
    return value


def token(value: str) -> str:
    """Read a secret of 32 printable ASCII characters or more."""
    if len(value) < 32 or not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("needs 32 characters or more, of ASCII and without spaces")
    return value


def flag(value: str) -> bool:
    """Read 1, true, yes, on or 0, false, no, off."""
    lowered = value.strip().lower()
    if lowered in {"1", "true", "yes", "on"}:
        return True
    if lowered in {"0", "false", "no", "off"}:
        return False
    raise ValueError("must be 1 or 0")


def whole(minimum: int, maximum: int) -> Callable[[str], int]:
    """Return a reader of whole numbers between two bounds."""

    def convert(value: str) -> int:
        try:
            number = int(value)
        except ValueError:
            raise ValueError("must be a whole number") from None
        if not minimum <= number <= maximum:
            raise ValueError(f"must lie between {minimum} and {maximum}")
        return number

    return convert


def wholes(minimum: int, maximum: int) -> Callable[[str], list[int]]:
    """Return a reader of whole numbers with commas between."""
    read = whole(minimum, maximum)
    return lambda value: [read(part) for part in words(value)]


def words(value: str) -> list[str]:
    """Read a list separated by commas."""
    return [word.strip() for word in value.split(",") if word.strip()]


def one_of(*choices: str) -> Callable[[str], str]:
    """Return a reader that accepts only the given words."""

    def convert(value: str) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return value

    return convert


def maintenance(value: str) -> str:
    """Read which part of the service is under maintenance: site (or 1), all, or none (0)."""
    found = {"0": "", "1": "site", "site": "site", "all": "all"}.get(value.strip().lower())
    if found is None:
        raise ValueError("must be 0, 1, site or all")
    return found


def moment(value: str) -> datetime | None:
    """Read a time with its zone, such as 2026-12-01T14:00Z."""
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        raise ValueError("must be a time such as 2026-12-01T14:00Z") from None
    if found.tzinfo is None:
        raise ValueError("needs its time zone; a Z in the end is UTC")
    return found.astimezone(UTC)


def url(*schemes: str) -> Callable[[str], str]:
    """Return a reader of absolute URLs with one of the given schemes."""

    def convert(value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(
                f"must be a URL that begins with {' or '.join(f'{s}://' for s in schemes)}"
            )
        return value.rstrip("/")

    return convert


def port_of(parts: SplitResult) -> int | None:
    """Return a URL's port; the error of a bad one never quotes what may be a password."""
    try:
        return parts.port
    except ValueError:
        raise ValueError("has no valid port; is a / or @ in the password not escaped?") from None


def pairs(value: str) -> dict[str, str]:
    """Read `name=value` pairs separated by commas."""
    found: dict[str, str] = {}
    for word in words(value):
        name, mark, content = word.partition("=")
        if not mark or not name or not content:
            raise ValueError("must be pairs such as public=upstream, separated by commas")
        found[name] = content
    return found


def peppers(value: str) -> dict[int, str]:
    """Read versioned secrets such as `1:secret,2:newer`, each of 32 characters or more."""
    found: dict[int, str] = {}
    for word in words(value):
        version, mark, secret = word.partition(":")
        if not mark or not version.isdigit() or not 0 < int(version) < 32768:
            raise ValueError("must be pairs such as 1:secret, separated by commas")
        if len(secret) < 32:
            raise ValueError("each secret needs 32 characters or more")
        found[int(version)] = secret
    if not found:
        raise ValueError("needs at least one versioned secret")
    return found


def mail(value: str) -> dict[str, str]:
    """Read how mail is sent: `smtp`, `smtp+tls` or `smtps` URLs, `console:` or `memory:`."""
    parts = urlsplit(value)
    backends = "django.core.mail.backends"
    if parts.scheme in {"console", "memory"}:
        name = {"console": "console", "memory": "locmem"}[parts.scheme]
        return {"BACKEND": f"{backends}.{name}.EmailBackend"}
    if parts.scheme == "file" and parts.path:
        return {"BACKEND": f"{backends}.filebased.EmailBackend", "PATH": unquote(parts.path)}
    tls = {"smtp": "", "smtp+tls": "starttls", "smtps": "tls"}
    if parts.scheme not in tls or not parts.hostname:
        raise ValueError("must look like smtp+tls://user:password@host:587")
    return {
        "BACKEND": f"{backends}.smtp.EmailBackend",
        "HOST": parts.hostname,
        "PORT": str(port_of(parts) or (465 if parts.scheme == "smtps" else 25)),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "TLS": tls[parts.scheme],
    }


def postgresql(value: str) -> dict[str, str]:
    """Read a postgresql:// URL into Django's connection fields."""
    parts = urlsplit(value)
    name = unquote(parts.path.lstrip("/"))
    if parts.scheme not in {"postgresql", "postgres"} or not parts.hostname or not name:
        raise ValueError("must look like postgresql://user:password@host:port/name")
    return {
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname,
        "PORT": str(port_of(parts) or 5432),
    }


# A well-known key for development alone; the deploy check refuses it.
INSECURE_FERNET_KEY = base64.urlsafe_b64encode(b"insecure-development-only-fernet").decode()


def fernet_keys(value: str) -> list[str]:
    """Read Fernet keys separated by commas, the one to encrypt with first."""
    keys = words(value)
    for key in keys:
        try:
            Fernet(key)
        except ValueError:
            raise ValueError("must be Fernet keys (32 bytes in URL-safe base64)") from None
    if not keys:
        raise ValueError("needs at least one Fernet key")
    return keys


def file(value: str) -> Path:
    """Read the path of a file that must be there."""
    path = Path(value)
    if not path.is_file():
        raise ValueError("no such file")
    return path
