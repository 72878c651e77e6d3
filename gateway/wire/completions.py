"""OpenAI's legacy Completions: one prompt in, more text out."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from gateway import ids
from gateway.errors import ApiError, bad_request
from gateway.pricing import MOST_TOKENS, Tokens
from gateway.wire.call import BYTES_PER_TOKEN, About, Call, Measure
from gateway.wire.chat.errors import error_body, error_event
from gateway.wire.chat.request import model_name
from gateway.wire.chat.usage import usage_object
from gateway.wire.conversation import Conversation, Text, Turn
from gateway.wire.dialects import StreamWriter
from gateway.wire.events import Event, Finish, FinishReason, TextDelta
from gateway.wire.reading import encode, read_request, size_of

DEFAULT_MAX_TOKENS = 16
"""What OpenAI writes where the client sets no limit."""
MOST_CHOICES = 2_048
"""Answers to one call: prompts times the completions of each."""
DONE = b"data: [DONE]\n\n"

TokenId = Annotated[int, Meta(ge=0)]
Prompt = str | list[str | TokenId | list[TokenId]]


class StreamOptions(msgspec.Struct):
    """What a client wants of a stream."""

    include_usage: bool | None = None


class Body(msgspec.Struct):
    """The fields of a request that we must understand; a provider that is forwarded to sees all."""

    model: str
    prompt: Prompt
    max_tokens: Annotated[int, Meta(ge=1, le=MOST_TOKENS)] | None = None
    n: Annotated[int, Meta(ge=1, le=128)] | None = None
    best_of: Annotated[int, Meta(ge=1, le=128)] | None = None
    echo: bool | None = None
    suffix: str | None = None
    logprobs: int | None = None
    stop: str | list[str] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None


_body = msgspec.json.Decoder(Body)


def prompts_of(prompt: Prompt, param: str) -> list[str | list[int]]:
    """Return each text or list of token ids; raise the API's 400 where they are mixed or empty."""
    if isinstance(prompt, str):
        found: list[Any] = [prompt]
    elif prompt and all(isinstance(part, int) for part in prompt):
        found = [prompt]
    else:
        found = list(prompt)
        if len({type(part) for part in found}) > 1 or any(isinstance(p, int) for p in found):
            raise bad_request(
                f"`{param}` must be all texts, all token ids, or all lists of token ids.",
                param=param,
            )
    if not found or not all(found):
        raise bad_request(f"`{param}` must not be empty, nor anything in it.", param=param)
    return found


def measure_prompts(prompts: list[str | list[int]], measure: Measure) -> None:
    """Add prompts to what a body holds; a token id is a token, however it is written."""
    for prompt in prompts:
        measure.messages += 1
        if isinstance(prompt, str):
            measure.text += size_of(prompt)
        else:
            measure.text += BYTES_PER_TOKEN * len(prompt)


class CompletionsDialect:
    """`POST completions`; only a single prompt in words can be translated."""

    endpoint = "completions"
    needs = "chat"
    keep_alive = b": keep-alive\n\n"

    def read(self, body: bytes) -> Call:
        """Read a request; raise the API's 400 with the field that is wrong.

        Without a limit of the client's, `most_output` is OpenAI's default, which not all
        providers share.
        """
        parsed, fields = read_request(_body, body)
        assert isinstance(parsed, Body)
        prompts = prompts_of(parsed.prompt, "prompt")
        measure = Measure()
        measure_prompts(prompts, measure)
        estimate, most = measure.tokens(len(body))
        options = parsed.stream_options
        return Call(
            model=model_name(parsed.model),
            stream=parsed.stream is True,
            most_output=parsed.max_tokens or DEFAULT_MAX_TOKENS,
            choices=_choices(parsed, len(prompts)),
            input_estimate=estimate,
            input_most=most,
            fields=fields,
            parsed=parsed,
            include_usage=options is not None and options.include_usage is True,
        )

    def conversation(self, call: Call) -> Conversation:
        """Return the prompt as a user's turn; raise the API's 400 for what has no translation."""
        body = call.parsed
        assert isinstance(body, Body)
        _refuse_untranslatable(body)
        [prompt] = prompts_of(body.prompt, "prompt")
        assert isinstance(prompt, str)
        stop = [body.stop] if isinstance(body.stop, str) else body.stop or []
        return Conversation(
            system=[],
            turns=[Turn(role="user", blocks=[Text(prompt)])],
            temperature=body.temperature,
            top_p=body.top_p,
            stop=stop,
            show_reasoning=False,
            stream=call.stream,
        )

    def whole(self, events: list[Event], tokens: Tokens, about: About) -> bytes:
        """Write an unstreamed answer."""
        text = "".join(event.text for event in events if isinstance(event, TextDelta))
        reasons = [event.reason for event in events if isinstance(event, Finish)]
        choice = _choice(text, _reason(reasons[-1]) if reasons else "stop")
        return encode({**_shared(about), "choices": [choice], "usage": usage_object(tokens)})

    def writer(self, about: About) -> StreamWriter:
        """Return the writer of one streamed answer."""
        return CompletionsWriter(about)

    def error_body(self, error: ApiError, request_id: str) -> bytes:
        """Write an error."""
        return error_body(error)


def _choices(body: Body, prompts: int) -> int:
    each, best_of = body.n or 1, body.best_of
    if best_of is not None and best_of < each:
        raise bad_request("`best_of` must not be below `n`.", param="best_of")
    choices = prompts * max(each, best_of or 1)
    if choices > MOST_CHOICES:
        raise bad_request(
            f"A call may ask for {MOST_CHOICES:,} completions in all: prompts times `n` or"
            " `best_of`.",
            param="n",
        )
    return choices


def _refuse_untranslatable(body: Body) -> None:
    one_text = isinstance(body.prompt, str) or (
        len(body.prompt) == 1 and isinstance(body.prompt[0], str)
    )
    refused = {
        "prompt": not one_text,
        "n": body.n not in (None, 1),
        "best_of": body.best_of not in (None, 1),
        "echo": body.echo is True,
        "suffix": bool(body.suffix),
        "logprobs": body.logprobs is not None,
    }
    for name, wrong in refused.items():
        if wrong:
            taken = "only one text as" if name == "prompt" else "no"
            raise bad_request(
                f"A chat model takes {taken} `{name}` here. Use chat/completions.",
                param=name,
                code="not_supported",
            )


class CompletionsWriter:
    """Writes one streamed answer as chunks of text."""

    def __init__(self, about: About) -> None:
        self._shared = _shared(about)
        self._include_usage = about.call.include_usage
        if self._include_usage:
            # Every chunk but the last says that its usage is still to come.
            self._shared["usage"] = None

    def write(self, events: list[Event]) -> bytes:
        """Return what these events are in the client's dialect."""
        text = "".join(event.text for event in events if isinstance(event, TextDelta))
        ready = self._chunk(_choice(text, None)) if text else b""
        for event in events:
            if isinstance(event, Finish):
                ready += self._chunk(_choice("", _reason(event.reason)))
        return ready

    def end(self, tokens: Tokens) -> bytes:
        """Return the end of a whole answer."""
        if not self._include_usage:
            return DONE
        return _data({**self._shared, "choices": [], "usage": usage_object(tokens)}) + DONE

    def fail(self, error: ApiError) -> bytes:
        """Return the end of an answer that broke, which has no `[DONE]`."""
        return error_event(error)

    def _chunk(self, choice: dict[str, Any]) -> bytes:
        return _data({**self._shared, "choices": [choice]})


def _data(chunk: dict[str, Any]) -> bytes:
    return b"data: " + encode(chunk) + b"\n\n"


def _shared(about: About) -> dict[str, Any]:
    return {
        "id": f"cmpl-{about.request_id.removeprefix(ids.PREFIX)}",
        "object": "text_completion",
        "created": about.created,
        "model": about.model,
    }


def _choice(text: str, reason: str | None) -> dict[str, Any]:
    return {"text": text, "index": 0, "logprobs": None, "finish_reason": reason}


def _reason(reason: FinishReason) -> str:
    # Tools cannot be called here, so clients do not know that reason.
    return "stop" if reason == "tool_calls" else reason
