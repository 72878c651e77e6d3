"""OpenAI's Chat Completions: read what a provider answers, whole or as a stream of chunks.

Bytes are passed on as they came. A chunk is decoded only as far as metering needs: how much
output it brings, why the answer ended, and the usage.
"""

import re
from typing import Any

import msgspec
from msgspec import Raw

from gateway.errors import upstream_failed
from gateway.pricing import Tokens
from gateway.wire.openai import BadUsage, Usage, tokens_of

MOST_EVENT_BYTES = 4 * 1024 * 1024
"""A single event of a stream is never this long; what is longer is not kept."""

NULL = b"null"
MODEL = re.compile(rb'"model"\s*:\s*"(?:[^"\\]|\\.)*"')
_encode = msgspec.json.Encoder().encode
_read_fields = msgspec.json.Decoder(dict[str, Raw]).decode
_read_usage = msgspec.json.Decoder(Usage).decode


class Output(msgspec.Struct):
    """What a choice brings, whole or as a delta."""

    content: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    refusal: Any = None
    tool_calls: Raw = Raw(b"")

    def size(self) -> int:
        """Return the bytes of output in it."""
        size = 0
        for text in (self.content, self.reasoning_content, self.reasoning, self.refusal):
            if isinstance(text, str):
                size += len(text) if text.isascii() else len(text.encode())
        calls = memoryview(self.tool_calls)
        return size + (0 if calls == NULL else len(calls))


class Choice(msgspec.Struct):
    """One answer among `n`."""

    delta: Output | None = None
    message: Output | None = None
    finish_reason: Any = None


class Answer(msgspec.Struct):
    """A completion, or a chunk of one."""

    choices: list[Choice] | None = None
    usage: Raw = Raw(b"")
    error: Raw = Raw(b"")

    def failed(self) -> bool:
        """Return whether it is an error in the place of an answer."""
        return bool(memoryview(self.error)) and memoryview(self.error) != NULL

    def reports_usage(self) -> bool:
        """Return whether it carries a usage object."""
        return bool(memoryview(self.usage)) and memoryview(self.usage) != NULL

    def tokens(self) -> Tokens:
        """Return the tokens of its usage object; raise BadUsage where that is impossible."""
        try:
            return tokens_of(_read_usage(self.usage))
        except msgspec.DecodeError:
            raise BadUsage from None


read_answer = msgspec.json.Decoder(Answer).decode


def renamed(body: bytes, name: str) -> bytes:
    """Return a whole answer with the model's name as the client knows it."""
    fields = _read_fields(body)
    fields["model"] = Raw(_encode(name))
    return _encode(fields)


def read_completion(body: bytes) -> Answer:
    """Read an unstreamed answer; raise the API's 502 where it is none."""
    try:
        answer = read_answer(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise upstream_failed(502) from None
    if answer.failed() or answer.choices is None:
        raise upstream_failed(502)
    return answer


class BrokenStream(Exception):
    """What came is not a stream of chunks."""


class Renamer:
    """Puts the client's name for the model into each chunk of one stream."""

    def __init__(self, name: str) -> None:
        self._wanted = b'"model":' + _encode(name)
        self._found: bytes | None = None

    def __call__(self, events: bytes) -> bytes:
        """Return the events renamed; a quote inside a string is escaped, so none matches there."""
        if self._found is None:
            match = MODEL.search(events)
            if match is None:
                return events
            self._found = match[0]
        return events.replace(self._found, self._wanted)


class Events:
    """Splits the bytes of an event stream into the data of each event, in bounded memory."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the events that these bytes complete, without their blank line."""
        buffer = self._rest + data if self._rest else data
        if b"\r" in buffer:
            held = b"\r" if buffer.endswith(b"\r") else b""
            buffer = buffer.removesuffix(b"\r").replace(b"\r\n", b"\n").replace(b"\r", b"\n") + held
        end = buffer.rfind(b"\n\n")
        if end < 0:
            self._rest = buffer
        else:
            self._rest = buffer[end + 2 :]
            buffer = buffer[:end]
        if len(self._rest) > MOST_EVENT_BYTES:
            raise BrokenStream
        return buffer.split(b"\n\n") if end >= 0 else []

    @staticmethod
    def data(event: bytes) -> bytes | None:
        """Return an event's data, or None where it has none (a comment, an id)."""
        if event.startswith(b"data: ") and b"\n" not in event:
            return event[6:]
        lines = [
            line[5:].removeprefix(b" ") for line in event.split(b"\n") if line.startswith(b"data:")
        ]
        return b"\n".join(lines) if lines else None
