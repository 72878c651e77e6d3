"""Carry an answer from a provider's dialect to a client's, through events."""

from gateway.errors import ApiError
from gateway.meter import Meter
from gateway.pricing import Tokens
from gateway.wire.dialects import StreamReader, StreamWriter
from gateway.wire.events import (
    BrokenStream,
    Event,
    Finish,
    RedactedThinking,
    TextDelta,
    ThinkingDelta,
    ThinkingSignature,
    ToolArguments,
    ToolStart,
    Usage,
)
from gateway.wire.reading import size_of

THINKING = (ThinkingDelta, ThinkingSignature, RedactedThinking)


def meter_events(events: list[Event], meter: Meter) -> None:
    """Meter events: output by its size, and usage as it was reported."""
    pieces = size = 0
    for event in events:
        if isinstance(event, (TextDelta, ThinkingDelta, ToolArguments)):
            pieces += 1
            size += size_of(event.text)
        elif isinstance(event, ToolStart):
            pieces += 1
            size += size_of(event.name)
        elif isinstance(event, Usage):
            meter.report(event.tokens, final=event.final)
    meter.deliver(pieces, size)


def shown(events: list[Event], *, thinking: bool) -> list[Event]:
    """Return the events that the client is to see."""
    return events if thinking else [e for e in events if not isinstance(e, THINKING)]


class Translation:
    """One streamed answer that is translated on its way; memory stays bounded by its events."""

    def __init__(
        self, reader: StreamReader, writer: StreamWriter, meter: Meter, *, thinking: bool
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._meter = meter
        self._thinking = thinking
        self.finished = False
        self.closed = False
        self.cut = False
        self.broken = False

    def take(self, payloads: list[bytes]) -> bytes:
        """Meter the data of server-sent events and return what goes on to the client."""
        events: list[Event] = []
        try:
            for payload in payloads:
                events += self._reader.read(payload)
        except BrokenStream:
            self.broken = True
        self.closed = self._reader.closed
        meter_events(events, self._meter)
        for event in events:
            if isinstance(event, Finish):
                self.finished = True
                self.cut = event.reason == "length"
        return self._writer.write(shown(events, thinking=self._thinking))

    def end(self, tokens: Tokens) -> bytes:
        """Return the end of a whole answer."""
        return self._writer.end(tokens)

    def fail(self, error: ApiError) -> bytes:
        """Return the end of an answer that broke."""
        return self._writer.fail(error)
