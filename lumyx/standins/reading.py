"""Read fields of requests; a wrong one is answered with 400, as real providers do."""

from typing import Any

import msgspec

from lumyx.standins.answers import BadCall


def read_object(body: bytes) -> dict[str, Any]:
    """Read a request body, which must be a JSON object with a model name."""
    try:
        fields = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadCall("We could not parse the JSON body of your request.") from None
    if not isinstance(fields, dict):
        raise BadCall("The body of your request must be a JSON object.")
    if not isinstance(fields.get("model"), str):
        raise BadCall("you must provide a model parameter", "model")
    return fields


def whole(fields: dict[str, Any], name: str) -> int | None:
    """Return a field that is absent or an integer above 0."""
    value = fields.get(name)
    if value is None:
        return None
    if type(value) is not int or value < 1:
        raise BadCall(f"Invalid '{name}': expected an integer above 0.", name)
    return value


def stops(fields: dict[str, Any]) -> list[str]:
    """Return OpenAI's `stop`: absent, a text, or up to four."""
    value = fields.get("stop")
    if value is None:
        return []
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(stop, str) and stop for stop in found):
        raise BadCall("Invalid 'stop': expected a string or an array of strings.", "stop")
    if len(found) > 4:
        raise BadCall("Invalid 'stop': expected at most 4 strings.", "stop")
    return found


def include_usage(fields: dict[str, Any]) -> bool:
    """Return whether OpenAI's `stream_options` ask for usage."""
    options = fields.get("stream_options")
    if options and not fields.get("stream"):
        raise BadCall("'stream_options' is only allowed with 'stream'.", "stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def text_of(content: Any, between: str = "") -> str:
    """Return the text of a message's content, which is a string or a list of parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return between.join(
        part["text"]
        for part in content
        if isinstance(part, dict)
        and part.get("type") == "text"
        and isinstance(part.get("text"), str)
    )
