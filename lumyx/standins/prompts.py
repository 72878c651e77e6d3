"""Read what OpenAI takes as input in several forms: texts, or tokens by their numbers."""

from typing import Any

from lumyx.standins import tokens
from lumyx.standins.answers import BadCall

Prompt = str | list[int]
MOST = 2048


def read(fields: dict[str, Any], name: str) -> list[Prompt]:
    """Return a field that is a text, some tokens, or a list of either."""
    value = fields.get(name)
    one = _one(value)
    if one is not None:
        return [one]
    if not isinstance(value, list) or not 0 < len(value) <= MOST:
        raise BadCall(f"Invalid '{name}': expected a text, tokens, or a list of them.", name)
    found = [prompt for prompt in map(_one, value) if prompt is not None]
    if len(found) < len(value):
        raise BadCall(f"Invalid '{name}': expected texts or tokens that are not empty.", name)
    return found


def _one(value: Any) -> Prompt | None:
    if isinstance(value, str):
        return value or None
    if isinstance(value, list) and value and all(tokens.is_token(number) for number in value):
        return value
    return None
