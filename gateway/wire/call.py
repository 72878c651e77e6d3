"""A request as the rest of the gateway sees it, whatever dialect it came in."""

import msgspec
from msgspec import Raw

BYTES_PER_TOKEN = 4
"""A common rule of thumb, for estimates; a token is never shorter than one byte."""
TOKENS_PER_MESSAGE = 4
ORDINARY_BYTES = 200
"""JSON around a message, and around them all, that is not prompt."""
TOKENS_PER_IMAGE = 1_000
MOST_TOKENS_PER_IMAGE = 4_000
LIKELY_BYTES_PER_DOCUMENT_TOKEN = 16
"""Base64 of a PDF, which is mostly compressed, for each token that it is likely to have."""


class Call(msgspec.Struct):
    """A request that was read and found right.

    `fields` are the body's own, untouched; `parsed` is what the dialect's reader made of
    them. `most_output` is the client's own limit in tokens, for each of its `choices`.
    """

    model: str
    stream: bool
    most_output: int | None
    choices: int
    input_estimate: int
    input_most: int
    fields: dict[str, Raw]
    parsed: object
    include_usage: bool = True
    """Whether a stream tells the client of its usage, in dialects where that is a choice."""
    betas: str = ""
    """The `anthropic-beta` header, of which a provider sees what we know."""


class Measure(msgspec.Struct):
    """How much prompt a body holds, in bytes; what is not counted here is JSON around it."""

    text: int = 0
    images: int = 0
    image_bytes: int = 0
    document_bytes: int = 0
    messages: int = 0

    def tokens(self, body_bytes: int) -> tuple[int, int]:
        """Return the likely tokens of input and the most that there can be.

        Together the parts are the whole body, so no field goes unmeasured: a provider may
        count any of them as input, and a token is never shorter than one byte.
        """
        rest = max(0, body_bytes - self.image_bytes - self.document_bytes - self.text)
        # Names, quotes and escapes of an ordinary body are not text; anything beyond them is.
        unseen = max(0, rest - self.text // 4 - ORDINARY_BYTES * (1 + self.messages))
        text, rest = self.text + unseen, rest - unseen
        overhead = TOKENS_PER_MESSAGE * self.messages + self.images * TOKENS_PER_IMAGE
        estimate = -(-text // BYTES_PER_TOKEN) + overhead
        most = text + rest + 2 * overhead + self.images * MOST_TOKENS_PER_IMAGE
        return (
            estimate + self.document_bytes // LIKELY_BYTES_PER_DOCUMENT_TOKEN,
            most + self.document_bytes,
        )


class Target(msgspec.Struct, frozen=True):
    """The model as one provider is asked for it; output is limited to `most_output` tokens."""

    name: str
    most_output: int
    capabilities: frozenset[str] = frozenset()


class About(msgspec.Struct, frozen=True):
    """What an answer says of itself: the model as the client names it, our id, Unix seconds."""

    call: Call
    model: str
    request_id: str
    created: int
