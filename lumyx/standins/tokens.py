"""Count and cut text in OpenAI's real tokens (o200k, whose vocabulary comes with the package)."""

import codecs
import json
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

PER_MESSAGE = 3
PER_NAME = 1
PRIMER = 3
"""OpenAI's counting rule: tokens around each message, for its name, and to begin the reply."""
PER_IMAGE = 85
"""What OpenAI counts for an image in low detail; documents count the same here."""
VOCABULARY = 199_998
"""How many tokens there are."""


@cache
def _encoding() -> Any:
    # Imported late: the vocabulary takes a second to load, and only the running stand-in needs it.
    import bpe_openai

    return bpe_openai.get_encoding("o200k_base")


def load() -> None:
    """Load the vocabulary now rather than in the first call."""
    _encode("ready")


def _encode(text: str) -> list[int]:
    # Lone surrogates are allowed in JSON but have no UTF-8.
    clean = text.encode("utf-8", "replace").decode()
    return list(_encoding().encode(clean, disallowed_special=()))


def count(text: str) -> int:
    """Return how many tokens a text has."""
    return len(_encode(text)) if text else 0


def cut(text: str, most: int | None = None) -> list[str]:
    """Return a text's tokens as texts, at most so many."""
    encoding = _encoding()
    return pieces(encoding.decode_single_token_bytes(token) for token in _encode(text)[:most])


def is_token(number: object) -> bool:
    """Return whether this is the number of a token."""
    return type(number) is int and 0 <= number < VOCABULARY


def decode(numbers: Iterable[int]) -> str:
    """Return the text of tokens."""
    encoding = _encoding()
    return "".join(pieces(encoding.decode_single_token_bytes(number) for number in numbers))


def pieces(tokens: Iterable[bytes]) -> list[str]:
    """Return one text per token; a token that ends inside a character gives an empty one.

    The character comes whole with the token that completes it, or as U+FFFD where none does.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    texts = [decoder.decode(token) for token in tokens]
    rest = decoder.decode(b"", True)
    if rest:
        texts[-1] += rest
    return texts


def count_prompt(messages: Sequence[dict[str, Any]], tools: Any) -> int:
    """Return a prompt's tokens by OpenAI's counting rule; tools count as their JSON."""
    total = PRIMER + (count(json.dumps(tools)) if tools else 0)
    for message in messages:
        total += PER_MESSAGE + count(str(message.get("role", "")))
        total += _count_content(message.get("content"))
        if isinstance(message.get("name"), str):
            total += PER_NAME + count(message["name"])
        if message.get("tool_calls"):
            total += count(json.dumps(message["tool_calls"]))
    return total


def _count_content(content: Any) -> int:
    if isinstance(content, str):
        return count(content)
    if not isinstance(content, list):
        return 0
    return sum(_count_part(part) for part in content if isinstance(part, dict))


def _count_part(part: dict[str, Any]) -> int:
    match part.get("type"):
        case "thinking" | "redacted_thinking":
            # Earlier thoughts are not read again.
            return 0
        case "tool_use":
            return count(json.dumps([part.get("name"), part.get("input")]))
        case "tool_result":
            return _count_content(part.get("content"))
    text = part.get("text")
    return count(text) if isinstance(text, str) else PER_IMAGE
