"""Decide what the AI-provider stand-in answers, and write it in OpenAI's wire format."""

import secrets
import time
from typing import Any

import msgspec

from lumyx.standins import tokens
from lumyx.standins.behaviours import Behaviour

NOTHING = "(nothing to say)"
THOUGHT = "The user said something, so the right answer is to say the same."
FILLER = " word"
"""One token, of which answers of a given length are made."""


class BadCall(Exception):
    """The request is wrong: a message, and the field that is wrong."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param


class Call(msgspec.Struct):
    """A request that was read; unknown fields are of no interest here."""

    model: str
    messages: list[dict[str, Any]]
    stream: bool
    include_usage: bool
    most: int | None
    choices: int
    tools: Any
    tool: str | None

    def said(self) -> str:
        """Return the text of the last user message."""
        for message in reversed(self.messages):
            if message.get("role") == "user":
                return _text(message.get("content")) or NOTHING
        return NOTHING


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "".join(
        part["text"]
        for part in content
        if isinstance(part, dict)
        and part.get("type") == "text"
        and isinstance(part.get("text"), str)
    )


def read(body: bytes) -> Call:
    """Read a request body; raise BadCall where a real provider would answer 400."""
    try:
        fields = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadCall("We could not parse the JSON body of your request.") from None
    if not isinstance(fields, dict):
        raise BadCall("The body of your request must be a JSON object.")
    if not isinstance(fields.get("model"), str):
        raise BadCall("you must provide a model parameter", "model")
    messages = fields.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BadCall("Invalid 'messages': expected a non-empty array.", "messages")
    if not all(isinstance(message, dict) for message in messages):
        raise BadCall("Invalid 'messages': expected objects.", "messages")
    options = fields.get("stream_options")
    if options and not fields.get("stream"):
        raise BadCall("'stream_options' is only allowed with 'stream'.", "stream_options")
    return Call(
        model=fields["model"],
        messages=messages,
        stream=fields.get("stream") is True,
        include_usage=isinstance(options, dict) and options.get("include_usage") is True,
        most=_whole(fields, "max_completion_tokens") or _whole(fields, "max_tokens"),
        choices=_whole(fields, "n") or 1,
        tools=fields.get("tools"),
        tool=_forced_tool(fields.get("tools"), fields.get("tool_choice")),
    )


def _whole(fields: dict[str, Any], name: str) -> int | None:
    value = fields.get(name)
    if value is None:
        return None
    if type(value) is not int or value < 1:
        raise BadCall(f"Invalid '{name}': expected an integer above 0.", name)
    return value


def _forced_tool(tools: Any, choice: Any) -> str | None:
    """Return the function that must be called, by its name or because one is required."""
    if not tools:
        return None
    try:
        names = [tool["function"]["name"] for tool in tools]
        wanted = names[0] if choice == "required" else None
        if isinstance(choice, dict):
            wanted = choice["function"]["name"]
    except (TypeError, KeyError, IndexError):
        raise BadCall("Invalid 'tools' or 'tool_choice'.", "tools") from None
    if wanted is not None and (not isinstance(wanted, str) or wanted not in names):
        raise BadCall("'tool_choice' names a function that is not among 'tools'.", "tool_choice")
    return wanted


class Reply(msgspec.Struct):
    """What is answered: the same in each choice."""

    id: str
    created: int
    thought: list[str]
    content: list[str]
    finish: str
    usage: dict[str, object] | None
    tool_call: dict[str, Any] | None


def compose(call: Call, behaviour: Behaviour) -> Reply:
    """Answer a call with what its last user message says."""
    most = None if behaviour.has("ignores-max") else call.most
    thought: list[str] = tokens.cut(THOUGHT, most) if behaviour.has("reasoning") else []
    left = None if most is None else most - len(thought)
    tool_call = None
    if behaviour.tokens is not None:
        content, finish = [FILLER] * behaviour.tokens, "stop"
    elif call.tool is not None:
        content, finish = [], "tool_calls"
        tool_call = {
            "id": f"call_{secrets.token_hex(12)}",
            "type": "function",
            "function": {"name": call.tool, "arguments": "{}"},
        }
    else:
        content = tokens.cut(call.said())
        finish = "stop" if left is None or len(content) <= left else "length"
        content = content[:left]
    output = len(thought) + len(content)
    if call.tool is not None and tool_call is not None:
        output += tokens.count(call.tool) + tokens.count("{}")
    return Reply(
        id=f"chatcmpl-{secrets.token_urlsafe(21)}",
        created=int(time.time()),
        thought=thought,
        content=content,
        finish=finish,
        usage=_usage(call, behaviour, output=output, reasoning=len(thought)),
        tool_call=tool_call,
    )


def _usage(
    call: Call, behaviour: Behaviour, *, output: int, reasoning: int
) -> dict[str, object] | None:
    if behaviour.has("no-usage"):
        return None
    prompt = tokens.count_prompt(call.messages, call.tools)
    output *= call.choices
    usage: dict[str, object] = {
        "prompt_tokens": prompt,
        "completion_tokens": output,
        "total_tokens": prompt + output,
        "prompt_tokens_details": {
            "cached_tokens": prompt // 2 if behaviour.has("cached") else 0,
            "audio_tokens": 0,
        },
        "completion_tokens_details": {
            "reasoning_tokens": reasoning * call.choices,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
    return usage | (behaviour.bad_usage or {})


def head(call: Call, reply: Reply, kind: str) -> dict[str, object]:
    """Return the fields that every answer and every chunk begins with."""
    return {
        "id": reply.id,
        "object": kind,
        "created": reply.created,
        "model": call.model,
        "service_tier": "default",
        "system_fingerprint": "fp_standin",
    }


def whole(call: Call, reply: Reply, behaviour: Behaviour) -> dict[str, object]:
    """Return an unstreamed answer."""
    message: dict[str, object] = {
        "role": "assistant",
        "content": None if reply.tool_call else "".join(reply.content),
        "refusal": None,
        "annotations": [],
    }
    if reply.thought:
        message["reasoning_content"] = "".join(reply.thought)
    if reply.tool_call:
        message["tool_calls"] = [reply.tool_call]
    answer = head(call, reply, "chat.completion")
    answer["choices"] = [
        {"index": index, "message": message, "logprobs": None, "finish_reason": reply.finish}
        for index in range(0 if behaviour.has("silent-end") else call.choices)
    ]
    if reply.usage is not None:
        answer["usage"] = reply.usage
    return answer


def error(message: str, *, status: int, param: str | None = None, code: str | None = None) -> bytes:
    """Write an error in OpenAI's shape."""
    kinds = {401: "invalid_request_error", 429: "requests", 503: "service_unavailable_error"}
    kind = kinds.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return msgspec.json.encode(
        {"error": {"message": message, "type": kind, "param": param, "code": code}}
    )
