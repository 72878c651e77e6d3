"""Read a Chat Completions request into a conversation without a dialect."""

from typing import Any, Literal

import msgspec
from msgspec import Raw

from gateway.errors import ApiError, bad_request
from gateway.wire import conversation as c
from gateway.wire.call import Call
from gateway.wire.chat.reasoning import wished
from gateway.wire.chat.request import ReasoningOptions
from gateway.wire.data_urls import BadDataUrl, split
from gateway.wire.reading import UNREADABLE, given, read_request

PLAIN_MODES: tuple[Literal["auto", "none", "required"], ...] = ("auto", "none", "required")
EMPTY_SCHEMA = Raw(b'{"type":"object","properties":{}}')


class Url(msgspec.Struct):
    """Where an image is."""

    url: str


class File(msgspec.Struct):
    """A file in a message."""

    file_data: str | None = None
    filename: str | None = None


class Part(msgspec.Struct):
    """A part of a message's content."""

    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: Url | None = None
    file: File | None = None
    cache_control: Any = None


class Function(msgspec.Struct):
    """A function that the model called."""

    name: str
    arguments: str = ""


class ToolCall(msgspec.Struct):
    """A call of a tool by the model."""

    id: str
    function: Function


class Message(msgspec.Struct):
    """A message of the conversation."""

    role: str
    content: str | list[Part] | None = None
    refusal: str | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None


class Definition(msgspec.Struct):
    """A function that the model may call."""

    name: str
    description: str | None = None
    parameters: Raw = Raw(b"")
    strict: bool | None = None


class Tool(msgspec.Struct):
    """A tool on offer."""

    type: str
    function: Definition | None = None
    cache_control: Any = None


class Named(msgspec.Struct):
    """The function that must be called."""

    name: str


class Choice(msgspec.Struct):
    """A choice of one tool."""

    type: str
    function: Named | None = None


class Schema(msgspec.Struct):
    """The schema of the answer."""

    name: str
    schema: Raw = Raw(b"")
    description: str | None = None
    strict: bool | None = None


class ResponseFormat(msgspec.Struct):
    """What the answer must be."""

    type: str
    json_schema: Schema | None = None


class Body(msgspec.Struct):
    """All that a conversation is made of."""

    messages: list[Message]
    tools: list[Tool] | None = None
    tool_choice: str | Choice | None = None
    parallel_tool_calls: bool | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: str | list[str] | None = None
    response_format: ResponseFormat | None = None
    reasoning: ReasoningOptions | None = None
    reasoning_effort: str | None = None
    logprobs: bool | None = None
    audio: Raw = Raw(b"")
    functions: Raw = Raw(b"")
    n: int | None = None


_decoder = msgspec.json.Decoder(Body)


def untranslatable(what: str, param: str) -> ApiError:
    """What the client asks for has no meaning at this model's provider."""
    return bad_request(f"This model does not take {what}.", param=param, code="not_supported")


def read(call: Call) -> c.Conversation:
    """Return the conversation of a call; raise the API's 400 for what has no translation."""
    body, _ = read_request(_decoder, msgspec.json.encode(call.fields))
    if (body.n or 1) > 1:
        raise untranslatable("`n` above 1", "n")
    if body.logprobs:
        raise untranslatable("`logprobs`", "logprobs")
    if given(body.audio):
        raise untranslatable("audio", "audio")
    if given(body.functions):
        raise untranslatable("`functions`; use `tools`", "functions")
    system: list[c.Text] = []
    turns: list[c.Turn] = []
    for number, message in enumerate(body.messages):
        where = f"messages[{number}]"
        if message.role in ("system", "developer"):
            system += _texts(message.content, where)
        else:
            turns.append(_turn(message, where))
    options = body.reasoning
    return c.Conversation(
        system=system,
        turns=turns,
        tools=[_tool(tool, n) for n, tool in enumerate(body.tools or ())],
        tool_choice=_choice(body.tool_choice),
        parallel=body.parallel_tool_calls,
        temperature=body.temperature,
        top_p=body.top_p,
        top_k=body.top_k,
        stop=[body.stop] if isinstance(body.stop, str) else body.stop or [],
        format=_format(body.response_format),
        reasoning=wished(options, body.reasoning_effort),
        show_reasoning=options is None or options.exclude is not True,
        stream=call.stream,
    )


def _turn(message: Message, where: str) -> c.Turn:
    if message.role == "user":
        return c.Turn("user", _blocks(message.content, where))
    if message.role == "assistant":
        blocks = _blocks(message.content, where)
        if message.refusal:
            blocks.append(c.Text(message.refusal))
        for used in message.tool_calls or ():
            blocks.append(c.ToolUse(used.id, used.function.name, _object(used, where)))
        return c.Turn("assistant", blocks)
    if message.role == "tool":
        if message.tool_call_id is None:
            raise bad_request(f"`{where}.tool_call_id` is missing.", param=where)
        parts = [b for b in _blocks(message.content, where) if not isinstance(b, c.ToolUse)]
        result = c.ToolResult(message.tool_call_id, parts)  # type: ignore[arg-type]
        return c.Turn("user", [result])
    raise bad_request(f"`{where}.role` is none that this model knows.", param=f"{where}.role")


def _object(used: ToolCall, where: str) -> str:
    arguments = used.function.arguments.strip() or "{}"
    try:
        if isinstance(msgspec.json.decode(arguments), dict):
            return arguments
    except UNREADABLE:
        pass
    param = f"{where}.tool_calls"
    raise bad_request(f"`{param}` holds arguments that are no JSON object.", param=param)


def _texts(content: str | list[Part] | None, where: str) -> list[c.Text]:
    blocks = _blocks(content, where)
    if not all(isinstance(block, c.Text) for block in blocks):
        raise bad_request(f"`{where}.content` must be text.", param=f"{where}.content")
    return [block for block in blocks if isinstance(block, c.Text)]


def _blocks(content: str | list[Part] | None, where: str) -> list[c.Block]:
    if content is None:
        return []
    if isinstance(content, str):
        return [c.Text(content)] if content else []
    return [_block(part, f"{where}.content[{number}]") for number, part in enumerate(content)]


def _block(part: Part, where: str) -> c.Block:
    cached = part.cache_control is not None
    if part.type in ("text", "refusal"):
        text = part.text if part.type == "text" else part.refusal
        if text is None:
            raise bad_request(f"`{where}.{part.type}` is missing.", param=where)
        return c.Text(text, cached=cached)
    if part.type == "image_url" and part.image_url is not None:
        return image(part.image_url.url, where, cached=cached)
    if part.type == "file" and part.file is not None and part.file.file_data is not None:
        return document(part.file.file_data, part.file.filename or "", where, cached=cached)
    raise untranslatable(f"content of the type `{part.type[:40]}`", where)


def image(url: str, where: str, *, cached: bool = False) -> c.Image:
    """Return an image from a data URL or an address; raise the API's 400 for any other."""
    if not url.startswith("data:"):
        return c.Image(url=url, cached=cached)
    try:
        media_type, data = split(url)
    except BadDataUrl:
        raise bad_request(f"`{where}` is no base64 data URL.", param=where) from None
    return c.Image(media_type=media_type, data=data, cached=cached)


def document(url: str, name: str, where: str, *, cached: bool = False) -> c.Document:
    """Return a document from a data URL or an address; raise the API's 400 for any other."""
    found = image(url, where, cached=cached)
    return c.Document(found.media_type, found.data, found.url, name, cached)


def _tool(tool: Tool, number: int) -> c.Tool:
    if tool.type != "function" or tool.function is None:
        raise untranslatable(f"tools of the type `{tool.type[:40]}`", f"tools[{number}]")
    function = tool.function
    return c.Tool(
        name=function.name,
        schema=function.parameters if given(function.parameters) else EMPTY_SCHEMA,
        description=function.description or "",
        strict=function.strict,
        cached=tool.cache_control is not None,
    )


def _choice(choice: str | Choice | None) -> c.ToolChoice | None:
    if choice is None:
        return None
    if isinstance(choice, Choice):
        if choice.type != "function" or choice.function is None:
            raise untranslatable(f"a tool choice `{choice.type[:40]}`", "tool_choice")
        return c.ToolChoice("named", choice.function.name)
    for mode in PLAIN_MODES:
        if choice == mode:
            return c.ToolChoice(mode)
    raise bad_request("`tool_choice` must be auto, none, required or a tool.", param="tool_choice")


def _format(wanted: ResponseFormat | None) -> c.Format | None:
    if wanted is None or wanted.type == "text":
        return None
    if wanted.type == "json_object":
        return c.Format()
    if wanted.type != "json_schema" or wanted.json_schema is None:
        raise untranslatable(f"the format `{wanted.type[:40]}`", "response_format")
    schema = wanted.json_schema
    return c.Format(
        schema=schema.schema if given(schema.schema) else None,
        name=schema.name,
        description=schema.description or "",
        strict=schema.strict,
    )
