"""Read JSON that came from outside, and say clearly what is wrong with it."""

import re
from typing import Any

import msgspec
from msgspec import Raw

from gateway.errors import ApiError, bad_request

encode = msgspec.json.Encoder().encode
read_fields = msgspec.json.Decoder(dict[str, Raw]).decode

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises for bytes that are not what they should be."""
TRUE = Raw(b"true")
FALSE = Raw(b"false")
NULL = b"null"

Decoder = msgspec.json.Decoder[Any]

# msgspec says where a value is wrong as `... - at `$.messages[0].role``.
WHERE = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<where>[^`]*)`)?$", re.S)


def read_request(decoder: Decoder, body: bytes) -> tuple[Any, dict[str, Raw]]:
    """Return a body as the decoder reads it, and all its fields as they came.

    Raises the API's 400 with the field that is wrong.
    """
    try:
        if not body.isascii():
            # What is not UTF-8 somewhere that nobody reads would reach the provider.
            body.decode()
        return decoder.decode(body), read_fields(body)
    except msgspec.ValidationError as error:
        raise wrong_field(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise bad_request("The body is not valid JSON.", code="invalid_json") from None
    except RecursionError:
        raise bad_request("The body is nested too deeply.", code="invalid_json") from None


def wrong_field(text: str) -> ApiError:
    """Return the API's 400 for what msgspec says is wrong."""
    match = WHERE.match(text)
    what, where = (match["what"], match["where"]) if match else (text, None)
    missing = re.search(r"missing required field `(\w+)`", what)
    if missing:
        param = f"{where}.{missing[1]}" if where else missing[1]
        return bad_request(f"`{param}` is missing.", param=param, code="missing_field")
    if where:
        return bad_request(f"`{where}` is wrong: {what}.", param=where, code="invalid_type")
    return bad_request("The body must be a JSON object.", code="invalid_type")


def size_of(text: str) -> int:
    """Return the bytes of a text."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def given(raw: Raw | None) -> bool:
    """Return whether a field came and is not null."""
    return raw is not None and bytes(raw) not in (b"", NULL)
