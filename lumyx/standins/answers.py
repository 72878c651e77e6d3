"""Decide what the AI-provider stand-in answers, whatever the dialect.

The answer is, in this order: filler of a given length; calls of tools; the system prompt or the
parameters, where the model name asks for them; the result of the last tool; and what the last
user message says. Where a schema is asked for, that text comes inside a value that satisfies it.

Tools are called where `tool_choice` forces it, or where the last user message has lines like
`call:get_weather {"city": "Oslo"}`: one call for each line that names an offered tool.
"""

import json
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from lumyx.standins import schema_values, tokens
from lumyx.standins.behaviours import Behaviour

NOTHING = "(nothing to say)"
THOUGHT = "The user said something, so the right answer is to say the same."
FILLER = " word"
"""One token, of which answers of a given length are made."""
CALL_LINE = re.compile(r"^[ \t]*call:([\w.-]+)[ \t]+(\{.*\})[ \t\r]*$", re.MULTILINE)
AUTO, ANY, NONE = "auto", "any", "none"
"""What `tool_choice` may be, besides the name of a tool."""
ANY_TEXT_OBJECT = {"type": "object", "properties": {"text": {"type": "string"}}}
"""The schema where any JSON object is asked for."""


class BadCall(Exception):
    """The request is wrong: a message, and the field that is wrong."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param


class Choice(msgspec.Struct, frozen=True):
    """Whether tools are to be called: `auto`, `any`, `none`, or `named` for one of them."""

    kind: str = AUTO
    name: str | None = None
    parallel: bool = True

    def forces(self) -> bool:
        """Return whether a tool must be called."""
        return self.kind not in (AUTO, NONE)


class Call(msgspec.Struct, kw_only=True):
    """A request that was read, in no dialect; unknown fields are only in `params`."""

    model: str
    params: dict[str, Any]
    prompt: int
    stream: bool = False
    text: str = ""
    media: list[str] = []
    result: str | None = None
    system: str = ""
    most: int | None = None
    choices: int = 1
    stops: list[str] = []
    tools: dict[str, Any] = {}
    choice: Choice = Choice()
    schema: Any = None
    thinks: bool = False

    def said(self) -> str:
        """Return what the last user message says, after what it shows."""
        return " ".join([*self.media, self.text] if self.text else self.media) or NOTHING


class ToolCall(msgspec.Struct):
    """A tool that is called, with its arguments as JSON."""

    name: str
    arguments: str

    def pieces(self) -> list[str]:
        """Return the arguments as they are streamed."""
        return [piece for piece in tokens.cut(self.arguments) if piece]


class Answer(msgspec.Struct):
    """What is answered; `ended` is stop, length, stop_sequence or tools."""

    thought: list[str]
    content: list[str]
    calls: list[ToolCall]
    ended: str
    stop: str | None = None

    def output(self) -> int:
        """Return how many tokens were put out."""
        called = sum(tokens.count(c.name) + tokens.count(c.arguments) for c in self.calls)
        return len(self.thought) + len(self.content) + called


def compose(call: Call, behaviour: Behaviour) -> Answer:
    """Answer a call; raise BadCall where a schema cannot be satisfied."""
    most = None if behaviour.has("ignores-max") else call.most
    thought = tokens.cut(THOUGHT, most) if call.thinks else []
    if behaviour.tokens is not None:
        return Answer(thought, [FILLER] * behaviour.tokens, [], "stop")
    calls = _tool_calls(call, behaviour)
    if calls:
        return Answer(thought, [], calls, "tools")
    text, stop = _until_stop(_text(call, behaviour), call.stops)
    left = None if most is None else most - len(thought)
    content = tokens.cut(text)
    if left is not None and len(content) > left:
        return Answer(thought, content[:left], [], "length")
    return Answer(thought, content, [], "stop" if stop is None else "stop_sequence", stop)


def _text(call: Call, behaviour: Behaviour) -> str:
    if behaviour.has("says-system"):
        return call.system or NOTHING
    if behaviour.has("says-params"):
        return json.dumps(
            call.params, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str
        )
    text = call.said() if call.result is None else call.result or NOTHING
    return text if call.schema is None else _fill(call.schema, text)


def _fill(schema: Any, text: str) -> str:
    try:
        return msgspec.json.encode(schema_values.make(schema, text)).decode()
    except (
        schema_values.UnusableSchema,
        *(AttributeError, TypeError, ValueError, KeyError, IndexError, ArithmeticError),
    ):
        raise BadCall("Invalid schema: no value can satisfy it.", "schema") from None


def _until_stop(text: str, stops: Iterable[str]) -> tuple[str, str | None]:
    """Return the text before the first stop sequence, and which that was."""
    found = [(text.find(stop), stop) for stop in stops if stop in text]
    if not found:
        return text, None
    place, stop = min(found)
    return text[:place], stop


def _tool_calls(call: Call, behaviour: Behaviour) -> list[ToolCall]:
    choice = call.choice
    if not call.tools or choice.kind == NONE:
        return []
    found = [] if call.result is not None else _told_calls(call)
    if choice.name is not None:
        found = [told for told in found if told.name == choice.name]
    if not found and choice.forces():
        found = [_made_call(call, choice.name or next(iter(call.tools)))]
    if behaviour.has("interleaved") and len(found) < 2 and call.result is None:
        names = [choice.name] if choice.name else list(call.tools)
        found = [_made_call(call, name) for name in (names * 2)[:2]]
    return found if choice.parallel else found[:1]


def _told_calls(call: Call) -> list[ToolCall]:
    told = [ToolCall(match[1], match[2]) for match in CALL_LINE.finditer(call.text)]
    return [one for one in told if one.name in call.tools and _is_object(one.arguments)]


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _made_call(call: Call, name: str) -> ToolCall:
    schema = call.tools[name]
    arguments = _fill(schema if isinstance(schema, dict) else {}, call.said())
    return ToolCall(name, arguments)
