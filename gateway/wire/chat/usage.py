"""Usage in OpenAI's shape: read with suspicion, written from our own buckets."""

from typing import Any

import msgspec

from gateway.pricing import MOST_TOKENS, Tokens


class Usage(msgspec.Struct):
    """A usage object whose counts are not trusted yet."""

    prompt_tokens: Any = None
    completion_tokens: Any = None
    prompt_tokens_details: dict[str, Any] | None = None
    completion_tokens_details: dict[str, Any] | None = None


class BadUsage(Exception):
    """The provider's counts are impossible."""


def count(value: Any) -> int:
    """Return a count of tokens; raise BadUsage for what cannot be one."""
    if type(value) is not int or not 0 <= value <= MOST_TOKENS:
        raise BadUsage
    return value


def _detail(details: dict[str, Any] | None, name: str) -> int:
    value = details.get(name) if details else None
    return 0 if value is None else count(value)


def tokens_of(usage: Usage) -> Tokens:
    """Return a usage object's tokens in disjoint buckets; raise BadUsage for impossible counts."""
    prompt, output = count(usage.prompt_tokens), count(usage.completion_tokens)
    cached = _detail(usage.prompt_tokens_details, "cached_tokens")
    written = _detail(usage.prompt_tokens_details, "cache_write_tokens")
    reasoning = _detail(usage.completion_tokens_details, "reasoning_tokens")
    if cached + written > prompt or reasoning > output:
        raise BadUsage
    return Tokens(
        input=prompt - cached - written,
        cache_read=cached,
        cache_write=written,
        output=output,
        reasoning=reasoning,
    )


def read_tokens(usage: Any) -> Tokens | None:
    """Return the tokens of a decoded usage object, or None where its counts cannot be."""
    try:
        return tokens_of(msgspec.convert(usage, Usage))
    except (BadUsage, msgspec.ValidationError):
        return None


def usage_object(tokens: Tokens) -> dict[str, Any]:
    """Write tokens as OpenAI does, whose prompt tokens include what came from the cache."""
    prompt = tokens.input + tokens.cache_read + tokens.cache_write
    return {
        "prompt_tokens": prompt,
        "completion_tokens": tokens.output,
        "total_tokens": prompt + tokens.output,
        "prompt_tokens_details": {
            "cached_tokens": tokens.cache_read,
            "cache_write_tokens": tokens.cache_write,
        },
        "completion_tokens_details": {"reasoning_tokens": tokens.reasoning},
    }
