"""Write answers as Chat Completions, whole or as a stream of chunks."""

from typing import Any

from gateway.errors import ApiError
from gateway.pricing import Tokens
from gateway.wire.call import About
from gateway.wire.chat.errors import error_event
from gateway.wire.chat.forward import DONE
from gateway.wire.chat.usage import usage_object
from gateway.wire.events import (
    Event,
    Finish,
    TextDelta,
    ThinkingDelta,
    ToolArguments,
    ToolStart,
)
from gateway.wire.reading import encode

Json = dict[str, Any]


def whole(events: list[Event], tokens: Tokens, about: About) -> bytes:
    """Write an unstreamed answer."""
    content, thoughts, reason = "", "", "stop"
    calls: list[Json] = []
    for event in events:
        if isinstance(event, TextDelta):
            content += event.text
        elif isinstance(event, ThinkingDelta):
            thoughts += event.text
        elif isinstance(event, ToolStart):
            function = {"name": event.name, "arguments": ""}
            calls.append({"id": event.id, "type": "function", "function": function})
        elif isinstance(event, ToolArguments) and calls:
            calls[-1]["function"]["arguments"] += event.text
        elif isinstance(event, Finish):
            reason = event.reason
    message: Json = {"role": "assistant", "content": content or (None if calls else "")}
    message["refusal"] = None
    if thoughts:
        message["reasoning_content"] = thoughts
    if calls:
        for call in calls:
            call["function"]["arguments"] = call["function"]["arguments"] or "{}"
        message["tool_calls"] = calls
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
    return encode(
        _head(about, "chat.completion") | {"choices": [choice], "usage": usage_object(tokens)}
    )


def _head(about: About, kind: str) -> Json:
    return {
        "id": f"chatcmpl-{about.request_id}",
        "object": kind,
        "created": about.created,
        "model": about.model,
    }


class ChatWriter:
    """Writes one stream of chunks."""

    def __init__(self, about: About) -> None:
        self._usage_wanted = about.call.include_usage
        self._head = _head(about, "chat.completion.chunk")
        # All that a chunk has before its choices is the same each time.
        self._before = b"data: " + encode(self._head)[:-1] + b',"choices":[{"index":0,"delta":'
        self._begun = False
        self._calls = -1
        self._arguments = False

    def write(self, events: list[Event]) -> bytes:
        """Return the chunks of these events."""
        chunks: list[bytes] = []
        if not self._begun:
            self._begun = True
            chunks.append(self._chunk({"role": "assistant", "content": ""}))
        for event in events:
            if isinstance(event, TextDelta):
                chunks.append(self._chunk({"content": event.text}))
            elif isinstance(event, ThinkingDelta):
                chunks.append(self._chunk({"reasoning_content": event.text}))
            elif isinstance(event, ToolStart):
                self._complete(chunks)
                self._calls += 1
                self._arguments = False
                chunks.append(self._call({"name": event.name, "arguments": ""}, event.id))
            elif isinstance(event, ToolArguments):
                self._arguments = True
                chunks.append(self._call({"arguments": event.text}))
            elif isinstance(event, Finish):
                self._complete(chunks)
                chunks.append(self._chunk({}, event.reason))
        return b"".join(chunks)

    def _complete(self, chunks: list[bytes]) -> None:
        if self._calls >= 0 and not self._arguments:
            chunks.append(self._call({"arguments": "{}"}))

    def _call(self, function: Json, call_id: str | None = None) -> bytes:
        call: Json = {"index": self._calls}
        if call_id is not None:
            call |= {"id": call_id, "type": "function"}
        return self._chunk({"tool_calls": [call | {"function": function}]})

    def _chunk(self, delta: Json, reason: str | None = None) -> bytes:
        # Clients that asked for usage find it null on every chunk but the last.
        after = b',"usage":null}\n\n' if self._usage_wanted else b"}\n\n"
        ending = b',"logprobs":null,"finish_reason":%b}]' % encode(reason)
        return self._before + encode(delta) + ending + after

    def end(self, tokens: Tokens) -> bytes:
        """Return the usage, where the client asked for it, and the end."""
        if not self._usage_wanted:
            return DONE
        last = self._head | {"choices": [], "usage": usage_object(tokens)}
        return b"data: " + encode(last) + b"\n\n" + DONE

    def fail(self, error: ApiError) -> bytes:
        """Return the error that ends a stream, without `[DONE]`."""
        return error_event(error)
