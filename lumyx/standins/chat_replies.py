"""Write the AI-provider stand-in's answers as OpenAI's Chat Completions."""

import itertools
import secrets
import time
from collections.abc import Iterator
from typing import Any

import msgspec

from lumyx.standins import answers, chat_requests, reading
from lumyx.standins.answers import Answer, Call, ToolCall
from lumyx.standins.behaviours import BAD_USAGE, Behaviour
from lumyx.standins.exchanges import Event, Exchange

Delta = dict[str, Any]
DONE = b"[DONE]"
GARBAGE = (
    b'data: {"id":"chatcmpl-broken","choices":[{"delta":\n\n',
    b"\xff\xfe\x00 neither text nor event\n\ndata\n: \n\n",
    b"data: not json at all\n\n",
)
FINISH = {"stop": "stop", "stop_sequence": "stop", "length": "length", "tools": "tool_calls"}


def usage(
    call: Call, behaviour: Behaviour, answer: Answer, choices: int
) -> dict[str, object] | None:
    """Return OpenAI's usage object, or none where the model name asks for none."""
    if behaviour.has("no-usage"):
        return None
    output = answer.output() * choices
    counted: dict[str, object] = {
        "prompt_tokens": call.prompt,
        "completion_tokens": output,
        "total_tokens": call.prompt + output,
        "prompt_tokens_details": {
            "cached_tokens": call.prompt // 2 if behaviour.has("cached") else 0,
            "audio_tokens": 0,
        },
        "completion_tokens_details": {
            "reasoning_tokens": len(answer.thought) * choices,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
    behaviour.spoil(counted, BAD_USAGE)
    return counted


class ChatExchange(Exchange):
    """One call of Chat Completions."""

    garbage = GARBAGE

    def __init__(self, fields: dict[str, Any], behaviour: Behaviour) -> None:
        super().__init__(behaviour)
        self._include_usage = reading.include_usage(fields)
        self.call = call = chat_requests.read(fields, behaviour)
        self.answer = answers.compose(call, behaviour)
        self.streamed = call.stream
        self.said = call.said()
        self.tokens = len(self.answer.content)
        self._ids = [f"call_{secrets.token_hex(12)}" for _ in self.answer.calls]
        self._usage = usage(call, behaviour, self.answer, call.choices)
        self._id = f"chatcmpl-{secrets.token_urlsafe(21)}"
        self._created = int(time.time())

    def _head(self, kind: str) -> dict[str, object]:
        return {
            "id": self._id,
            "object": kind,
            "created": self._created,
            "model": self.call.model,
            "service_tier": "default",
            "system_fingerprint": "fp_standin",
        }

    def whole(self) -> dict[str, object]:
        """Return an unstreamed answer."""
        answer = self.answer
        message: dict[str, object] = {
            "role": "assistant",
            "content": None if answer.calls else "".join(answer.content),
            "refusal": None,
            "annotations": [],
        }
        if answer.thought:
            message["reasoning_content"] = "".join(answer.thought)
        if answer.calls:
            message["tool_calls"] = [
                _tool_call(made, call_id, made.arguments)
                for made, call_id in zip(answer.calls, self._ids, strict=True)
            ]
        finish = FINISH[answer.ended]
        choices = 0 if self.behaviour.has("silent-end") else self.call.choices
        body = self._head("chat.completion")
        body["choices"] = [
            {"index": index, "message": message, "logprobs": None, "finish_reason": finish}
            for index in range(choices)
        ]
        if self._usage is not None:
            body["usage"] = self._usage
        return body

    def events(self) -> Iterator[Event]:
        """Give the events of a streamed answer."""
        choices = range(self.call.choices)
        first: Delta = {"role": "assistant", "content": None if self.answer.calls else ""}
        for index in choices:
            yield self._chunk(index, first | {"refusal": None})
        for delta in self._deltas():
            for index in choices:
                yield self._chunk(index, delta, token=index == 0)
        wanted = self._include_usage and self._usage is not None
        combined = wanted and self.behaviour.has("usage-last")
        finish = FINISH[self.answer.ended]
        for index in choices:
            last = combined and index == choices[-1]
            choice = _choice(index, {}, finish)
            yield self._event([choice], self._usage if last else None, end=True, late=last)
        if wanted and not combined:
            yield self._event([], self._usage, end=True, late=True)
        yield Event(DONE, end=True)

    def _chunk(self, index: int, delta: Delta, *, token: bool = False) -> Event:
        return self._event([_choice(index, delta)], token=token)

    def _event(
        self,
        choices: list[Delta],
        used: dict[str, object] | None = None,
        *,
        token: bool = False,
        end: bool = False,
        late: bool = False,
    ) -> Event:
        body = self._head("chat.completion.chunk") | {"choices": choices}
        # All chunks have the field where usage was asked for.
        if self._include_usage and self._usage is not None:
            body["usage"] = used
        return Event(msgspec.json.encode(body), token=token, end=end, late=late)

    def _deltas(self) -> Iterator[Delta]:
        """Give the deltas of one choice between its role and its end."""
        for text in self.answer.thought:
            yield {"reasoning_content": text}
        for text in self.answer.content:
            yield {"content": text}
        calls = [self._call_deltas(index, made) for index, made in enumerate(self.answer.calls)]
        if self.behaviour.has("interleaved"):
            turns = itertools.zip_longest(*calls)
            yield from (delta for turn in turns for delta in turn if delta is not None)
        else:
            yield from itertools.chain.from_iterable(calls)

    def _call_deltas(self, index: int, made: ToolCall) -> Iterator[Delta]:
        yield {"tool_calls": [{"index": index} | _tool_call(made, self._ids[index], "")]}
        for piece in made.pieces():
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _choice(index: int, delta: Delta, finish: str | None = None) -> Delta:
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}


def _tool_call(made: ToolCall, call_id: str, arguments: str) -> Delta:
    function = {"name": made.name, "arguments": arguments}
    return {"id": call_id, "type": "function", "function": function}
