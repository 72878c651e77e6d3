"""OpenAI's Embeddings: read a request, and forward it to a provider that speaks the same."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Raw

from gateway.errors import ApiError, bad_request, upstream_failed
from gateway.meter import Meter
from gateway.pricing import MOST_TOKENS, Tokens
from gateway.wire.call import About, Call, Measure, Target
from gateway.wire.chat.errors import error_body
from gateway.wire.chat.request import model_name
from gateway.wire.completions import Prompt, measure_prompts, prompts_of
from gateway.wire.conversation import Conversation
from gateway.wire.dialects import Passage, StreamWriter
from gateway.wire.events import Event
from gateway.wire.reading import UNREADABLE, encode, read_fields, read_request

MOST_INPUTS = 2_048
"""What OpenAI takes in one call."""

WITHHELD = ("user", "safety_identifier", "prompt_cache_key", "service_tier", "stream")
"""Who a client's user is, and what would have the provider charge us more than we charge."""


class Body(msgspec.Struct):
    """The fields of a request that we must understand; all others pass through."""

    model: str
    input: Prompt
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, Meta(ge=1, le=65_536)] | None = None
    stream: bool | None = None


class Request(msgspec.Struct):
    """A request that was read, as far as its answer must fit it."""

    inputs: int


_body = msgspec.json.Decoder(Body)


class EmbeddingsDialect:
    """`POST embeddings`; providers of another dialect cannot answer it."""

    endpoint = "embeddings"
    needs = "embeddings"
    keep_alive = b": keep-alive\n\n"

    def read(self, body: bytes) -> Call:
        """Read a request; raise the API's 400 with the field that is wrong.

        Vectors are not charged, only input is: `most_output` is 0 for the one answer there is.
        """
        parsed, fields = read_request(_body, body)
        assert isinstance(parsed, Body)
        if parsed.stream:
            raise bad_request("`stream` is not supported: vectors come at once.", param="stream")
        inputs = prompts_of(parsed.input, "input")
        if len(inputs) > MOST_INPUTS:
            raise bad_request(f"`input` may hold {MOST_INPUTS:,} texts at the most.", param="input")
        measure = Measure()
        measure_prompts(inputs, measure)
        estimate, most = measure.tokens(len(body))
        return Call(
            model=model_name(parsed.model),
            stream=False,
            most_output=0,
            choices=1,
            input_estimate=estimate,
            input_most=most,
            fields=fields,
            parsed=Request(inputs=len(inputs)),
        )

    def conversation(self, call: Call) -> Conversation:
        """Raise the API's 400: a vector is no answer in a conversation."""
        raise _only_forwarded()

    def whole(self, events: list[Event], tokens: Tokens, about: About) -> bytes:
        """Raise the API's 400: nothing is translated into vectors."""
        raise _only_forwarded()

    def writer(self, about: About) -> StreamWriter:
        """Raise the API's 400: vectors are not streamed."""
        raise _only_forwarded()

    def error_body(self, error: ApiError, request_id: str) -> bytes:
        """Write an error."""
        return error_body(error)


def _only_forwarded() -> ApiError:
    return bad_request("This model makes no embeddings.", param="model", code="not_supported")


class Embedding(msgspec.Struct):
    """A vector, of which only its being there is looked at."""

    embedding: Raw


class Answer(msgspec.Struct):
    """A provider's answer, as far as it must be right."""

    data: list[Embedding]
    usage: Any = None
    error: Any = None


_read_answer = msgspec.json.Decoder(Answer).decode


class EmbeddingsForward:
    """Embeddings at a provider that speaks as OpenAI does."""

    endpoint = "embeddings"

    def body(self, call: Call, target: Target) -> bytes:
        """Return the client's fields less what stays here, for the provider's model."""
        fields = {name: raw for name, raw in call.fields.items() if name not in WITHHELD}
        fields["model"] = Raw(encode(target.name))
        return encode(fields)

    def whole(self, body: bytes, about: About, meter: Meter) -> bytes:
        """Meter an answer and return it; raise the API's 502 where it is none.

        Where the provider reports no usage, its input is estimated, as the vectors did come.
        """
        try:
            answer, fields = _read_answer(body), read_fields(body)
        except UNREADABLE:
            raise upstream_failed(502) from None
        request = about.call.parsed
        assert isinstance(request, Request)
        if answer.error is not None or len(answer.data) != request.inputs:
            raise upstream_failed(502)
        meter.deliver(1, 0)
        if answer.usage is not None:
            meter.report(_tokens(answer.usage))
        fields["model"] = Raw(encode(about.model))
        return encode(fields)

    def passage(self, about: About, meter: Meter) -> Passage:
        """Raise the API's 400: vectors are not streamed."""
        raise _only_forwarded()


def _tokens(usage: Any) -> Tokens | None:
    prompt = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    if type(prompt) is not int or not 0 <= prompt <= MOST_TOKENS:
        return None
    return Tokens(input=prompt)
