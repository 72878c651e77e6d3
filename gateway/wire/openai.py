"""OpenAI's Chat Completions: read a request, prepare it for a provider, read its answers."""

import re
from typing import Any

import msgspec
from msgspec import Raw

from gateway.errors import ApiError, bad_request
from gateway.pricing import MOST_TOKENS, Tokens

ENDPOINT = "chat/completions"
DONE_DATA = b"[DONE]"
DONE = b"data: [DONE]\n\n"

BYTES_PER_TOKEN = 4
"""A common rule of thumb, for estimates; a token is never shorter than one byte."""
TOKENS_PER_MESSAGE = 4
TOKENS_PER_IMAGE = 1_000
MOST_TOKENS_PER_IMAGE = 4_000


class Part(msgspec.Struct):
    """A part of a message's content; only text is measured."""

    type: str
    text: str | None = None


class Message(msgspec.Struct):
    """A message of the conversation, as far as it must be right for us."""

    role: str
    content: str | list[Part] | None = None
    tool_calls: Raw = Raw(b"")


class StreamOptions(msgspec.Struct):
    """What a client wants of a stream."""

    include_usage: bool | None = None


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


class ChatCall(msgspec.Struct):
    """A request that was read and found right."""

    model: str
    stream: bool
    include_usage: bool
    most_output: int | None
    output_field: str
    choices: int
    input_estimate: int
    input_most: int
    fields: dict[str, Raw]


_read_body = msgspec.json.Decoder(Body).decode
_read_fields = msgspec.json.Decoder(dict[str, Raw]).decode
_encode = msgspec.json.Encoder().encode
TRUE = Raw(b"true")

# msgspec says where a value is wrong as `... - at `$.messages[0].role``.
WHERE = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<where>[^`]*)`)?$", re.S)


def read(body: bytes) -> ChatCall:
    """Read a request body; raise the API's 400 with the field that is wrong."""
    try:
        parsed = _read_body(body)
        fields = _read_fields(body)
    except msgspec.ValidationError as error:
        raise _wrong_field(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise bad_request("The body is not valid JSON.", code="invalid_json") from None
    except RecursionError:
        raise bad_request("The body is nested too deeply.", code="invalid_json") from None
    most_output, output_field = _most_output(parsed)
    choices = 1 if parsed.n is None else parsed.n
    if not 1 <= choices <= 128:
        raise bad_request("`n` must lie between 1 and 128.", param="n")
    if not parsed.messages:
        raise bad_request("`messages` must hold at least one message.", param="messages")
    if not parsed.model or "\x00" in parsed.model:
        raise bad_request("`model` must name a model.", param="model")
    text, images = _measure(parsed)
    overhead = TOKENS_PER_MESSAGE * len(parsed.messages)
    options = parsed.stream_options
    return ChatCall(
        model=parsed.model,
        stream=parsed.stream is True,
        include_usage=options is not None and options.include_usage is True,
        most_output=most_output,
        output_field=output_field,
        choices=choices,
        input_estimate=-(-text // BYTES_PER_TOKEN) + overhead + images * TOKENS_PER_IMAGE,
        input_most=text + 2 * overhead + images * MOST_TOKENS_PER_IMAGE,
        fields=fields,
    )


def _wrong_field(text: str) -> ApiError:
    match = WHERE.match(text)
    what, where = (match["what"], match["where"]) if match else (text, None)
    missing = re.search(r"missing required field `(\w+)`", what)
    if missing:
        param = f"{where}.{missing[1]}" if where else missing[1]
        return bad_request(f"`{param}` is missing.", param=param, code="missing_field")
    if where:
        return bad_request(f"`{where}` is wrong: {what}.", param=where, code="invalid_type")
    return bad_request("The body must be a JSON object.", code="invalid_type")


def _most_output(body: Body) -> tuple[int | None, str]:
    for name in ("max_completion_tokens", "max_tokens"):
        value = getattr(body, name)
        if value is not None:
            if not 1 <= value <= MOST_TOKENS:
                raise bad_request(f"`{name}` must be at least 1.", param=name)
            return value, name
    return None, "max_completion_tokens"


def _measure(body: Body) -> tuple[int, int]:
    """Return the bytes of text and the number of images, audios and files in a request."""
    size = len(memoryview(body.tools))
    others = 0
    for message in body.messages:
        size += len(memoryview(message.tool_calls))
        content = message.content
        if isinstance(content, str):
            size += _bytes(content)
        elif content:
            for part in content:
                if part.text is not None:
                    size += _bytes(part.text)
                else:
                    others += 1
    return size, others


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def prepare(call: ChatCall, *, upstream_name: str, output_cap: int | None) -> bytes:
    """Return the body for the provider: all of the client's fields, changed only where we must.

    The model gets the provider's name, usage is asked for, the client's user ids stay here,
    and an output cap applies where the credits allow no more.
    """
    fields = dict(call.fields)
    fields["model"] = Raw(_encode(upstream_name))
    fields.pop("user", None)
    metadata = fields.get("metadata")
    if metadata is not None:
        fields["metadata"] = _without_user_id(metadata)
    if call.stream:
        options = fields.get("stream_options")
        known = _read_fields(options) if options and bytes(options) != b"null" else {}
        fields["stream_options"] = Raw(_encode(known | {"include_usage": TRUE}))
    if output_cap is not None:
        fields[call.output_field] = Raw(str(output_cap).encode())
    return _encode(fields)


def _without_user_id(metadata: Raw) -> Raw:
    try:
        entries = _read_fields(metadata)
    except msgspec.DecodeError:
        return metadata
    entries.pop("user_id", None)
    return Raw(_encode(entries))


class Usage(msgspec.Struct):
    """A usage object whose counts are not trusted yet."""

    prompt_tokens: Any = None
    completion_tokens: Any = None
    prompt_tokens_details: dict[str, Any] | None = None
    completion_tokens_details: dict[str, Any] | None = None


class BadUsage(Exception):
    """The provider's counts are impossible."""


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= MOST_TOKENS:
        raise BadUsage
    return value


def _detail(details: dict[str, Any] | None, name: str) -> int:
    value = details.get(name) if details else None
    return 0 if value is None else _count(value)


def tokens_of(usage: Usage) -> Tokens:
    """Return a usage object's tokens in disjoint buckets; raise BadUsage for impossible counts."""
    prompt, output = _count(usage.prompt_tokens), _count(usage.completion_tokens)
    cached = _detail(usage.prompt_tokens_details, "cached_tokens")
    written = _detail(usage.prompt_tokens_details, "cache_write_tokens")
    reasoning = _detail(usage.completion_tokens_details, "reasoning_tokens")
    if cached + written > prompt or reasoning > output:
        raise BadUsage
    return Tokens(
        input=prompt - cached - written,
        cache_read=cached,
        cache_write=written,
        output=output,
        reasoning=reasoning,
    )


def error_body(error: ApiError) -> bytes:
    """Write an error in OpenAI's shape."""
    return _encode(
        {
            "error": {
                "message": error.message,
                "type": error.kind,
                "param": error.param,
                "code": error.code,
            }
        }
    )


def error_event(error: ApiError) -> bytes:
    """Write an error that ends a stream, which then closes without `[DONE]`."""
    return b"data: " + error_body(error) + b"\n\n"
