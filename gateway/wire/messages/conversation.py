"""Read a Messages request into a conversation without a dialect."""

from typing import Any, Literal

import msgspec
from msgspec import Raw

from gateway.errors import bad_request
from gateway.wire import conversation as c
from gateway.wire.call import Call
from gateway.wire.chat.conversation import untranslatable
from gateway.wire.chat.request import EFFORTS, wrong_effort
from gateway.wire.messages.request import Source, Thinking
from gateway.wire.reading import encode, given, read_request


class Block(msgspec.Struct):
    """A block of content."""

    type: str
    text: str = ""
    source: Source | None = None
    title: str | None = None
    id: str = ""
    name: str = ""
    input: Raw = Raw(b"")
    tool_use_id: str = ""
    content: Raw = Raw(b"")
    is_error: bool | None = None
    thinking: str = ""
    signature: str = ""
    data: str = ""
    cache_control: Any = None


class Message(msgspec.Struct):
    """A message of the conversation."""

    role: str
    content: str | list[Block]


class Tool(msgspec.Struct):
    """A tool on offer."""

    name: str
    type: str | None = None
    description: str | None = None
    input_schema: Raw = Raw(b"")
    strict: bool | None = None
    cache_control: Any = None


class Choice(msgspec.Struct):
    """Whether and which tools are called."""

    type: str
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class OutputFormat(msgspec.Struct):
    """What JSON the answer must be."""

    type: str
    schema: Raw = Raw(b"")


class OutputConfig(msgspec.Struct):
    """How the answer is made."""

    effort: str | None = None
    format: OutputFormat | None = None


class Body(msgspec.Struct):
    """All that a conversation is made of."""

    messages: list[Message]
    system: str | list[Block] | None = None
    tools: list[Tool] | None = None
    tool_choice: Choice | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop_sequences: list[str] | None = None
    thinking: Thinking | None = None
    output_config: OutputConfig | None = None
    output_format: OutputFormat | None = None


MODES: dict[str, Literal["auto", "none", "required"]] = {
    "auto": "auto",
    "none": "none",
    "any": "required",
}

_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Body)
_blocks_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(str | list[Block])


def read(call: Call) -> c.Conversation:
    """Return the conversation of a call; raise the API's 400 for what has no translation."""
    body, _ = read_request(_decoder, encode(call.fields))
    system = _system(body.system, "system")
    turns = []
    for number, message in enumerate(body.messages):
        where = f"messages[{number}]"
        if message.role == "system":
            system += _system(message.content, where)
        elif message.role == "user" or message.role == "assistant":
            turns.append(c.Turn(message.role, _blocks(message.content, where)))
        else:
            raise bad_request(f"`{where}.role` must be user or assistant.", param=f"{where}.role")
    choice = body.tool_choice
    thinking = body.thinking
    config = body.output_config or OutputConfig()
    return c.Conversation(
        system=system,
        turns=turns,
        tools=[_tool(tool, n) for n, tool in enumerate(body.tools or ())],
        tool_choice=None if choice is None else _choice(choice),
        parallel=False if choice is not None and choice.disable_parallel_tool_use else None,
        temperature=body.temperature,
        top_p=body.top_p,
        top_k=body.top_k,
        stop=body.stop_sequences or [],
        format=_format(config.format or body.output_format),
        reasoning=_reasoning(thinking, config.effort),
        show_reasoning=thinking is not None
        and thinking.type != "disabled"
        and thinking.display != "omitted",
        stream=call.stream,
    )


def _system(content: str | list[Block] | None, where: str) -> list[c.Text]:
    if content is None:
        return []
    blocks = _blocks(content, where)
    if not all(isinstance(block, c.Text) for block in blocks):
        raise bad_request(f"`{where}` must be text.", param=where)
    return [block for block in blocks if isinstance(block, c.Text)]


def _blocks(content: str | list[Block], where: str) -> list[c.Block]:
    if isinstance(content, str):
        return [c.Text(content)] if content else []
    return [_block(block, f"{where}.content[{n}]") for n, block in enumerate(content)]


def _block(block: Block, where: str) -> c.Block:
    cached = block.cache_control is not None
    if block.type == "text":
        return c.Text(block.text, cached)
    if block.type == "image":
        return c.Image(*_source(block, where), cached)
    if block.type == "document":
        return _document(block, where, cached=cached)
    if block.type == "tool_use":
        arguments = bytes(block.input).decode() if given(block.input) else "{}"
        return c.ToolUse(block.id, block.name, arguments, cached)
    if block.type == "tool_result":
        parts = _result(block, where)
        return c.ToolResult(block.tool_use_id, parts, block.is_error is True, cached)
    if block.type == "thinking":
        return c.Thinking(block.thinking, block.signature)
    if block.type == "redacted_thinking":
        return c.Thinking(redacted=block.data)
    raise untranslatable(f"content of the type `{block.type[:40]}`", where)


def _source(block: Block, where: str) -> tuple[str, str, str]:
    """Return the media type and base64 of a source, or its address."""
    source = block.source
    if source is not None and source.type == "base64" and source.data:
        return source.media_type, source.data, ""
    if source is not None and source.type == "url" and source.url:
        return "", "", source.url
    kind = "" if source is None else source.type[:40]
    raise untranslatable(f"a source of the type `{kind}`", f"{where}.source")


def _document(block: Block, where: str, *, cached: bool) -> c.Block:
    source = block.source
    if source is not None and source.type == "text":
        return c.Text(source.data, cached)
    media_type, data, url = _source(block, where)
    return c.Document(media_type, data, url, block.title or "", cached)


def _result(block: Block, where: str) -> list[c.Text | c.Image | c.Document]:
    if not given(block.content):
        return []
    try:
        parts = _blocks(_blocks_decoder.decode(block.content), where)
    except msgspec.DecodeError:
        raise bad_request(
            f"`{where}.content` must be a text or blocks.", param=f"{where}.content"
        ) from None
    kept = [part for part in parts if isinstance(part, (c.Text, c.Image, c.Document))]
    if len(kept) < len(parts):
        raise bad_request(
            f"`{where}` may hold text, images and documents.", param=f"{where}.content"
        )
    return kept


def _tool(tool: Tool, number: int) -> c.Tool:
    where = f"tools[{number}]"
    if tool.type not in (None, "custom"):
        raise untranslatable(f"tools of the type `{tool.type[:40]}`", f"{where}.type")
    if not given(tool.input_schema):
        raise bad_request(f"`{where}.input_schema` is missing.", param=f"{where}.input_schema")
    return c.Tool(
        name=tool.name,
        schema=tool.input_schema,
        description=tool.description or "",
        strict=tool.strict,
        cached=tool.cache_control is not None,
    )


def _choice(choice: Choice) -> c.ToolChoice:
    if (mode := MODES.get(choice.type)) is not None:
        return c.ToolChoice(mode)
    if choice.type == "tool" and choice.name:
        return c.ToolChoice("named", choice.name)
    raise bad_request("`tool_choice` must be auto, any, none or a tool.", param="tool_choice")


def _format(wanted: OutputFormat | None) -> c.Format | None:
    if wanted is None:
        return None
    if wanted.type != "json_schema" or not given(wanted.schema):
        raise untranslatable(f"the format `{wanted.type[:40]}`", "output_config.format")
    return c.Format(schema=wanted.schema, strict=True)


def _reasoning(thinking: Thinking | None, effort: str | None) -> c.Reasoning | None:
    if effort is not None and effort != "max" and effort not in EFFORTS:
        raise wrong_effort("output_config.effort")
    # Anthropic's highest effort has no counterpart above this.
    known: Any = "xhigh" if effort == "max" else effort
    if thinking is None:
        return None if known is None else c.Reasoning(effort=known)
    if thinking.type == "disabled":
        return c.Reasoning(effort="none")
    if thinking.budget_tokens is not None:
        return c.Reasoning(budget=thinking.budget_tokens)
    return c.Reasoning(effort=known)
