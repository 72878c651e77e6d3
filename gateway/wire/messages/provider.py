"""Anthropic's API as a provider speaks it: conversations out, answers in."""

from typing import Any

import msgspec
from msgspec import Raw

from gateway.errors import upstream_failed
from gateway.wire.call import Call, Target
from gateway.wire.conversation import Conversation
from gateway.wire.dialects import Forward
from gateway.wire.events import (
    BrokenStream,
    Event,
    Finish,
    FinishReason,
    RedactedThinking,
    TextDelta,
    ThinkingDelta,
    ThinkingSignature,
    ToolArguments,
    ToolStart,
    Usage,
)
from gateway.wire.messages import provider_body
from gateway.wire.messages.forward import MessagesForward
from gateway.wire.messages.provider_body import JSON_TOOL
from gateway.wire.messages.usage import Counts
from gateway.wire.reading import UNREADABLE

VERSION = "2023-06-01"
"""The version of the API (`anthropic-version`) that everything here is written for."""
BETAS = frozenset(
    {
        *("claude-code-20250219", "interleaved-thinking-2025-05-14"),
        *("fine-grained-tool-streaming-2025-05-14", "token-efficient-tools-2025-02-19"),
        *("context-management-2025-06-27", "structured-outputs-2025-11-13"),
        *("output-128k-2025-02-19", "prompt-caching-2024-07-31", "pdfs-2024-09-25"),
        *("effort-2025-11-24", "computer-use-2025-01-24", "computer-use-2025-11-24"),
    }
)
"""Values of `anthropic-beta` that are passed on: none of them changes a price or keeps content."""
REASONS: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


class Block(msgspec.Struct, gc=False):
    """A block of content."""

    type: str = ""
    text: Any = None
    thinking: Any = None
    signature: Any = None
    data: Any = None
    id: Any = None
    name: Any = None
    input: Raw = Raw(b"")


class Delta(msgspec.Struct, gc=False):
    """A piece of a block, or why the answer ended."""

    type: str = ""
    text: Any = None
    thinking: Any = None
    signature: Any = None
    partial_json: Any = None
    stop_reason: Any = None
    stop_sequence: Any = None


class Message(msgspec.Struct, gc=False):
    """A whole answer, or the begin of one."""

    type: str = ""
    content: list[Block] | None = None
    stop_reason: Any = None
    stop_sequence: Any = None
    usage: Any = None


class StreamEvent(msgspec.Struct, gc=False):
    """An event of a stream."""

    type: str
    message: Message | None = None
    content_block: Block | None = None
    delta: Delta | None = None
    usage: Any = None


_read_message = msgspec.json.Decoder(Message).decode
_read_event = msgspec.json.Decoder(StreamEvent).decode


class AnthropicProvider:
    """Providers that speak Anthropic's API."""

    endpoint = "messages"
    forwards: dict[str, Forward] = {"messages": MessagesForward()}

    def headers(self, key: str, call: Call) -> dict[str, str]:
        """Return the headers that carry the key, the version, and the betas that we know."""
        headers = {"x-api-key": key, "anthropic-version": VERSION}
        if call.betas:
            known = [beta for beta in map(str.strip, call.betas.split(",")) if beta in BETAS]
            if known:
                headers["anthropic-beta"] = ",".join(known)
        return headers

    def body(self, conversation: Conversation, target: Target) -> bytes:
        """Write a conversation."""
        return provider_body.write(conversation, target)

    def read_whole(self, body: bytes) -> list[Event]:
        """Read an unstreamed answer; raise the API's 502 where it is none."""
        try:
            message = _read_message(body)
        except UNREADABLE:
            raise upstream_failed(502) from None
        if message.type != "message" or message.content is None or not message.stop_reason:
            raise upstream_failed(502)
        reader = AnthropicReader()
        events: list[Event] = []
        for block in message.content:
            reader.begin(block, events)
            if block.type == "tool_use" and bytes(block.input):
                reader.arguments(bytes(block.input).decode(), events)
        reader.finish(message.stop_reason, message.stop_sequence, events)
        if message.usage is not None:
            events.append(Usage(Counts().take(message.usage)))
        return events

    def reader(self, conversation: Conversation, target: Target) -> "AnthropicReader":
        """Return the reader of one streamed answer."""
        return AnthropicReader()


class AnthropicReader:
    """Reads the events of one answer; JSON that came by a tool of ours becomes text again."""

    def __init__(self) -> None:
        self.closed = False
        self._counts = Counts()
        self._called = False
        self._json = False

    def read(self, payload: bytes) -> list[Event]:
        """Return the events in one event of the stream; raise BrokenStream where it is none."""
        try:
            event = _read_event(payload)
        except UNREADABLE:
            raise BrokenStream from None
        events: list[Event] = []
        kind = event.type
        if kind == "content_block_delta" and event.delta is not None:
            self._delta(event.delta, events)
        elif kind == "content_block_start" and event.content_block is not None:
            self.begin(event.content_block, events)
        elif kind == "message_start" and event.message is not None:
            if event.message.usage is not None:
                events.append(Usage(self._counts.take(event.message.usage), final=False))
        elif kind == "message_delta":
            self._message_delta(event, events)
        elif kind == "message_stop":
            self.closed = True
        elif kind == "error":
            raise BrokenStream
        return events

    def begin(self, block: Block, events: list[Event]) -> None:
        """Add the events with which a block begins; that of a whole answer is all there then."""
        if block.type == "tool_use":
            self._json = block.name == JSON_TOOL
            if not self._json:
                self._called = True
                events.append(ToolStart(_text(block.id), _text(block.name)))
        elif block.type == "redacted_thinking":
            events.append(RedactedThinking(_text(block.data)))
        elif block.type == "thinking":
            _add(ThinkingDelta, block.thinking, events)
            _add(ThinkingSignature, block.signature, events)
        elif block.type == "text":
            _add(TextDelta, block.text, events)

    def arguments(self, text: str, events: list[Event]) -> None:
        """Add a piece of the arguments of the tool call that is open."""
        if text:
            events.append(TextDelta(text) if self._json else ToolArguments(text))

    def finish(self, reason: Any, sequence: Any, events: list[Event]) -> None:
        """Add the end of the answer."""
        known = REASONS.get(reason, "stop") if isinstance(reason, str) else "stop"
        # Some providers end a tool call as if the model had nothing more to say.
        if self._called and known == "stop":
            known = "tool_calls"
        elif not self._called and known == "tool_calls":
            known = "stop"
        stopped = sequence if reason == "stop_sequence" and isinstance(sequence, str) else None
        events.append(Finish(known, stopped))

    def _delta(self, delta: Delta, events: list[Event]) -> None:
        if delta.type == "text_delta":
            _add(TextDelta, delta.text, events)
        elif delta.type == "input_json_delta":
            self.arguments(_text(delta.partial_json), events)
        elif delta.type == "thinking_delta":
            _add(ThinkingDelta, delta.thinking, events)
        elif delta.type == "signature_delta":
            _add(ThinkingSignature, delta.signature, events)

    def _message_delta(self, event: StreamEvent, events: list[Event]) -> None:
        if event.usage is not None:
            events.append(Usage(self._counts.take(event.usage)))
        delta = event.delta
        if delta is not None and delta.stop_reason is not None:
            self.finish(delta.stop_reason, delta.stop_sequence, events)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _add(
    kind: type[TextDelta] | type[ThinkingDelta] | type[ThinkingSignature],
    value: Any,
    events: list[Event],
) -> None:
    if value and isinstance(value, str):
        events.append(kind(value))
