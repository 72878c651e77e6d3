"""Answer OpenAI's Embeddings with vectors of length 1 that depend on the input alone."""

import array
import base64
import hashlib
import json
import math
import sys
from typing import Any

from lumyx.standins import prompts, reading, tokens
from lumyx.standins.answers import BadCall
from lumyx.standins.behaviours import BAD_USAGE, Behaviour
from lumyx.standins.exchanges import Exchange

DEFAULT_DIMENSIONS = 1536
MOST_DIMENSIONS = 3072


class EmbeddingsExchange(Exchange):
    """One call of Embeddings."""

    def __init__(self, fields: dict[str, Any], behaviour: Behaviour) -> None:
        super().__init__(behaviour)
        self._inputs = prompts.read(fields, "input")
        self._model = fields["model"]
        self._dimensions = reading.whole(fields, "dimensions") or DEFAULT_DIMENSIONS
        if self._dimensions > MOST_DIMENSIONS:
            raise BadCall("Invalid 'dimensions': expected at most 3072.", "dimensions")
        self._format = fields.get("encoding_format") or "float"
        if self._format not in ("float", "base64"):
            raise BadCall("Invalid 'encoding_format'.", "encoding_format")
        self.said = " ".join(text for text in self._inputs if isinstance(text, str))

    def whole(self) -> dict[str, object]:
        """Return the vectors."""
        data = [
            {"object": "embedding", "index": index, "embedding": self._embedding(given)}
            for index, given in enumerate(self._inputs)
        ]
        body: dict[str, object] = {
            "object": "list",
            "data": [] if self.behaviour.has("silent-end") else data,
            "model": self._model,
        }
        if self.behaviour.has("no-usage"):
            return body
        prompt = sum(tokens.count(x) if isinstance(x, str) else len(x) for x in self._inputs)
        usage: dict[str, object] = {"prompt_tokens": prompt, "total_tokens": prompt}
        self.behaviour.spoil(usage, BAD_USAGE)
        return body | {"usage": usage}

    def _embedding(self, given: prompts.Prompt) -> list[float] | str:
        vector = embed(given, self._dimensions)
        if self._format == "float":
            return list(vector)
        if sys.byteorder == "big":
            vector.byteswap()
        return base64.b64encode(vector.tobytes()).decode()


def embed(given: prompts.Prompt, dimensions: int) -> "array.array[float]":
    """Return a vector of length 1, in float32, that depends on the input alone."""
    raw = hashlib.shake_256(json.dumps(given).encode()).digest(2 * dimensions)
    # Odd numbers: no vector is all zeros.
    numbers = [2 * int.from_bytes(raw[i : i + 2], "little") - 65_535 for i in range(0, len(raw), 2)]
    length = math.sqrt(sum(number * number for number in numbers))
    return array.array("f", (number / length for number in numbers))
