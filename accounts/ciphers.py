"""Encrypt the secrets that are kept at rest: tokens, second factors, providers' keys."""

from collections.abc import Sequence

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def cipher(keys: Sequence[str] | None = None) -> MultiFernet:
    """Return the cipher of secrets at rest: the first key encrypts, all of them decrypt."""
    return MultiFernet([Fernet(key) for key in keys or settings.ENCRYPTION_KEYS])


def encrypt(text: str) -> bytes:
    """Return a text encrypted; an empty one stays empty."""
    return cipher().encrypt(text.encode()) if text else b""


def decrypt(encrypted: bytes | memoryview) -> str:
    """Return what was encrypted; raises InvalidToken where no key fits."""
    return cipher().decrypt(bytes(encrypted)).decode() if encrypted else ""
