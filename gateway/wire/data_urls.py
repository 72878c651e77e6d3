"""Data URLs (RFC 2397) that carry base64, as OpenAI's clients send images and files."""

import re

HEAD = re.compile(r"data:([\w.+-]+/[\w.+-]+)(?:;[\w.+-]+=[^;,]*)*;base64,", re.ASCII)


class BadDataUrl(Exception):
    """The text is no base64 data URL."""


def split(url: str) -> tuple[str, str]:
    """Return the media type and the base64 of a data URL; raise BadDataUrl for any other text."""
    head = HEAD.match(url[:200])
    if head is None:
        raise BadDataUrl
    return head[1].lower(), url[head.end() :]


def join(media_type: str, data: str) -> str:
    """Return the data URL of some base64."""
    return f"data:{media_type};base64,{data}"
