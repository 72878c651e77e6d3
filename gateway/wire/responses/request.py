"""Read a Responses request, and say clearly what of it cannot be done here."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw

from gateway.errors import ApiError, bad_request
from gateway.pricing import MOST_TOKENS
from gateway.wire.call import Call, Measure
from gateway.wire.chat.request import model_name
from gateway.wire.reading import given, read_request, size_of
from gateway.wire.responses.items import Item, Message, measure_item, read_item

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
Summary = Literal["auto", "concise", "detailed", "none"]
Most = Annotated[int, Meta(ge=1, le=MOST_TOKENS)]


class Tool(msgspec.Struct):
    """A tool that the model may call; only functions are offered here."""

    type: str
    name: str | None = None
    description: str | None = None
    parameters: Raw = Raw(b"")
    strict: bool | None = None


class ToolRef(msgspec.Struct):
    """A tool named by a choice of tools."""

    type: str
    name: str | None = None


class Choice(msgspec.Struct):
    """A tool that must be called, or the tools that may be."""

    type: str
    name: str | None = None
    mode: Literal["auto", "required"] = "auto"
    tools: list[ToolRef] = []


class TextFormat(msgspec.Struct):
    """What the answer's text must be."""

    type: Literal["text", "json_object", "json_schema"]
    name: str = "answer"
    description: str | None = None
    schema: Raw = Raw(b"")
    strict: bool | None = None


class TextOptions(msgspec.Struct):
    """How the answer's text is to look; the verbosity is taken but has no effect."""

    format: TextFormat | None = None
    verbosity: Literal["low", "medium", "high"] | None = None


class ReasoningOptions(msgspec.Struct):
    """How to think and what to show of it; the last three fields are this API's own."""

    effort: Effort | None = None
    summary: Summary | None = None
    generate_summary: Summary | None = None
    max_tokens: Most | None = None
    exclude: bool | None = None
    enabled: bool | None = None

    @property
    def shown(self) -> Summary | None:
        """The kind of summary that the client asked to see, if it did."""
        wanted = self.summary or self.generate_summary
        return None if wanted == "none" or self.exclude is True else wanted


class Body(msgspec.Struct):
    """The fields of a request that we must understand; no other has any effect."""

    model: str
    input: str | list[Raw]
    instructions: str | None = None
    tools: list[Tool] | None = None
    tool_choice: Literal["auto", "none", "required"] | Choice | None = None
    parallel_tool_calls: bool | None = None
    max_output_tokens: Most | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    text: TextOptions | None = None
    reasoning: ReasoningOptions | None = None
    stream: bool | None = None
    include: list[str] | None = None
    metadata: dict[str, str] | None = None
    truncation: Literal["auto", "disabled"] | None = None
    top_logprobs: int | None = None
    background: bool | None = None
    n: int | None = None


class Request(msgspec.Struct):
    """A request that was read: its body, and the items of its input."""

    body: Body
    items: list[Item]


_body = msgspec.json.Decoder(Body)

STORED = {
    "previous_response_id": "Send the earlier items in `input`.",
    "conversation": "Send its items in `input`.",
    "prompt": "Send the prompt's own text in `instructions` and `input`.",
}
"""Fields that refer to what a server would have stored, and what to do instead."""


def read(body: bytes) -> Call:
    """Read a request; raise the API's 400 with the field that is wrong."""
    parsed, fields = read_request(_body, body)
    assert isinstance(parsed, Body)
    _refuse(parsed, fields)
    if not parsed.input:
        raise bad_request("`input` must hold something.", param="input")
    if isinstance(parsed.input, str):
        items: list[Item] = [Message(role="user", content=parsed.input)]
    else:
        items = [read_item(raw, f"input[{place}]") for place, raw in enumerate(parsed.input)]
    estimate, most = _measured(parsed, items, fields).tokens(len(body))
    # The bytes of the items are in `items` now.
    parsed.input = []
    return Call(
        model=model_name(parsed.model),
        stream=parsed.stream is True,
        most_output=parsed.max_output_tokens,
        choices=1,
        input_estimate=estimate,
        input_most=most,
        fields=fields,
        parsed=Request(body=parsed, items=items),
    )


def request_of(call: Call) -> Request:
    """Return what `read` made of a call."""
    assert isinstance(call.parsed, Request)
    return call.parsed


def _refuse(body: Body, fields: dict[str, Raw]) -> None:
    for name, instead in STORED.items():
        if given(fields.get(name)):
            raise _unsupported(
                f"`{name}` is not supported: nothing is stored here. {instead}", name
            )
    if body.background is True:
        raise _unsupported(
            "`background` is not supported: nothing is stored here. Use `stream`.", "background"
        )
    if body.n not in (None, 1):
        raise _unsupported("`n` is not supported: there is one answer to a call.", "n")
    if body.top_logprobs:
        raise _unsupported("`top_logprobs` is not supported.", "top_logprobs")
    options = body.reasoning
    if options is not None and options.effort is not None and options.max_tokens is not None:
        raise bad_request(
            "Send `reasoning.effort` or `reasoning.max_tokens`, not both.",
            param="reasoning.max_tokens",
        )
    for place, tool in enumerate(body.tools or ()):
        _check_tool(tool, f"tools[{place}]")
    if isinstance(body.tool_choice, Choice):
        _check_choice(body.tool_choice)
    form = body.text.format if body.text is not None else None
    if form is not None and form.type == "json_schema" and not _is_object(form.schema):
        raise bad_request("`text.format.schema` must be an object.", param="text.format.schema")


def _check_tool(tool: Tool, where: str) -> None:
    if tool.type != "function":
        raise _unsupported(
            f"Tools of type `{tool.type[:80]}` are not supported: only `function` is.",
            f"{where}.type",
        )
    if not tool.name:
        raise bad_request(f"`{where}.name` must name the function.", param=f"{where}.name")
    if given(tool.parameters) and not _is_object(tool.parameters):
        param = f"{where}.parameters"
        raise bad_request(f"`{param}` must be an object.", param=param)


def _check_choice(choice: Choice) -> None:
    if choice.type == "function":
        if not choice.name:
            raise bad_request("`tool_choice.name` must name a function.", param="tool_choice.name")
    elif choice.type != "allowed_tools" or any(tool.type != "function" for tool in choice.tools):
        raise _unsupported("`tool_choice` can only be about functions.", "tool_choice")


def _is_object(raw: Raw) -> bool:
    return bytes(raw)[:1] == b"{"


def _unsupported(message: str, param: str) -> ApiError:
    return bad_request(message, param=param, code="not_supported")


def _measured(body: Body, items: list[Item], fields: dict[str, Raw]) -> Measure:
    measure = Measure(text=size_of(body.instructions or ""))
    for name in ("tools", "text"):
        measure.text += len(memoryview(fields.get(name, b"")))
    for item in items:
        measure_item(item, measure)
    return measure
