"""Usage in Anthropic's shape: read with suspicion, written from our own buckets."""

from typing import Any

from gateway.pricing import Tokens
from gateway.wire.chat.usage import BadUsage, count

NAMES = {
    "input": "input_tokens",
    "cache_read": "cache_read_input_tokens",
    "cache_write": "cache_creation_input_tokens",
    "output": "output_tokens",
}


class Counts:
    """The counts of one answer; a stream reports them twice, and the later ones hold."""

    def __init__(self) -> None:
        self._counts: dict[str, Any] = {}

    def take(self, usage: Any) -> Tokens | None:
        """Take a usage object and return the tokens so far, or None where they cannot be."""
        if isinstance(usage, dict):
            self._counts |= {name: value for name, value in usage.items() if value is not None}
        try:
            return self._tokens()
        except BadUsage:
            return None

    def _tokens(self) -> Tokens:
        known = self._counts
        if "input_tokens" not in known or "output_tokens" not in known:
            raise BadUsage
        details = known.get("output_tokens_details")
        thought = details.get("thinking_tokens") if isinstance(details, dict) else None
        output = count(known["output_tokens"])
        reasoning = 0 if thought is None else count(thought)
        if reasoning > output:
            raise BadUsage
        return Tokens(
            **{bucket: count(known.get(name, 0)) for bucket, name in NAMES.items()},
            reasoning=reasoning,
        )


def usage_object(tokens: Tokens) -> dict[str, Any]:
    """Write tokens as Anthropic does, whose input tokens leave out what the cache took part in."""
    return {name: getattr(tokens, bucket) for bucket, name in NAMES.items()}
