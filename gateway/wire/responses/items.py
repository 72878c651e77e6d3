"""The items of a request's input: what each kind must hold, and how much prompt it is."""

from typing import Literal

import msgspec
from msgspec import Raw

from gateway.errors import ApiError, bad_request
from gateway.wire.call import Measure
from gateway.wire.reading import size_of, wrong_field

PDF = "data:application/pdf;"


class Part(msgspec.Struct):
    """A part of an item's content."""

    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: str | None = None
    file_data: str | None = None
    filename: str | None = None
    prompt_cache_breakpoint: Raw = Raw(b"")


Content = str | list[Part]


class Message(msgspec.Struct):
    """Something said; system and developer messages are instructions."""

    role: Literal["user", "assistant", "system", "developer"]
    content: Content


class FunctionCall(msgspec.Struct):
    """A function that the model called."""

    call_id: str
    name: str
    arguments: str


class FunctionCallOutput(msgspec.Struct):
    """What a function gave back."""

    call_id: str
    output: Content


class ReasoningItem(msgspec.Struct):
    """What the model thought; `encrypted_content` is ours, or that of a service we are not."""

    summary: list[Part] = []
    content: list[Part] | None = None
    encrypted_content: str | None = None


Item = Message | FunctionCall | FunctionCallOutput | ReasoningItem


class _Kind(msgspec.Struct):
    type: str | None = None


_read_kind = msgspec.json.Decoder(_Kind).decode
_read_message = msgspec.json.Decoder(Message)
_readers: dict[str, msgspec.json.Decoder[Item]] = {
    "message": msgspec.json.Decoder(Message),
    "function_call": msgspec.json.Decoder(FunctionCall),
    "function_call_output": msgspec.json.Decoder(FunctionCallOutput),
    "reasoning": msgspec.json.Decoder(ReasoningItem),
}


def read_item(raw: Raw, where: str) -> Item:
    """Read one item of the input; raise the API's 400 with the field that is wrong."""
    try:
        kind = _read_kind(raw).type
        # A message is the only item that may leave out its type.
        reader = _read_message if kind is None else _readers.get(kind)
        if reader is None:
            raise _unsupported(kind or "", f"{where}.type")
        return reader.decode(raw)
    except msgspec.ValidationError as error:
        what, _, inside = str(error).partition(" - at `$")
        raise wrong_field(f"{what} - at `$.{where}{inside or '`'}") from None


def _unsupported(kind: str, param: str) -> ApiError:
    if kind == "item_reference":
        return bad_request(
            "Nothing is stored here, so `item_reference` refers to nothing. Send the item itself"
            " (AI SDK: `store: false`).",
            param=param,
            code="not_supported",
        )
    return bad_request(
        f"Input items of type `{kind[:80]}` are not supported.",
        param=param,
        code="not_supported",
    )


def measure_item(item: Item, measure: Measure) -> None:
    """Add an item's prompt to what a body holds."""
    measure.messages += 1
    if isinstance(item, Message):
        _measure_content(item.content, measure)
    elif isinstance(item, FunctionCall):
        measure.text += size_of(item.name) + size_of(item.arguments)
    elif isinstance(item, FunctionCallOutput):
        _measure_content(item.output, measure)
    else:
        _measure_content(item.summary, measure)
        _measure_content(item.content or [], measure)
        measure.text += size_of(item.encrypted_content or "")


def _measure_content(content: Content, measure: Measure) -> None:
    if isinstance(content, str):
        measure.text += size_of(content)
        return
    for part in content:
        measure.text += size_of(part.text or "") + size_of(part.refusal or "")
        if part.type == "input_image":
            measure.images += 1
            measure.image_bytes += size_of(part.image_url or "")
        elif part.type == "input_file":
            _measure_file(part.file_data or "", measure)


def _measure_file(data: str, measure: Measure) -> None:
    if data.startswith(PDF):
        measure.document_bytes += size_of(data)
    else:
        # Of plain text, every byte is prompt.
        measure.text += size_of(data)
