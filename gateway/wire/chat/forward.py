"""Forward a call to a provider that speaks OpenAI's API itself.

Bytes are passed on as they came. A chunk is decoded only as far as metering needs: how much
output it brings, why the answer ended, and the usage.
"""

import re
from typing import Any

import msgspec
from msgspec import Raw

from gateway.errors import ApiError, upstream_failed
from gateway.meter import Meter
from gateway.pricing import Tokens
from gateway.wire.call import About, Call, Target
from gateway.wire.chat.errors import error_event
from gateway.wire.chat.reasoning import forwarded_effort
from gateway.wire.chat.request import Body
from gateway.wire.chat.usage import read_tokens
from gateway.wire.events import BrokenStream
from gateway.wire.reading import FALSE, NULL, TRUE, UNREADABLE, encode, read_fields, size_of

DONE_DATA = b"[DONE]"
DONE = b"data: [DONE]\n\n"
MODEL = re.compile(rb'"model"\s*:\s*"(?:[^"\\]|\\.)*"')

# Who a client's user is, and what would have the provider keep content or charge us more than
# we charge, stays here.
WITHHELD = ("user", "safety_identifier", "prompt_cache_key", "service_tier")
THOUGHTS = ("reasoning", "reasoning_content", "reasoning_details")


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
                size += size_of(text)
        return size + (len(encode(self.tool_calls)) if self.tool_calls else 0)


class Choice(msgspec.Struct, gc=False):
    """One answer among `n`; legacy completions have their text here."""

    delta: Output | None = None
    message: Output | None = None
    text: Any = None
    finish_reason: Any = None

    def size(self) -> int:
        """Return the bytes of output in it."""
        output = self.delta or self.message
        if output is not None:
            return output.size()
        return size_of(self.text) if isinstance(self.text, str) else 0


class Answer(msgspec.Struct, gc=False):
    """A completion, or a chunk of one."""

    choices: list[Choice] | None = None
    usage: Any = None
    error: Any = None

    def meter(self, meter: Meter) -> None:
        """Count its output and take its usage."""
        for choice in self.choices or ():
            size = choice.size()
            if size:
                meter.deliver(1, size)
        if self.usage is not None:
            meter.report(read_tokens(self.usage))


_read_answer = msgspec.json.Decoder(Answer).decode
_read_answers = msgspec.json.Decoder(list[Answer]).decode


def read_chunks(payloads: list[bytes]) -> list[Answer]:
    """Read the chunks of a stream, many at once; raise BrokenStream where one is none."""
    try:
        # A newline cannot stand inside a string, so no two broken chunks make a whole one.
        chunks = _read_answers(b"[" + b"\n,\n".join(payloads) + b"]")
        if len(chunks) == len(payloads):
            return chunks
    except UNREADABLE:
        pass
    raise BrokenStream


class ChatForward:
    """Calls whose client and provider both speak OpenAI's API, at the same endpoint."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def body(self, call: Call, target: Target) -> bytes:
        """Return all of the client's fields, changed only where they must be.

        The model gets the provider's name, usage is asked for, the client's user ids stay
        here, and the output is limited to what was set aside for it.
        """
        fields = dict(call.fields)
        fields["model"] = Raw(encode(target.name))
        for name in WITHHELD:
            fields.pop(name, None)
        if "store" in fields:
            fields["store"] = FALSE
        metadata = fields.get("metadata")
        if metadata is not None:
            fields["metadata"] = _without_user_id(metadata)
        if call.stream:
            options = fields.get("stream_options")
            known = read_fields(options) if options and bytes(options) != NULL else {}
            fields["stream_options"] = Raw(encode(known | {"include_usage": TRUE}))
        if "reasoning" in fields:
            del fields["reasoning"]
            effort = forwarded_effort(call, target)
            if effort is not None:
                fields["reasoning_effort"] = Raw(encode(effort))
        older = self.endpoint == "completions" or (
            "max_tokens" in fields and bytes(fields["max_tokens"]) != NULL
        )
        fields.pop("max_tokens" if not older else "max_completion_tokens", None)
        fields["max_tokens" if older else "max_completion_tokens"] = Raw(b"%d" % target.most_output)
        return encode(fields)

    def whole(self, body: bytes, about: About, meter: Meter) -> bytes:
        """Meter an unstreamed answer and return it; raise the API's 502 where it is none."""
        try:
            answer = _read_answer(body)
            fields = read_fields(body)
            if answer.error is not None or not answer.choices:
                raise upstream_failed(502)
            if hides_reasoning(about.call):
                fields["choices"] = _without_thoughts(fields["choices"], "message")
        except UNREADABLE:
            raise upstream_failed(502) from None
        answer.meter(meter)
        fields["model"] = Raw(encode(about.model))
        return encode(fields)

    def passage(self, about: About, meter: Meter) -> "ChatPassage":
        """Return the way of one streamed answer."""
        return ChatPassage(about, meter)


def _without_user_id(metadata: Raw) -> Raw:
    try:
        entries = read_fields(metadata)
    except UNREADABLE:
        return metadata
    entries.pop("user_id", None)
    return Raw(encode(entries))


def hides_reasoning(call: Call) -> bool:
    """Return whether the client asked not to see what the model thinks."""
    options = call.parsed.reasoning if isinstance(call.parsed, Body) else None
    return options is not None and options.exclude is True


def _without_thoughts(choices: Raw, name: str) -> Raw:
    kept = []
    for choice in msgspec.json.decode(choices, type=list[dict[str, Raw]]):
        output = choice.get(name)
        if output is not None and bytes(output) != NULL:
            fields = read_fields(output)
            for thought in THOUGHTS:
                fields.pop(thought, None)
            choice[name] = Raw(encode(fields))
        kept.append(choice)
    return Raw(encode(kept))


class ChatPassage:
    """One streamed answer, whose chunks are passed on as they came."""

    def __init__(self, about: About, meter: Meter) -> None:
        self._meter = meter
        self._usage_wanted = about.call.include_usage
        self._hides = hides_reasoning(about.call)
        self._rename = Renamer(about.model)
        self._capped_reason = "length"
        self.finished = False
        self.closed = False
        self.cut = False
        self.broken = False

    def take(self, payloads: list[bytes]) -> bytes:
        """Meter the data of server-sent events and return what goes on to the client."""
        if DONE_DATA in payloads:
            self.finished = self.closed = True
            payloads = payloads[: payloads.index(DONE_DATA)]
        ready = []
        for payload, chunk in zip(payloads, self._read(payloads), strict=False):
            chunk.meter(self._meter)
            if self._goes_on(chunk):
                ready.append(self._fitting(payload, chunk))
        return self._rename(b"data: " + b"\n\ndata: ".join(ready) + b"\n\n") if ready else b""

    def end(self, tokens: Tokens) -> bytes:
        """Return the end of a whole answer; its usage was passed on as it came."""
        return DONE

    def fail(self, error: ApiError) -> bytes:
        """Return the end of an answer that broke."""
        return error_event(error)

    def _read(self, payloads: list[bytes]) -> list[Answer]:
        """Read chunks up to the first that is broken, which ends the stream."""
        try:
            chunks = read_chunks(payloads)
        except BrokenStream:
            chunks = []
            for payload in payloads:
                try:
                    chunks += read_chunks([payload])
                except BrokenStream:
                    self.broken = True
                    break
        for number, chunk in enumerate(chunks):
            if chunk.error is not None:
                self.broken = True
                return chunks[:number]
        return chunks

    def _goes_on(self, chunk: Answer) -> bool:
        """Return whether a chunk is for the client, and note when the answer is finished."""
        if not chunk.choices:
            return chunk.usage is None or self._usage_wanted
        for choice in chunk.choices:
            if choice.finish_reason is not None:
                self.finished = True
                self.cut = self.cut or choice.finish_reason == self._capped_reason
        return True

    def _fitting(self, payload: bytes, chunk: Answer) -> bytes:
        if chunk.usage is not None and not self._usage_wanted:
            fields = read_fields(payload)
            fields.pop("usage", None)
            payload = encode(fields)
        if self._hides and b'"reasoning' in payload and chunk.choices:
            fields = read_fields(payload)
            fields["choices"] = _without_thoughts(fields["choices"], "delta")
            payload = encode(fields)
        return payload


class Renamer:
    """Puts the client's name for the model into each chunk of one stream."""

    def __init__(self, name: str) -> None:
        self._wanted = b'"model":' + encode(name)
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
