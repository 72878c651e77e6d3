"""Write the AI-provider stand-in's answers as Anthropic's Messages."""

import json
import secrets
from collections.abc import Iterator
from typing import Any

import msgspec

from lumyx.standins import answers, messages_requests, messages_rules
from lumyx.standins.behaviours import BAD_MESSAGES_USAGE, Behaviour
from lumyx.standins.dialects import ANTHROPIC
from lumyx.standins.exchanges import Event, Exchange

Block = dict[str, Any]
STOP_REASONS = {
    "stop": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "tools": "tool_use",
}
GARBAGE = (
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":\n\n',
    b"\xff\xfe\x00 neither text nor event\n\ndata\n: \n\n",
    b"event: message_delta\ndata: not json at all\n\n",
)


def event(body: dict[str, Any], *, token: bool = False, end: bool = False) -> Event:
    """Return an event that is named for its type; the last counts come with message_delta."""
    name = body["type"]
    late = name == "message_delta"
    return Event(msgspec.json.encode(body), name=name, token=token, end=end, late=late)


class MessagesExchange(Exchange):
    """One call of Messages."""

    dialect = ANTHROPIC
    garbage = GARBAGE
    keep_alive = event({"type": "ping"})

    def __init__(self, fields: dict[str, Any], behaviour: Behaviour) -> None:
        super().__init__(behaviour)
        self.call = call = messages_requests.read(fields, behaviour)
        self.answer = answers.compose(call, behaviour)
        self.streamed = call.stream
        self.said = call.said()
        self.tokens = len(self.answer.content)
        thinking = fields.get("thinking")
        self._hides = isinstance(thinking, dict) and thinking.get("display") == "omitted"
        self._usage = _usage(self, fields)
        self._ids = [f"toolu_01{secrets.token_hex(11)}" for _ in self.answer.calls]
        self._id = f"msg_01{secrets.token_hex(11)}"

    def whole(self) -> dict[str, object]:
        """Return an unstreamed answer."""
        silent = self.behaviour.has("silent-end")
        return self._message(
            content=[] if silent else [_finished(*block) for block in self._blocks()],
            stop_reason=None if silent else STOP_REASONS[self.answer.ended],
            usage=self._usage,
        )

    def _message(
        self, *, content: list[Block], stop_reason: str | None, usage: dict[str, object] | None
    ) -> dict[str, object]:
        message: dict[str, object] = {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": self.call.model,
            "content": content,
            "stop_reason": stop_reason,
            "stop_sequence": self.answer.stop if stop_reason else None,
        }
        return message if usage is None else message | {"usage": usage}

    def _blocks(self) -> Iterator[tuple[Block, list[Block]]]:
        """Give each block as it starts, with its deltas."""
        if self.call.thinks:
            thought = [] if self._hides else self.answer.thought
            signature = messages_rules.sign("".join(thought))
            deltas = [{"type": "thinking_delta", "thinking": text} for text in thought]
            deltas.append({"type": "signature_delta", "signature": signature})
            yield {"type": "thinking", "thinking": "", "signature": ""}, deltas
        if self.answer.content:
            deltas = [{"type": "text_delta", "text": text} for text in self.answer.content]
            yield {"type": "text", "text": ""}, deltas
        for made, call_id in zip(self.answer.calls, self._ids, strict=True):
            pieces = ["", *made.pieces()]
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
            yield {"type": "tool_use", "id": call_id, "name": made.name, "input": {}}, deltas

    def events(self) -> Iterator[Event]:
        """Give the events of a streamed answer."""
        message = self._message(content=[], stop_reason=None, usage=self._first_usage())
        yield event({"type": "message_start", "message": message})
        for index, (block, deltas) in enumerate(self._blocks()):
            yield event({"type": "content_block_start", "index": index, "content_block": block})
            if index == 0:
                yield self.keep_alive
            for delta in deltas:
                body = {"type": "content_block_delta", "index": index, "delta": delta}
                yield event(body, token=delta["type"] != "signature_delta")
            yield event({"type": "content_block_stop", "index": index})
        ended = {
            "stop_reason": STOP_REASONS[self.answer.ended],
            "stop_sequence": self.answer.stop,
        }
        last: dict[str, Any] = {"type": "message_delta", "delta": ended}
        if self._usage is not None:
            unchanging = ("service_tier", "cache_creation")
            last["usage"] = {k: v for k, v in self._usage.items() if k not in unchanging}
        yield event(last, end=True)
        yield event({"type": "message_stop"}, end=True)

    def _first_usage(self) -> dict[str, object] | None:
        if self._usage is None:
            return None
        if self.behaviour.has("usage-last"):
            return {"input_tokens": 0, "output_tokens": 0}
        first = {k: v for k, v in self._usage.items() if k != "output_tokens_details"}
        return first | {"output_tokens": 1}

    def failure(self) -> Event:
        """Return the event that says that the answer has failed."""
        text = f"Overloaded while processing: {self.said}"
        body = {"type": "error", "error": {"type": "overloaded_error", "message": text}}
        return event(body)


def _finished(block: Block, deltas: list[Block]) -> Block:
    """Return a block with all that its deltas bring."""
    match block["type"]:
        case "text":
            return block | {"text": "".join(delta["text"] for delta in deltas)}
        case "tool_use":
            written = "".join(delta["partial_json"] for delta in deltas)
            return block | {"input": json.loads(written)}
    thought = "".join(delta.get("thinking", "") for delta in deltas)
    return block | {"thinking": thought, "signature": deltas[-1]["signature"]}


def _usage(exchange: MessagesExchange, fields: dict[str, Any]) -> dict[str, object] | None:
    """Return Anthropic's usage object, in which input, read and written add up to the prompt."""
    behaviour, answer, prompt = exchange.behaviour, exchange.answer, exchange.call.prompt
    if behaviour.has("no-usage"):
        return None
    lifetime = _cache_lifetime(fields)
    read = prompt // 2 if behaviour.has("cached") else 0
    written = (prompt - read) // 2 if behaviour.has("cached") and lifetime else 0
    usage: dict[str, object] = {
        "input_tokens": prompt - read - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": written if lifetime == "5m" else 0,
            "ephemeral_1h_input_tokens": written if lifetime == "1h" else 0,
        },
        "output_tokens": answer.output(),
        "service_tier": "standard",
    }
    if answer.thought:
        usage["output_tokens_details"] = {"thinking_tokens": len(answer.thought)}
    behaviour.spoil(usage, BAD_MESSAGES_USAGE)
    return usage


def _cache_lifetime(value: Any) -> str | None:
    """Return how long the first cache_control of a request wants to keep its prompt."""
    if isinstance(value, dict):
        control = value.get("cache_control")
        if isinstance(control, dict):
            return str(control.get("ttl", "5m"))
        value = [value.get(name) for name in ("tools", "system", "messages", "content")]
    if isinstance(value, list):
        return next((found for found in map(_cache_lifetime, value) if found), None)
    return None


class CountExchange(Exchange):
    """One call that counts the tokens of a Messages request."""

    dialect = ANTHROPIC

    def __init__(self, fields: dict[str, Any], behaviour: Behaviour) -> None:
        super().__init__(behaviour)
        self.call = messages_requests.read(fields, behaviour, counting=True)
        self.said = self.call.said()

    def whole(self) -> dict[str, object]:
        """Return the count."""
        return {"input_tokens": self.call.prompt}
