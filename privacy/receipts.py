"""Receipts of erasures: what was removed and when, signed, with nothing that names anybody.

The signature is Ed25519 (RFC 8032) over the receipt as JSON with sorted keys and no spaces, so
that anybody who has the public key can check it without us.
"""

import base64
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

FORMAT = "LumyxAI receipt of erasure"
VERSION = 1


class NotGenuine(Exception):
    """A receipt that was not signed here, or was changed since."""


def _private_key(version: int) -> Ed25519PrivateKey:
    secret = settings.KEY_PEPPERS[version].encode()
    derive = HKDF(hashes.SHA256(), length=32, salt=None, info=b"receipts of erasures")
    return Ed25519PrivateKey.from_private_bytes(derive.derive(secret))


def public_keys() -> dict[int, str]:
    """Return the keys that check signatures, by version, in base64."""
    return {version: _encoded(_private_key(version)) for version in sorted(settings.KEY_PEPPERS)}


def _encoded(key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def sign(body: dict[str, Any]) -> dict[str, Any]:
    """Return a receipt: what it says, the version of the key, and the signature."""
    version = max(settings.KEY_PEPPERS)
    said = {"format": FORMAT, "version": VERSION, "key": version, **body}
    signature = _private_key(version).sign(_bytes(said))
    return {**said, "signature": base64.b64encode(signature).decode()}


def verify(receipt: Any) -> dict[str, Any]:
    """Return what a genuine receipt says; raises NotGenuine."""
    if not isinstance(receipt, dict) or receipt.get("format") != FORMAT:
        raise NotGenuine
    said = {name: value for name, value in receipt.items() if name != "signature"}
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_keys()[said["key"]]))
        key.verify(base64.b64decode(receipt["signature"], validate=True), _bytes(said))
    except (InvalidSignature, KeyError, ValueError, TypeError):
        raise NotGenuine from None
    return said


def _bytes(said: dict[str, Any]) -> bytes:
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
