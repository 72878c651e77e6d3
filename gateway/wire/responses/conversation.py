"""Turn a Responses request into a conversation without a dialect."""

from msgspec import Raw

from gateway.errors import bad_request
from gateway.wire.call import Call
from gateway.wire.conversation import (
    Block,
    Conversation,
    Document,
    Format,
    Image,
    Reasoning,
    Role,
    Text,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
    Turn,
)
from gateway.wire.data_urls import BadDataUrl, split
from gateway.wire.reading import UNREADABLE, encode, given, read_fields
from gateway.wire.responses.items import (
    Content,
    FunctionCall,
    FunctionCallOutput,
    Item,
    Message,
    Part,
    ReasoningItem,
)
from gateway.wire.responses.request import Body, Choice, ReasoningOptions, TextFormat, request_of
from gateway.wire.responses.thinking import unpack

NO_ARGUMENTS = Raw(b'{"type":"object","properties":{}}')
"""The schema of a function that takes nothing."""


def conversation(call: Call) -> Conversation:
    """Return the call without its dialect; raise the API's 400 for what has no translation."""
    request = request_of(call)
    body = request.body
    system = [Text(body.instructions)] if body.instructions else []
    turns: list[Turn] = []
    called: set[str] = set()
    for place, item in enumerate(request.items):
        where = f"input[{place}]"
        if isinstance(item, FunctionCall):
            called.add(item.call_id)
        elif isinstance(item, FunctionCallOutput) and item.call_id not in called:
            raise bad_request(
                f"`{where}.call_id` names no function call before it.", param=f"{where}.call_id"
            )
        if isinstance(item, Message) and item.role in ("system", "developer"):
            system += _instructions(item.content, where)
        else:
            _append(turns, _role(item), _blocks(item, where))
    tools, choice = _tools(body)
    return Conversation(
        system=system,
        turns=turns,
        tools=tools,
        tool_choice=choice,
        parallel=body.parallel_tool_calls,
        temperature=body.temperature,
        top_p=body.top_p,
        format=_format(body.text.format) if body.text is not None else None,
        reasoning=_reasoning(body.reasoning) if body.reasoning is not None else None,
        stream=call.stream,
    )


def _append(turns: list[Turn], role: Role, blocks: list[Block]) -> None:
    if turns and turns[-1].role == role:
        turns[-1].blocks += blocks
    elif blocks:
        turns.append(Turn(role=role, blocks=blocks))


def _role(item: Item) -> Role:
    if isinstance(item, FunctionCallOutput):
        return "user"
    if isinstance(item, Message) and item.role == "user":
        return "user"
    return "assistant"


def _blocks(item: Item, where: str) -> list[Block]:
    if isinstance(item, Message):
        return [*_parts(item.content, f"{where}.content")]
    if isinstance(item, FunctionCall):
        return [ToolUse(id=item.call_id, name=item.name, arguments=_arguments(item.arguments))]
    if isinstance(item, FunctionCallOutput):
        return [ToolResult(id=item.call_id, parts=_parts(item.output, f"{where}.output"))]
    thinking = unpack(item.encrypted_content, text=_thought(item))
    return [] if thinking is None else [thinking]


def _thought(item: ReasoningItem) -> str:
    return "\n\n".join(part.text for part in item.summary or item.content or () if part.text)


def _arguments(text: str) -> str:
    """Return arguments that are a JSON object, since models do err and are shown what they said."""
    try:
        read_fields(text or "{}")
    except UNREADABLE:
        return encode({"arguments": text}).decode()
    return text or "{}"


def _instructions(content: Content, where: str) -> list[Text]:
    parts = _parts(content, f"{where}.content")
    texts = [part for part in parts if isinstance(part, Text)]
    if len(texts) < len(parts):
        raise bad_request(
            f"`{where}.content` can only be text, as all instructions.", param=f"{where}.content"
        )
    return texts


def _parts(content: Content, where: str) -> list[Text | Image | Document]:
    if isinstance(content, str):
        return [Text(content)] if content else []
    found = (_part(part, f"{where}[{place}]") for place, part in enumerate(content))
    return [part for part in found if not isinstance(part, Text) or part.text]


def _part(part: Part, where: str) -> Text | Image | Document:
    cached = given(part.prompt_cache_breakpoint)
    if part.type in ("input_text", "output_text", "text"):
        if part.text is None:
            raise bad_request(f"`{where}.text` is missing.", param=f"{where}.text")
        return Text(part.text, cached=cached)
    if part.type == "refusal":
        return Text(part.refusal or "")
    if part.type == "input_image":
        return _image(part, where, cached=cached)
    if part.type == "input_file":
        return _document(part, where, cached=cached)
    raise bad_request(
        f"Content of type `{part.type[:80]}` is not supported.",
        param=f"{where}.type",
        code="not_supported",
    )


def _image(part: Part, where: str, *, cached: bool) -> Image:
    url = part.image_url or ""
    if url.startswith(("https://", "http://")):
        return Image(url=url, cached=cached)
    media_type, data = _data_of(url)
    if not data:
        raise bad_request(
            f"`{where}.image_url` must be an http(s) URL or a base64 data URL.",
            param=f"{where}.image_url",
        )
    return Image(media_type=media_type, data=data, cached=cached)


def _document(part: Part, where: str, *, cached: bool) -> Document:
    media_type, data = _data_of(part.file_data or "")
    if not data:
        raise bad_request(
            f"`{where}.file_data` must be a base64 data URL; files are not stored or fetched here.",
            param=f"{where}.file_data",
        )
    return Document(media_type=media_type, data=data, name=part.filename or "", cached=cached)


def _data_of(url: str) -> tuple[str, str]:
    """Return the media type and the base64 of a data URL, both empty where it is none."""
    try:
        return split(url)
    except BadDataUrl:
        return "", ""


def _tools(body: Body) -> tuple[list[Tool], ToolChoice | None]:
    tools = [
        Tool(
            name=tool.name or "",
            schema=tool.parameters if given(tool.parameters) else NO_ARGUMENTS,
            description=tool.description or "",
            strict=tool.strict,
        )
        for tool in body.tools or ()
    ]
    choice = body.tool_choice
    if choice is None:
        return tools, None
    if not isinstance(choice, Choice):
        return tools, ToolChoice(mode=choice)
    names = {tool.name for tool in tools}
    if choice.type == "function":
        if choice.name not in names:
            raise bad_request("`tool_choice.name` is not in `tools`.", param="tool_choice.name")
        return tools, ToolChoice(mode="named", name=choice.name)
    allowed = {tool.name for tool in choice.tools}
    if not allowed or not allowed <= names:
        raise bad_request("`tool_choice.tools` must name `tools`.", param="tool_choice.tools")
    return [tool for tool in tools if tool.name in allowed], ToolChoice(mode=choice.mode)


def _format(form: TextFormat | None) -> Format | None:
    if form is None or form.type == "text":
        return None
    if form.type == "json_object":
        return Format()
    return Format(
        schema=form.schema,
        name=form.name,
        description=form.description or "",
        strict=form.strict,
    )


def _reasoning(options: ReasoningOptions) -> Reasoning | None:
    if options.enabled is False:
        return Reasoning(effort="none")
    effort = "xhigh" if options.effort == "max" else options.effort
    if effort is None and options.max_tokens is None and options.enabled is None:
        return None
    return Reasoning(effort=effort, budget=options.max_tokens)
