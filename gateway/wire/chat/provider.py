"""OpenAI's API as a provider speaks it: conversations out, answers in."""

import secrets
from typing import Any

import msgspec

from gateway.errors import upstream_failed
from gateway.wire.call import Call, Target
from gateway.wire.chat import provider_body
from gateway.wire.chat.forward import DONE_DATA, ChatForward
from gateway.wire.chat.usage import read_tokens
from gateway.wire.conversation import Conversation
from gateway.wire.dialects import Forward
from gateway.wire.embeddings import EmbeddingsForward
from gateway.wire.events import (
    BrokenStream,
    Event,
    Finish,
    FinishReason,
    TextDelta,
    ThinkingDelta,
    ToolArguments,
    ToolStart,
    Usage,
)
from gateway.wire.reading import UNREADABLE

REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


class Function(msgspec.Struct, gc=False):
    """A function that is called, or a piece of its arguments."""

    name: Any = None
    arguments: Any = None


class ToolCall(msgspec.Struct, gc=False):
    """A tool call, or a piece of one."""

    index: int = 0
    id: Any = None
    function: Function | None = None


class Output(msgspec.Struct, gc=False):
    """A message, or a piece of one."""

    content: Any = None
    refusal: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    tool_calls: list[ToolCall] | None = None


class Choice(msgspec.Struct, gc=False):
    """The answer."""

    delta: Output | None = None
    message: Output | None = None
    finish_reason: Any = None


class Answer(msgspec.Struct, gc=False):
    """A completion, or a chunk of one."""

    choices: list[Choice] | None = None
    usage: Any = None
    error: Any = None


_read = msgspec.json.Decoder(Answer).decode


class OpenAIProvider:
    """Providers that speak OpenAI's API."""

    endpoint = "chat/completions"
    forwards: dict[str, Forward] = {
        "chat/completions": ChatForward("chat/completions"),
        "completions": ChatForward("completions"),
        "embeddings": EmbeddingsForward(),
    }

    def headers(self, key: str, call: Call) -> dict[str, str]:
        """Return the header that carries the key."""
        return {"Authorization": f"Bearer {key}"}

    def body(self, conversation: Conversation, target: Target) -> bytes:
        """Write a conversation."""
        return provider_body.write(conversation, target)

    def read_whole(self, body: bytes) -> list[Event]:
        """Read an unstreamed answer; raise the API's 502 where it is none."""
        try:
            answer = _read(body)
            if answer.error is not None or not answer.choices:
                raise upstream_failed(502)
            reader = OpenAIReader()
            for choice in answer.choices[:1]:
                # Whole tool calls carry no index: each is one of its own.
                calls = choice.message.tool_calls if choice.message is not None else None
                for number, call in enumerate(calls or ()):
                    call.index = number
            return reader.events(answer)
        except (*UNREADABLE, BrokenStream):
            raise upstream_failed(502) from None

    def reader(self, conversation: Conversation, target: Target) -> "OpenAIReader":
        """Return the reader of one streamed answer."""
        return OpenAIReader()


class OpenAIReader:
    """Reads the chunks of one answer.

    Pieces of parallel tool calls may alternate: those of a later call wait until the one
    before it is whole, since other dialects have no way to say two things at once.
    """

    def __init__(self) -> None:
        self.closed = False
        self._open = -1
        self._arguments: list[str] = []
        self._waiting: dict[int, list[Event]] = {}
        self._called = False

    def read(self, payload: bytes) -> list[Event]:
        """Return the events in one chunk; raise BrokenStream where it is none."""
        if payload == DONE_DATA:
            self.closed = True
            return []
        try:
            answer = _read(payload)
        except UNREADABLE:
            raise BrokenStream from None
        if answer.error is not None:
            raise BrokenStream
        return self.events(answer)

    def events(self, answer: Answer) -> list[Event]:
        """Return the events in a chunk or a whole answer."""
        events: list[Event] = []
        if answer.choices:
            choice = answer.choices[0]
            output = choice.delta or choice.message
            if output is not None:
                self._output(output, events)
            if choice.finish_reason is not None:
                self._finish(choice.finish_reason, events)
        if answer.usage is not None:
            events.append(Usage(read_tokens(answer.usage)))
        return events

    def _output(self, output: Output, events: list[Event]) -> None:
        thought = output.reasoning_content or output.reasoning
        if thought and isinstance(thought, str):
            events.append(ThinkingDelta(thought))
        for text in (output.content, output.refusal):
            if text and isinstance(text, str):
                events.append(TextDelta(text))
        for call in output.tool_calls or ():
            self._tool(call, events)

    def _tool(self, call: ToolCall, events: list[Event]) -> None:
        place = call.index
        news: list[Event] = []
        if place > self._open and place not in self._waiting:
            news.append(ToolStart(_text(call.id) or f"call_{secrets.token_hex(12)}", _name(call)))
            self._called = True
        arguments = _text(call.function.arguments) if call.function is not None else ""
        if arguments:
            news.append(ToolArguments(arguments))
        if place == self._open:
            self._pass(news, events)
        elif place < self._open:
            if arguments:
                raise BrokenStream
        elif self._open < 0 or (not self._waiting and self._whole()):
            self._open, self._arguments = place, []
            self._pass(news, events)
        else:
            self._waiting.setdefault(place, []).extend(news)
            self._release(events)

    def _pass(self, news: list[Event], events: list[Event]) -> None:
        events += news
        self._arguments += [event.text for event in news if isinstance(event, ToolArguments)]
        if self._waiting:
            self._release(events)

    def _release(self, events: list[Event]) -> None:
        while self._waiting and self._whole():
            self._open, self._arguments = min(self._waiting), []
            waiting = self._waiting.pop(self._open)
            events += waiting
            self._arguments = [e.text for e in waiting if isinstance(e, ToolArguments)]

    def _whole(self) -> bool:
        """Return whether the arguments of the open tool call are whole."""
        try:
            msgspec.json.decode("".join(self._arguments))
        except UNREADABLE:
            return False
        return True

    def _finish(self, reason: Any, events: list[Event]) -> None:
        for place in sorted(self._waiting):
            events += self._waiting.pop(place)
        known = REASONS.get(reason, "stop") if isinstance(reason, str) else "stop"
        # Some providers end a tool call as if the model had nothing more to say.
        events.append(Finish("tool_calls" if self._called and known == "stop" else known))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _name(call: ToolCall) -> str:
    name = _text(call.function.name) if call.function is not None else ""
    if not name:
        raise BrokenStream
    return name
