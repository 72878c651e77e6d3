"""What a model answers, without a dialect: whole answers and streams are lists of these.

Readers of provider dialects make them, writers of client dialects write them down.
"""

from typing import Literal

import msgspec

from gateway.pricing import Tokens

FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]


class TextDelta(msgspec.Struct, frozen=True, gc=False):
    """More words of the answer."""

    text: str


class ThinkingDelta(msgspec.Struct, frozen=True, gc=False):
    """More of what the model thinks."""

    text: str


class ThinkingSignature(msgspec.Struct, frozen=True, gc=False):
    """The signature of the thinking before it, by which the provider knows it again."""

    signature: str


class RedactedThinking(msgspec.Struct, frozen=True, gc=False):
    """Thinking that only its provider can read."""

    data: str


class ToolStart(msgspec.Struct, frozen=True, gc=False):
    """A tool call begins; what was open before it is complete."""

    id: str
    name: str


class ToolArguments(msgspec.Struct, frozen=True, gc=False):
    """More of the JSON arguments of the tool call that is open."""

    text: str


class Finish(msgspec.Struct, frozen=True, gc=False):
    """The answer is whole; `sequence` is the stop sequence that ended it, if one did."""

    reason: FinishReason
    sequence: str | None = None


class Usage(msgspec.Struct, frozen=True, gc=False):
    """What the provider counted so far; None for counts that cannot be.

    `final` is False for counts that a stream reports at its beginning.
    """

    tokens: Tokens | None
    final: bool = True


Event = (
    TextDelta
    | ThinkingDelta
    | ThinkingSignature
    | RedactedThinking
    | ToolStart
    | ToolArguments
    | Finish
    | Usage
)


class BrokenStream(Exception):
    """What came is not a stream of the provider's dialect, or it tells of an error."""
