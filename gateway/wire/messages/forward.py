"""Forward a call to a provider that speaks Anthropic's API itself.

Bytes are passed on as they came. An event is decoded only as far as metering needs: how much
output it brings, why the answer ended, and the usage.
"""

from typing import Any

import msgspec
from msgspec import Raw

from gateway.errors import ApiError, upstream_failed
from gateway.meter import Meter
from gateway.pricing import Tokens
from gateway.wire.call import About, Call, Target
from gateway.wire.events import BrokenStream
from gateway.wire.messages.errors import error_event
from gateway.wire.messages.request import Body
from gateway.wire.messages.thinking import LEAST_ANSWER, LEAST_BUDGET
from gateway.wire.messages.usage import Counts
from gateway.wire.reading import UNREADABLE, encode, read_fields, size_of

WITHHELD = ("service_tier", "inference_geo", "speed")
"""What would have the provider charge us more than we charge."""
STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


class Block(msgspec.Struct, gc=False):
    """What a block of a whole answer brings."""

    text: Any = None
    thinking: Any = None
    input: Raw = Raw(b"")

    def size(self) -> int:
        """Return the bytes of output in it."""
        texts = (self.text, self.thinking)
        size = sum(size_of(text) for text in texts if isinstance(text, str))
        return size + len(memoryview(self.input))


class Message(msgspec.Struct, gc=False):
    """A whole answer, or the begin of one."""

    type: str = ""
    content: list[Block] | None = None
    stop_reason: Any = None
    usage: Any = None


class Delta(msgspec.Struct, gc=False):
    """What an event brings."""

    text: Any = None
    thinking: Any = None
    partial_json: Any = None
    stop_reason: Any = None

    def size(self) -> int:
        """Return the bytes of output in it."""
        for text in (self.text, self.thinking, self.partial_json):
            if isinstance(text, str):
                return size_of(text)
        return 0


class Event(msgspec.Struct, gc=False):
    """An event of a stream."""

    type: str
    message: Message | None = None
    delta: Delta | None = None
    usage: Any = None


_read_message = msgspec.json.Decoder(Message).decode
_read_event = msgspec.json.Decoder(Event).decode
_read_events = msgspec.json.Decoder(list[Event]).decode


class MessagesForward:
    """Calls whose client and provider both speak Anthropic's API."""

    endpoint = "messages"

    def body(self, call: Call, target: Target) -> bytes:
        """Return all of the client's fields, changed only where they must be."""
        fields = dict(call.fields)
        fields["model"] = Raw(encode(target.name))
        for name in WITHHELD:
            fields.pop(name, None)
        metadata = fields.get("metadata")
        if metadata is not None:
            fields["metadata"] = _without_user_id(metadata)
        if target.most_output != call.most_output:
            fields["max_tokens"] = Raw(b"%d" % target.most_output)
            _fit_thinking(fields, call, target)
        return encode(fields)

    def whole(self, body: bytes, about: About, meter: Meter) -> bytes:
        """Meter an unstreamed answer and return it; raise the API's 502 where it is none."""
        try:
            message, fields = _read_message(body), read_fields(body)
        except UNREADABLE:
            raise upstream_failed(502) from None
        if message.type != "message" or message.content is None or not message.stop_reason:
            raise upstream_failed(502)
        for block in message.content:
            size = block.size()
            if size:
                meter.deliver(1, size)
        if message.usage is not None:
            meter.report(Counts().take(message.usage))
        fields["model"] = Raw(encode(about.model))
        return encode(fields)

    def passage(self, about: About, meter: Meter) -> "MessagesPassage":
        """Return the way of one streamed answer."""
        return MessagesPassage(about, meter)


def _without_user_id(metadata: Raw) -> Raw:
    try:
        entries = read_fields(metadata)
    except UNREADABLE:
        return metadata
    entries.pop("user_id", None)
    return Raw(encode(entries))


def _fit_thinking(fields: dict[str, Raw], call: Call, target: Target) -> None:
    """Keep a budget below the output that is left of the client's wish."""
    thinking = call.parsed.thinking if isinstance(call.parsed, Body) else None
    budget = thinking.budget_tokens if thinking is not None else None
    if budget is None or budget < target.most_output:
        return
    most = target.most_output - LEAST_ANSWER
    if most < LEAST_BUDGET:
        fields.pop("thinking")
    else:
        fields["thinking"] = Raw(
            encode(read_fields(fields["thinking"]) | {"budget_tokens": Raw(b"%d" % most)})
        )


class MessagesPassage:
    """One streamed answer, whose events are passed on as they came."""

    def __init__(self, about: About, meter: Meter) -> None:
        self._about = about
        self._meter = meter
        self._counts = Counts()
        self.finished = False
        self.closed = False
        self.cut = False
        self.broken = False

    def take(self, payloads: list[bytes]) -> bytes:
        """Meter the data of server-sent events and return what goes on to the client."""
        ready: list[bytes] = []
        pieces = size = 0
        for payload, event in zip(payloads, self._read(payloads), strict=False):
            kind = event.type
            if kind == "content_block_delta":
                if event.delta is not None and (more := event.delta.size()):
                    pieces += 1
                    size += more
            elif kind == "message_stop":
                self.closed = True
                break
            elif kind == "error":
                self.broken = True
                break
            elif kind == "message_start":
                payload = self._begin(payload, event)
            elif kind == "message_delta":
                self._finish(event)
            elif not kind.isidentifier():
                # It stands on a line of its own, so it must not hold one.
                self.broken = True
                break
            ready.append(b"event: %b\ndata: %b\n\n" % (kind.encode(), payload))
        self._meter.deliver(pieces, size)
        return b"".join(ready)

    def end(self, tokens: Tokens) -> bytes:
        """Return the end of a whole answer; its usage was passed on as it came."""
        return STOP

    def fail(self, error: ApiError) -> bytes:
        """Return the end of an answer that broke."""
        return error_event(error, f"req_{self._about.request_id}")

    def _read(self, payloads: list[bytes]) -> list[Event]:
        """Read events up to the first that is broken, which ends the stream."""
        try:
            return read_events(payloads)
        except BrokenStream:
            events: list[Event] = []
            for payload in payloads:
                try:
                    events.append(_read_event(payload))
                except UNREADABLE:
                    break
            self.broken = True
            return events

    def _begin(self, payload: bytes, event: Event) -> bytes:
        if event.message is not None and event.message.usage is not None:
            self._meter.report(self._counts.take(event.message.usage), final=False)
        fields = read_fields(payload)
        message = read_fields(fields["message"]) if "message" in fields else {}
        message["model"] = Raw(encode(self._about.model))
        return encode(fields | {"message": Raw(encode(message))})

    def _finish(self, event: Event) -> None:
        if event.usage is not None:
            self._meter.report(self._counts.take(event.usage))
        reason = event.delta.stop_reason if event.delta is not None else None
        if reason is not None:
            self.finished = True
            self.cut = reason == "max_tokens"


def read_events(payloads: list[bytes]) -> list[Event]:
    """Read the events of a stream, many at once; raise BrokenStream where one is none."""
    try:
        # A newline cannot stand inside a string, so no two broken events make a whole one.
        events = _read_events(b"[" + b"\n,\n".join(payloads) + b"]")
        if len(events) == len(payloads):
            return events
    except UNREADABLE:
        pass
    raise BrokenStream
