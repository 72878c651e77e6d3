"""Say what images and documents arrived at the AI-provider stand-in: kind, type and size."""

import base64
import binascii
import re
from typing import Any

IMAGE_TYPES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+);base64,(.+)", re.DOTALL)


class BadMedia(Exception):
    """An image or a document is not what it says; the text says where and why."""


def _size(data: object) -> int:
    if not isinstance(data, str) or not data:
        raise BadMedia("cannot be empty")
    try:
        return len(base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError):
        raise BadMedia("invalid base64 data") from None


def _label(kind: str, media_type: object, size: int) -> str:
    return f"[{kind} {media_type} {size} bytes]"


def _label_url(kind: str, url: object) -> str:
    if isinstance(url, str) and url.startswith(("http://", "https://")):
        return f"[{kind} url]"
    match = DATA_URL.fullmatch(url) if isinstance(url, str) else None
    if match is None:
        raise BadMedia("expected a URL or base64 data with a media type")
    return _label(kind, match[1], _size(match[2]))


def label_part(part: dict[str, Any]) -> str | None:
    """Describe an image or file part of Chat Completions; raise BadMedia where it is broken."""
    if part.get("type") == "image_url":
        image = part.get("image_url")
        return _label_url("image", image.get("url") if isinstance(image, dict) else image)
    if part.get("type") == "file":
        file = part.get("file")
        if not isinstance(file, dict):
            raise BadMedia("expected a file")
        if isinstance(file.get("file_id"), str):
            return "[document file]"
        return _label_url("document", file.get("file_data"))
    return None


def label_block(block: dict[str, Any]) -> str | None:
    """Describe an image or document block of Messages; raise BadMedia where it is broken."""
    kind = block.get("type")
    if kind not in ("image", "document"):
        return None
    source = block.get("source")
    if not isinstance(source, dict):
        raise BadMedia(f"{kind}.source: Field required")
    match source.get("type"):
        case "base64":
            return _label_base64(kind, source)
        case "url":
            if not str(source.get("url")).startswith(("http://", "https://")):
                raise BadMedia(f"{kind}.source.url: Only HTTP and HTTPS URLs are supported.")
            return f"[{kind} url]"
        case "text" if kind == "document" and isinstance(source.get("data"), str):
            return _label(kind, source.get("media_type"), len(source["data"].encode()))
        case "content" if kind == "document":
            return "[document content]"
        case "file":
            return f"[{kind} file]"
    raise BadMedia(f"{kind}.source.type: Input tag does not match any of the expected tags")


def _label_base64(kind: str, source: dict[str, Any]) -> str:
    allowed = IMAGE_TYPES if kind == "image" else {"application/pdf"}
    media_type = source.get("media_type")
    if media_type not in allowed:
        expected = " or ".join(repr(name) for name in sorted(allowed))
        raise BadMedia(f"{kind}.source.base64.media_type: Input should be {expected}")
    try:
        size = _size(source.get("data"))
    except BadMedia as bad:
        raise BadMedia(f"{kind}.source.base64: {bad}") from None
    return _label(kind, media_type, size)
