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

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
MODEL = re.compile(rb'"model"\s*:\s*"(?:[^"\\]|\\.)*"')
_encode = msgspec.json.Encoder().encode
_read_fields = msgspec.json.Decoder(dict[str, Raw]).decode


class Output(msgspec.Struct, gc=False):
    """What a choice brings, whole or as a delta."""

    content: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    refusal: Any = None
    tool_calls: Any = None

    def size(self) -> int:
        """Return the bytes of output in it."""
        size = 0
        for text in (self.content, self.reasoning_content, self.reasoning, self.refusal):
            if isinstance(text, str):
                size += len(text) if text.isascii() else len(text.encode())
        return size + (len(_encode(self.tool_calls)) if self.tool_calls else 0)


class Choice(msgspec.Struct, gc=False):
    """One answer among `n`."""

    delta: Output | None = None
    message: Output | None = None
    finish_reason: Any = None


class Answer(msgspec.Struct, gc=False):
    """A completion, or a chunk of one."""

    choices: list[Choice] | None = None
    usage: Any = None
    error: Any = None

    def tokens(self) -> Tokens:
        """Return the tokens of its usage object; raise BadUsage where that is impossible."""
        try:
            return tokens_of(msgspec.convert(self.usage, Usage))
        except msgspec.ValidationError:
            raise BadUsage from None


read_answer = msgspec.json.Decoder(Answer).decode
_read_answers = msgspec.json.Decoder(list[Answer]).decode


def read_chunks(payloads: list[bytes]) -> list[Answer]:
    """Read the chunks of a stream, many at once; raise BrokenStream where one is none."""
    try:
        # A newline cannot stand inside a string, so no two broken chunks make a whole one.
        chunks = _read_answers(b"[" + b"\n,\n".join(payloads) + b"]")
        if len(chunks) == len(payloads):
            return chunks
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    raise BrokenStream


def renamed(body: bytes, name: str) -> bytes:
    """Return a whole answer with the model's name as the client knows it."""
    try:
        fields = _read_fields(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise upstream_failed(502) from None
    fields["model"] = Raw(_encode(name))
    return _encode(fields)


def without_usage(payload: bytes) -> bytes:
    """Return a chunk without its usage, for a client that did not ask for it."""
    fields = _read_fields(payload)
    fields.pop("usage", None)
    return _encode(fields)


def read_completion(body: bytes) -> Answer:
    """Read an unstreamed answer; raise the API's 502 where it is none."""
    try:
        answer = read_answer(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise upstream_failed(502) from None
    if answer.error is not None or answer.choices is None:
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
        if self._found is not None:
            renamed = events.replace(self._found, self._wanted)
            if renamed.count(b'"model"') == renamed.count(self._wanted):
                return renamed
        match = MODEL.search(events)
        if match is None:
            return events
        self._found = match[0]
        return MODEL.sub(lambda _: self._wanted, events)


class Events:
    """Splits the bytes of an event stream into the data of each event, in bounded memory."""

    def __init__(self) -> None:
        self._rest = b""
        self._begun = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the data of the events that these bytes complete; comments and ids fall away."""
        buffer = self._rest + data if self._rest else data
        if not self._begun and len(buffer) >= len(BYTE_ORDER_MARK):
            self._begun = True
            buffer = buffer.removeprefix(BYTE_ORDER_MARK)
        if b"\r" in buffer:
            held = b"\r" if buffer.endswith(b"\r") else b""
            buffer = buffer.removesuffix(b"\r").replace(b"\r\n", b"\n").replace(b"\r", b"\n") + held
        end = buffer.rfind(b"\n\n")
        self._rest = buffer if end < 0 else buffer[end + 2 :]
        if len(self._rest) > MOST_EVENT_BYTES:
            raise BrokenStream
        return [] if end < 0 else _data_of(buffer[:end])


def _data_of(block: bytes) -> list[bytes]:
    if block.startswith(b"data: "):
        found = block[6:].split(b"\n\ndata: ")
        # Where every newline separates two events, each is one plain line of data.
        if block.count(b"\n") == 2 * (len(found) - 1):
            return found
    return [data for event in block.split(b"\n\n") if (data := _data(event)) is not None]


def _data(event: bytes) -> bytes | None:
    lines = [
        line[5:].removeprefix(b" ") for line in event.split(b"\n") if line.startswith(b"data:")
    ]
    return b" ".join(lines) if lines else None
