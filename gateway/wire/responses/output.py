"""The output items of one answer, built from its events, with the stream events of each step.

The whole answer repeats its text in the last event of a stream, so this is the one place
where memory grows with the answer: by its own text, once.
"""

from typing import Any, Literal, Protocol

from gateway.wire.events import (
    Event,
    Finish,
    FinishReason,
    RedactedThinking,
    TextDelta,
    ThinkingDelta,
    ThinkingSignature,
    ToolArguments,
    ToolStart,
)
from gateway.wire.responses.thinking import Kept, pack

Step = tuple[str, dict[str, Any]]
"""The type of a stream event, and its fields."""
Status = Literal["completed", "incomplete"]


class OpenItem(Protocol):
    """An item that is not complete yet."""

    def added(self) -> list[Step]:
        """Return the item's beginning."""

    def done(self, status: Status) -> tuple[list[Step], dict[str, Any]]:
        """Return the item's end, and the item."""


class _Place:
    """Where an item stands in the output, and the events that say so."""

    def __init__(self, prefix: str, index: int, key: str) -> None:
        self.id = f"{prefix}_{key}_{index}"
        self.index = index

    def step(self, kind: str, **fields: Any) -> Step:
        return f"response.{kind}", {"item_id": self.id, "output_index": self.index, **fields}

    def item(self, kind: str, item: dict[str, Any]) -> Step:
        return f"response.output_item.{kind}", {"output_index": self.index, "item": item}


class _Message:
    """Words of the answer."""

    def __init__(self, index: int, key: str) -> None:
        self._at = _Place("msg", index, key)
        self._pieces: list[str] = []

    def added(self) -> list[Step]:
        return [
            self._at.item("added", self._item("in_progress", [])),
            self._at.step("content_part.added", content_index=0, part=_output_text("")),
        ]

    def more(self, text: str) -> Step:
        self._pieces.append(text)
        return self._at.step("output_text.delta", content_index=0, delta=text, logprobs=[])

    def done(self, status: Status) -> tuple[list[Step], dict[str, Any]]:
        text = "".join(self._pieces)
        part = _output_text(text)
        item = self._item(status, [part])
        return [
            self._at.step("output_text.done", content_index=0, text=text, logprobs=[]),
            self._at.step("content_part.done", content_index=0, part=part),
            self._at.item("done", item),
        ], item

    def _item(self, status: str, content: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self._at.id,
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": content,
        }


def _output_text(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


class _FunctionCall:
    """A function that the model calls."""

    def __init__(self, index: int, key: str, start: ToolStart) -> None:
        self._at = _Place("fc", index, key)
        self._start = start
        self._pieces: list[str] = []

    def added(self) -> list[Step]:
        return [self._at.item("added", self._item("in_progress", ""))]

    def more(self, text: str) -> Step:
        self._pieces.append(text)
        return self._at.step("function_call_arguments.delta", delta=text)

    def done(self, status: Status) -> tuple[list[Step], dict[str, Any]]:
        steps = []
        if not self._pieces and status == "completed":
            # Clients parse the arguments as JSON, which nothing at all is not.
            steps.append(self.more("{}"))
        arguments = "".join(self._pieces)
        item = self._item(status, arguments)
        steps += [
            self._at.step(
                "function_call_arguments.done", name=self._start.name, arguments=arguments
            ),
            self._at.item("done", item),
        ]
        return steps, item

    def _item(self, status: str, arguments: str) -> dict[str, Any]:
        return {
            "id": self._at.id,
            "type": "function_call",
            "status": status,
            "call_id": self._start.id,
            "name": self._start.name,
            "arguments": arguments,
        }


class _Reasoning:
    """What the model thinks: shown as a summary, or kept packed by the client, or both."""

    def __init__(self, index: int, key: str, *, shown: bool, packed: bool) -> None:
        self._at = _Place("rs", index, key)
        self._shown = shown
        self._packed = packed
        self._pieces: list[str] = []
        self.signature = ""
        self.redacted = ""

    @property
    def sealed(self) -> bool:
        """Whether more thinking would be another item."""
        return bool(self.signature or self.redacted)

    def added(self) -> list[Step]:
        extra = {"encrypted_content": None} if self._packed else {}
        return [self._at.item("added", self._item([]) | extra)]

    def more(self, text: str) -> list[Step]:
        if not (self._shown or self._packed):
            return []
        first = not self._pieces
        self._pieces.append(text)
        if not self._shown:
            return []
        steps = [self._at.step("reasoning_summary_text.delta", summary_index=0, delta=text)]
        if first:
            part = self._at.step("reasoning_summary_part.added", summary_index=0, part=_summary(""))
            steps.insert(0, part)
        return steps

    def done(self, status: Status) -> tuple[list[Step], dict[str, Any]]:
        text = "".join(self._pieces)
        steps: list[Step] = []
        summary: list[dict[str, Any]] = []
        if self._shown and text:
            summary = [_summary(text)]
            steps = [
                self._at.step("reasoning_summary_text.done", summary_index=0, text=text),
                self._at.step("reasoning_summary_part.done", summary_index=0, part=summary[0]),
            ]
        item = self._item(summary)
        if self._packed:
            kept = Kept(
                text="" if self._shown else text, signature=self.signature, redacted=self.redacted
            )
            item["encrypted_content"] = pack(kept)
        steps.append(self._at.item("done", item))
        return steps, item

    def _item(self, summary: list[dict[str, Any]]) -> dict[str, Any]:
        return {"id": self._at.id, "type": "reasoning", "summary": summary}


def _summary(text: str) -> dict[str, Any]:
    return {"type": "summary_text", "text": text}


class Output:
    """Builds the output items of one answer; thinking may be shown, packed, or left out."""

    def __init__(self, key: str, *, shown: bool, packed: bool, left_out: bool) -> None:
        self._key = key
        self._shown = shown
        self._packed = packed
        self._left_out = left_out
        self._open: OpenItem | None = None
        self.items: list[dict[str, Any]] = []
        self.reason: FinishReason = "stop"

    def take(self, event: Event) -> list[Step]:
        """Return the stream events that an event makes."""
        if isinstance(event, TextDelta):
            return self._text(event.text) if event.text else []
        if isinstance(event, ToolArguments):
            if isinstance(self._open, _FunctionCall) and event.text:
                return [self._open.more(event.text)]
            return []
        if isinstance(event, ToolStart):
            return self._begin(_FunctionCall(self._next(), self._key, event))
        if isinstance(event, Finish):
            self.reason = event.reason
            return self.close()
        if isinstance(event, (ThinkingDelta, ThinkingSignature, RedactedThinking)):
            return [] if self._left_out else self._thought(event)
        return []

    def close(self) -> list[Step]:
        """Complete the item that is open; only the last of a cut answer is incomplete."""
        return self._close("incomplete" if self.incomplete else "completed")

    @property
    def incomplete(self) -> bool:
        """Whether the answer was cut, by a limit or by a filter."""
        return self.reason in ("length", "content_filter")

    def _text(self, text: str) -> list[Step]:
        item = self._open
        if isinstance(item, _Message):
            return [item.more(text)]
        item = _Message(self._next(), self._key)
        return [*self._begin(item), item.more(text)]

    def _thought(self, event: ThinkingDelta | ThinkingSignature | RedactedThinking) -> list[Step]:
        steps: list[Step] = []
        item = self._open
        redacted = isinstance(event, RedactedThinking)
        if not isinstance(item, _Reasoning) or item.sealed or redacted:
            item = _Reasoning(self._next(), self._key, shown=self._shown, packed=self._packed)
            steps = self._begin(item)
        if isinstance(event, ThinkingDelta):
            return steps + item.more(event.text) if event.text else steps
        if isinstance(event, ThinkingSignature):
            item.signature = event.signature
        else:
            item.redacted = event.data
        return steps

    def _next(self) -> int:
        return len(self.items) + (self._open is not None)

    def _begin(self, item: OpenItem) -> list[Step]:
        steps = self._close("completed")
        self._open = item
        return steps + item.added()

    def _close(self, status: Status) -> list[Step]:
        if self._open is None:
            return []
        steps, item = self._open.done(status)
        self._open = None
        self.items.append(item)
        return steps
