"""What a provider needs to know its own thinking again, kept by the client between calls.

The Responses API calls it `encrypted_content`. Ours packs the provider's signature or opaque
data, which only that provider can read or check, so it needs no key of ours.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from gateway.wire.conversation import Thinking
from gateway.wire.reading import UNREADABLE, encode

VERSION = "lx1."
"""What our packed thinking begins with; anything else was made by another service."""


class Kept(msgspec.Struct, omit_defaults=True):
    """Thinking as it is packed; the text only where the client does not see it as a summary."""

    text: str = ""
    signature: str = ""
    redacted: str = ""


_decode = msgspec.json.Decoder(Kept).decode


def pack(kept: Kept) -> str:
    """Return thinking as a client keeps it."""
    return VERSION + urlsafe_b64encode(encode(kept)).decode()


def unpack(packed: str | None, *, text: str) -> Thinking | None:
    """Return thinking with its visible text; None where a provider could make nothing of it."""
    kept = _unpacked(packed) if packed and packed.startswith(VERSION) else Kept()
    if kept.redacted:
        return Thinking(redacted=kept.redacted)
    text = text or kept.text
    if not (text or kept.signature):
        return None
    return Thinking(text=text, signature=kept.signature)


def _unpacked(packed: str) -> Kept:
    try:
        return _decode(urlsafe_b64decode(packed.removeprefix(VERSION)))
    except (*UNREADABLE, ValueError):
        return Kept()
