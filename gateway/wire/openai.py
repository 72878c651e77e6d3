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
ORDINARY_BYTES = 200
"""JSON around a message, and around them all, that is not prompt."""
TOKENS_PER_IMAGE = 1_000
MOST_TOKENS_PER_IMAGE = 4_000


class Part(msgspec.Struct):
    """A part of a message's content; images have a price of their own, whatever their size."""

    type: str
    text: str | None = None
    image_url: Raw = Raw(b"")


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


# Who a client's user is, and what would have the provider keep content or charge us more than
# we charge, stays here.
WITHHELD = ("user", "safety_identifier", "prompt_cache_key", "service_tier")


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
FALSE = Raw(b"false")

# msgspec says where a value is wrong as `... - at `$.messages[0].role``.
WHERE = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<where>[^`]*)`)?$", re.S)


def read(body: bytes) -> ChatCall:
    """Read a request body; raise the API's 400 with the field that is wrong."""
    try:
        if not body.isascii():
            # What is not UTF-8 somewhere that nobody reads would reach the provider.
            body.decode()
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
    text, rest, images = _measure(parsed, len(body))
    overhead = TOKENS_PER_MESSAGE * len(parsed.messages) + images * TOKENS_PER_IMAGE
    options = parsed.stream_options
    return ChatCall(
        model=parsed.model,
        stream=parsed.stream is True,
        include_usage=options is not None and options.include_usage is True,
        most_output=most_output,
        output_field=output_field,
        choices=choices,
        input_estimate=-(-text // BYTES_PER_TOKEN) + overhead,
        input_most=text + rest + 2 * overhead + images * MOST_TOKENS_PER_IMAGE,
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
    if body.max_tokens is not None and body.max_completion_tokens is not None:
        raise bad_request(
            "Send `max_tokens` or `max_completion_tokens`, not both.", param="max_tokens"
        )
    for name in ("max_completion_tokens", "max_tokens"):
        value = getattr(body, name)
        if value is not None:
            if not 1 <= value <= MOST_TOKENS:
                raise bad_request(f"`{name}` must be at least 1.", param=name)
            return value, name
    return None, "max_completion_tokens"


def _measure(body: Body, length: int) -> tuple[int, int, int]:
    """Return the bytes of likely prompt text, the bytes of all else, and the number of images.

    Together the two sizes are the body without its images, so no field goes unmeasured: a
    provider may count any of them as input. A token is never shorter than one byte.
    """
    text = len(memoryview(body.tools))
    images = image_bytes = 0
    for message in body.messages:
        text += len(memoryview(message.tool_calls))
        content = message.content
        if isinstance(content, str):
            text += _bytes(content)
        elif content:
            for part in content:
                if part.type == "image_url":
                    images += 1
                    image_bytes += len(memoryview(part.image_url))
                if part.text is not None:
                    text += _bytes(part.text)
    rest = max(0, length - image_bytes - text)
    # Names, quotes and escapes of an ordinary body are not text; anything beyond them is.
    unseen = max(0, rest - text // 4 - ORDINARY_BYTES * (1 + len(body.messages)))
    return text + unseen, rest - unseen, images


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def prepare(call: ChatCall, *, upstream_name: str, most_output: int) -> bytes:
    """Return the body for the provider: all of the client's fields, changed only where we must.

    The model gets the provider's name, usage is asked for, the client's user ids stay here,
    and the output is limited to what was set aside for it.
    """
    fields = dict(call.fields)
    fields["model"] = Raw(_encode(upstream_name))
    for name in WITHHELD:
        fields.pop(name, None)
    if "store" in fields:
        fields["store"] = FALSE
    metadata = fields.get("metadata")
    if metadata is not None:
        fields["metadata"] = _without_user_id(metadata)
    if call.stream:
        options = fields.get("stream_options")
        known = _read_fields(options) if options and bytes(options) != b"null" else {}
        fields["stream_options"] = Raw(_encode(known | {"include_usage": TRUE}))
    fields.pop("max_tokens", None)
    fields[call.output_field] = Raw(b"%d" % most_output)
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
