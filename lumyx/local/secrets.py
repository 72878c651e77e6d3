"""Secrets of a local installation, made once and kept in a file for its owner alone."""

import base64
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path


def _text() -> str:
    return secrets.token_urlsafe(48)


def _pepper() -> str:
    return f"1:{_text()}"


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


SERVICE: dict[str, Callable[[], str]] = {
    "SECRET_KEY": _text,
    "KEY_PEPPERS": _pepper,
    "ENCRYPTION_KEYS": _fernet_key,
}
ENGINES: dict[str, Callable[[], str]] = {
    "POSTGRESQL_ADMIN_PASSWORD": _text,
    "POSTGRESQL_PASSWORD": _text,
    "VALKEY_PASSWORD": _text,
}


def make() -> dict[str, str]:
    """Return new secrets for the service and its engines."""
    return {name: new() for name, new in (SERVICE | ENGINES).items()}


def load(file: Path) -> dict[str, str]:
    """Return the secrets in a file; those that it lacks are made and kept in it."""
    known = read(file)
    wanted = make() | known
    if wanted != known:
        write(file, wanted)
    return wanted


def read(file: Path) -> dict[str, str]:
    """Return the NAME=value lines of a file, none where there is no file."""
    if not file.is_file():
        return {}
    pairs = (line.partition("=") for line in file.read_text().splitlines())
    return {name: value for name, mark, value in pairs if mark and not name.startswith("#")}


def write(file: Path, values: Mapping[str, str]) -> None:
    """Write NAME=value lines that only the owner can read, all of them or none."""
    new = file.with_name(file.name + ".new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
        output.writelines(f"{name}={value}\n" for name, value in values.items())
    new.replace(file)
