"""Write answers as Messages, whole or as a stream of events."""

from typing import Any

import msgspec

from gateway.errors import ApiError
from gateway.pricing import Tokens
from gateway.wire.call import About
from gateway.wire.events import (
    Event,
    Finish,
    FinishReason,
    RedactedThinking,
    TextDelta,
    ThinkingDelta,
    ThinkingSignature,
    ToolArguments,
    ToolStart,
)
from gateway.wire.messages.errors import error_event
from gateway.wire.messages.usage import usage_object
from gateway.wire.reading import UNREADABLE, encode

Json = dict[str, Any]
REASONS: dict[FinishReason, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}


def _head(about: About) -> Json:
    return {
        "id": f"msg_{about.request_id}",
        "type": "message",
        "role": "assistant",
        "model": about.model,
    }


def _stop(finish: Finish | None, *, called: bool) -> Json:
    """Return why the answer ended; one that calls a tool says so, whatever its provider said."""
    if finish is not None and finish.sequence is not None:
        return {"stop_reason": "stop_sequence", "stop_sequence": finish.sequence}
    reason = "end_turn" if finish is None else REASONS[finish.reason]
    if called and reason == "end_turn":
        reason = "tool_use"
    return {"stop_reason": reason, "stop_sequence": None}


def whole(events: list[Event], tokens: Tokens, about: About) -> bytes:
    """Write an unstreamed answer."""
    content: list[Json] = []
    finish: Finish | None = None
    for event in events:
        if isinstance(event, Finish):
            finish = event
        else:
            _add(event, content)
    for block in content:
        if block["type"] == "tool_use":
            block["input"] = _object(block["input"])
    called = any(block["type"] == "tool_use" for block in content)
    return encode(
        _head(about)
        | {"content": content}
        | _stop(finish, called=called)
        | {"usage": usage_object(tokens)}
    )


def _add(event: Event, content: list[Json]) -> None:
    last = content[-1] if content else {"type": ""}
    if isinstance(event, TextDelta):
        if last["type"] != "text":
            content.append({"type": "text", "text": ""})
        content[-1]["text"] += event.text
    elif isinstance(event, (ThinkingDelta, ThinkingSignature)):
        if last["type"] != "thinking" or last["signature"]:
            content.append({"type": "thinking", "thinking": "", "signature": ""})
        if isinstance(event, ThinkingDelta):
            content[-1]["thinking"] += event.text
        else:
            content[-1]["signature"] += event.signature
    elif isinstance(event, RedactedThinking):
        content.append({"type": "redacted_thinking", "data": event.data})
    elif isinstance(event, ToolStart):
        content.append({"type": "tool_use", "id": event.id, "name": event.name, "input": ""})
    elif isinstance(event, ToolArguments) and last["type"] == "tool_use":
        last["input"] += event.text


def _object(arguments: str) -> Any:
    try:
        found = msgspec.json.decode(arguments or "{}")
    except UNREADABLE:
        found = None
    # Models now and then write arguments that are no object; clients take nothing else.
    return found if isinstance(found, dict) else {"arguments": arguments}


def _event(kind: str, fields: Json) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), encode({"type": kind, **fields}))


class MessagesWriter:
    """Writes one stream of events; its blocks never overlap."""

    def __init__(self, about: About) -> None:
        self._about = about
        self._begun = False
        self._index = -1
        self._open = ""
        self._signed = False
        self._called = False
        self._finish: Finish | None = None

    def write(self, events: list[Event]) -> bytes:
        """Return what these events are in Anthropic's dialect."""
        ready: list[bytes] = []
        if not self._begun:
            ready.append(self._begin())
        for event in events:
            if isinstance(event, TextDelta):
                if event.text:
                    self._in("text", {"text": ""}, ready)
                    ready.append(self._delta({"type": "text_delta", "text": event.text}))
            elif isinstance(event, ThinkingDelta):
                self._think(ready)
                ready.append(self._delta({"type": "thinking_delta", "thinking": event.text}))
            elif isinstance(event, ThinkingSignature):
                self._think(ready)
                self._sign(event.signature, ready)
            elif isinstance(event, RedactedThinking):
                self._close(ready)
                self._in("redacted_thinking", {"data": event.data}, ready)
            elif isinstance(event, ToolStart):
                self._close(ready)
                self._called = True
                tool = {"id": event.id, "name": event.name, "input": {}}
                self._in("tool_use", tool, ready)
            elif isinstance(event, ToolArguments):
                delta = {"type": "input_json_delta", "partial_json": event.text}
                ready.append(self._delta(delta))
            elif isinstance(event, Finish):
                self._finish = event
        return b"".join(ready)

    def _begin(self) -> bytes:
        self._begun = True
        # What the prompt really took is known only at the end, and is told again there.
        usage = usage_object(Tokens(input=self._about.call.input_estimate, output=1))
        message = _head(self._about) | {
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage,
        }
        return _event("message_start", {"message": message})

    def _think(self, ready: list[bytes]) -> None:
        if self._open == "thinking" and self._signed:
            self._close(ready)
        self._in("thinking", {"thinking": "", "signature": ""}, ready)

    def _sign(self, signature: str, ready: list[bytes]) -> None:
        self._signed = True
        ready.append(self._delta({"type": "signature_delta", "signature": signature}))

    def _in(self, kind: str, block: Json, ready: list[bytes]) -> None:
        if self._open == kind and kind in ("text", "thinking"):
            return
        self._close(ready)
        self._open, self._signed = kind, False
        self._index += 1
        content = {"index": self._index, "content_block": {"type": kind, **block}}
        ready.append(_event("content_block_start", content))

    def _delta(self, delta: Json) -> bytes:
        return _event("content_block_delta", {"index": self._index, "delta": delta})

    def _close(self, ready: list[bytes]) -> None:
        if not self._open:
            return
        if self._open == "thinking" and not self._signed:
            # SDKs expect the field, also of thoughts that nobody signed.
            self._sign("", ready)
        self._open = ""
        ready.append(_event("content_block_stop", {"index": self._index}))

    def end(self, tokens: Tokens) -> bytes:
        """Return the end of a whole answer, with its usage."""
        ready: list[bytes] = [] if self._begun else [self._begin()]
        self._close(ready)
        delta = _stop(self._finish, called=self._called)
        ready.append(_event("message_delta", {"delta": delta, "usage": usage_object(tokens)}))
        ready.append(_event("message_stop", {}))
        return b"".join(ready)

    def fail(self, error: ApiError) -> bytes:
        """Return the end of an answer that broke."""
        return error_event(error, f"req_{self._about.request_id}")
