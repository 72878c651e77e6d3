"""The Response object: what a whole answer is, and what a stream begins and ends with."""

from typing import Any

from gateway import ids
from gateway.pricing import Tokens
from gateway.wire.call import About
from gateway.wire.events import Event
from gateway.wire.reading import encode, given, read_fields
from gateway.wire.responses.output import Output
from gateway.wire.responses.request import Body, ReasoningOptions, request_of

ENCRYPTED = "reasoning.encrypted_content"
PLAIN_TEXT = {"format": {"type": "text"}, "verbosity": "medium"}


def key_of(about: About) -> str:
    """Return what the ids in an answer share."""
    return about.request_id.removeprefix(ids.PREFIX)


def output_of(about: About) -> Output:
    """Return an answer's output, with nothing in it yet."""
    body = request_of(about.call).body
    options = body.reasoning or ReasoningOptions()
    packed = ENCRYPTED in (body.include or ())
    return Output(
        key_of(about),
        shown=options.shown is not None,
        packed=packed,
        left_out=options.exclude is True and not packed,
    )


def begun(about: About) -> dict[str, Any]:
    """Return a Response as it is before any output."""
    call, body = about.call, request_of(about.call).body
    tools = call.fields.get("tools")
    choice = call.fields.get("tool_choice")
    return {
        "id": f"resp_{key_of(about)}",
        "object": "response",
        "created_at": about.created,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": body.instructions,
        "max_output_tokens": body.max_output_tokens,
        "max_tool_calls": None,
        "model": about.model,
        "output": [],
        "parallel_tool_calls": body.parallel_tool_calls is not False,
        "previous_response_id": None,
        "reasoning": _reasoning(body.reasoning or ReasoningOptions()),
        "service_tier": "default",
        "store": False,
        "temperature": 1.0 if body.temperature is None else body.temperature,
        "text": _text(about, body),
        "tool_choice": choice if given(choice) else "auto",
        "tools": tools if given(tools) else [],
        "top_logprobs": 0,
        "top_p": 1.0 if body.top_p is None else body.top_p,
        # Nothing is ever truncated here; what does not fit is refused by the provider.
        "truncation": "disabled",
        "usage": None,
        "user": None,
        "metadata": body.metadata or {},
    }


def _reasoning(options: ReasoningOptions) -> dict[str, Any]:
    effort = "none" if options.enabled is False else options.effort
    return {"effort": effort, "summary": options.shown}


def _text(about: About, body: Body) -> dict[str, Any]:
    if body.text is None:
        return PLAIN_TEXT
    asked = read_fields(about.call.fields["text"])
    return PLAIN_TEXT | {name: value for name, value in asked.items() if given(value)}


def ended(begin: dict[str, Any], output: Output, tokens: Tokens) -> dict[str, Any]:
    """Return a Response as it is after all output."""
    cut = None
    if output.incomplete:
        filtered = output.reason == "content_filter"
        cut = {"reason": "content_filter" if filtered else "max_output_tokens"}
    return begin | {
        "status": "incomplete" if output.incomplete else "completed",
        "incomplete_details": cut,
        "output": output.items,
        "usage": _usage(tokens),
    }


def _usage(tokens: Tokens) -> dict[str, Any]:
    read = tokens.input + tokens.cache_read + tokens.cache_write
    return {
        "input_tokens": read,
        "input_tokens_details": {
            "cached_tokens": tokens.cache_read,
            "cache_write_tokens": tokens.cache_write,
        },
        "output_tokens": tokens.output,
        "output_tokens_details": {"reasoning_tokens": tokens.reasoning},
        "total_tokens": read + tokens.output,
    }


def whole(events: list[Event], tokens: Tokens, about: About) -> bytes:
    """Write an unstreamed answer."""
    output = output_of(about)
    for event in events:
        output.take(event)
    output.close()
    return encode(ended(begun(about), output, tokens))
