"""Read a Chat Completions request, as far as every call needs it read."""

import msgspec
from msgspec import Raw

from gateway.errors import ApiError, bad_request
from gateway.pricing import MOST_TOKENS
from gateway.wire.call import Call, Measure
from gateway.wire.reading import given, read_request, size_of


class Part(msgspec.Struct):
    """A part of a message's content; images and files have a price of their own."""

    type: str
    text: str | None = None
    image_url: Raw = Raw(b"")
    file: Raw = Raw(b"")


class Message(msgspec.Struct):
    """A message of the conversation, as far as it must be right for us."""

    role: str
    content: str | list[Part] | None = None
    tool_calls: Raw = Raw(b"")


class StreamOptions(msgspec.Struct):
    """What a client wants of a stream."""

    include_usage: bool | None = None


class ReasoningOptions(msgspec.Struct):
    """How the model is to think; `reasoning_effort` is the older way to say so."""

    effort: str | None = None
    max_tokens: int | None = None
    exclude: bool | None = None
    enabled: bool | None = None


class Body(msgspec.Struct):
    """The fields of a request that we must understand; all others pass through."""

    model: str
    messages: list[Message]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    n: int | None = None
    tools: Raw = Raw(b"")
    reasoning: ReasoningOptions | None = None
    reasoning_effort: str | None = None


PDF = b'"data:application/pdf;'
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh")

_decoder = msgspec.json.Decoder(Body)


def read(body: bytes) -> Call:
    """Read a request body; raise the API's 400 with the field that is wrong."""
    parsed, fields = read_request(_decoder, body)
    choices = 1 if parsed.n is None else parsed.n
    if not 1 <= choices <= 128:
        raise bad_request("`n` must lie between 1 and 128.", param="n")
    if not parsed.messages:
        raise bad_request("`messages` must hold at least one message.", param="messages")
    _refuse_extras(fields)
    if parsed.reasoning is not None or parsed.reasoning_effort is not None:
        _check_reasoning(parsed)
    estimate, most = _measure(parsed).tokens(len(body))
    options = parsed.stream_options
    return Call(
        model=model_name(parsed.model),
        stream=parsed.stream is True,
        include_usage=options is not None and options.include_usage is True,
        most_output=_most_output(parsed),
        choices=choices,
        input_estimate=estimate,
        input_most=most,
        fields=fields,
        parsed=parsed,
    )


def _refuse_extras(fields: dict[str, Raw]) -> None:
    """Refuse what the provider would do at prices of its own, which a call's price does not have.

    OpenAI's search and spoken answers are asked for by fields of their own.
    """
    for name in ("web_search_options", "audio"):
        if given(fields.get(name)):
            raise bad_request(
                f"`{name}` costs extra at the provider, and is not offered here.",
                param=name,
                code="not_supported",
            )


def model_name(name: str) -> str:
    """Return a name that can be a model's; raise the API's 400 for any other."""
    if not name or "\x00" in name:
        raise bad_request("`model` must name a model.", param="model")
    return name


def output_limit(value: int, name: str) -> int:
    """Return a limit of output tokens; raise the API's 400 for one that cannot be."""
    if not 1 <= value <= MOST_TOKENS:
        raise bad_request(f"`{name}` must lie between 1 and {MOST_TOKENS:,}.", param=name)
    return value


def wrong_effort(param: str) -> ApiError:
    """The effort is none that we know."""
    return bad_request(f"`{param}` must be one of {', '.join(EFFORTS)}.", param=param)


def _check_reasoning(body: Body) -> None:
    if body.reasoning_effort is not None and body.reasoning_effort not in EFFORTS:
        raise wrong_effort("reasoning_effort")
    options = body.reasoning
    if options is None:
        return
    if options.effort is not None and options.effort not in EFFORTS:
        raise wrong_effort("reasoning.effort")
    if options.max_tokens is not None:
        if options.effort is not None:
            raise bad_request(
                "Send `reasoning.effort` or `reasoning.max_tokens`, not both.",
                param="reasoning.max_tokens",
            )
        output_limit(options.max_tokens, "reasoning.max_tokens")


def _most_output(body: Body) -> int | None:
    if body.max_tokens is not None and body.max_completion_tokens is not None:
        raise bad_request(
            "Send `max_tokens` or `max_completion_tokens`, not both.", param="max_tokens"
        )
    if body.max_completion_tokens is not None:
        return output_limit(body.max_completion_tokens, "max_completion_tokens")
    return None if body.max_tokens is None else output_limit(body.max_tokens, "max_tokens")


def _measure(body: Body) -> Measure:
    measure = Measure(text=len(memoryview(body.tools)), messages=len(body.messages))
    for message in body.messages:
        measure.text += len(memoryview(message.tool_calls))
        content = message.content
        if isinstance(content, str):
            measure.text += size_of(content)
        elif content:
            for part in content:
                if part.type == "image_url":
                    measure.images += 1
                    measure.image_bytes += len(memoryview(part.image_url))
                elif part.type == "file" and PDF in (file := bytes(part.file)):
                    measure.document_bytes += len(file)
                if part.text is not None:
                    measure.text += size_of(part.text)
    return measure
