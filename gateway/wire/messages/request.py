"""Read a Messages request, as far as every call needs it read."""

from typing import Any

import msgspec
from msgspec import Raw

from gateway.errors import bad_request
from gateway.wire.call import Call, Measure
from gateway.wire.chat.request import model_name, output_limit
from gateway.wire.reading import read_request, size_of

CLIENT_TOOLS = ("bash_", "text_editor_", "computer_", "memory_")
"""Tools of Anthropic's own making that the client runs, so that they cost nothing more."""


class Source(msgspec.Struct):
    """Where an image or a document is."""

    type: str
    media_type: str = ""
    data: str = ""
    url: str = ""


class Block(msgspec.Struct):
    """A block of content, as far as it must be right for us."""

    type: str
    text: str | None = None
    source: Raw = Raw(b"")
    content: Raw = Raw(b"")


class Message(msgspec.Struct):
    """A message of the conversation."""

    role: str
    content: str | list[Block]


class SystemBlock(msgspec.Struct):
    """A part of the system prompt."""

    type: str
    text: str = ""


class Tool(msgspec.Struct):
    """A tool on offer."""

    name: str = ""
    type: str | None = None


class Thinking(msgspec.Struct):
    """Whether the model is to think, and how much at the most."""

    type: str
    budget_tokens: int | None = None
    display: str | None = None


class Body(msgspec.Struct):
    """The fields of a request that we must understand; all others pass through."""

    model: str
    messages: list[Message]
    max_tokens: int | None = None
    system: str | list[SystemBlock] | None = None
    stream: bool | None = None
    tools: list[Tool] | None = None
    thinking: Thinking | None = None


class ResultPart(msgspec.Struct):
    """A part of what a tool gave back, of which images and documents are measured apart."""

    type: str
    source: Raw = Raw(b"")


_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Body)
_parts = msgspec.json.Decoder(list[ResultPart])


def read(body: bytes) -> Call:
    """Read a request body; raise the API's 400 with the field that is wrong."""
    call = read_count(body)
    if call.most_output is None:
        raise bad_request("`max_tokens` is missing.", param="max_tokens", code="missing_field")
    return call


def read_count(body: bytes) -> Call:
    """Read the body of a call whose tokens are only counted: it needs no `max_tokens`."""
    parsed, fields = read_request(_decoder, body)
    if not parsed.messages:
        raise bad_request("`messages` must hold at least one message.", param="messages")
    for number, tool in enumerate(parsed.tools or ()):
        kind = tool.type
        if kind not in (None, "custom") and not kind.startswith(CLIENT_TOOLS):
            raise bad_request(
                f"Tools of the type `{kind[:40]}` run at the provider, at prices of their own, "
                "and are not offered here.",
                param=f"tools[{number}].type",
                code="not_supported",
            )
    most_output = parsed.max_tokens
    estimate, most = _measure(parsed, fields).tokens(len(body))
    return Call(
        model=model_name(parsed.model),
        stream=parsed.stream is True,
        most_output=None if most_output is None else output_limit(most_output, "max_tokens"),
        choices=1,
        input_estimate=estimate,
        input_most=most,
        fields=fields,
        parsed=parsed,
    )


def _measure(body: Body, fields: dict[str, Raw]) -> Measure:
    measure = Measure(messages=len(body.messages))
    measure.text += len(memoryview(fields.get("tools", Raw(b""))))
    if isinstance(body.system, str):
        measure.text += size_of(body.system)
    elif body.system:
        measure.text += sum(size_of(part.text) for part in body.system)
    for message in body.messages:
        if isinstance(message.content, str):
            measure.text += size_of(message.content)
            continue
        for block in message.content:
            if block.text is not None:
                measure.text += size_of(block.text)
            _measure_source(block.type, block.source, measure)
            if block.type == "tool_result":
                _measure_result(block.content, measure)
    return measure


def _measure_source(kind: str, source: Raw, measure: Measure) -> None:
    size = len(memoryview(source))
    if kind == "image":
        measure.images += 1
        measure.image_bytes += size
    elif kind == "document" and b'"application/pdf"' in bytes(source):
        measure.document_bytes += size


def _measure_result(content: Raw, measure: Measure) -> None:
    if b'"source"' not in bytes(content):
        measure.text += len(memoryview(content))
        return
    try:
        parts = _parts.decode(content)
    except msgspec.DecodeError:
        return
    for part in parts:
        _measure_source(part.type, part.source, measure)
