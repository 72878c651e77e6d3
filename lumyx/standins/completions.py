"""Answer OpenAI's legacy Completions: the text is the prompt's, sixteen tokens by default."""

import secrets
import time
from collections.abc import Iterator
from typing import Any

import msgspec

from lumyx.standins import answers, chat_replies, prompts, reading, tokens
from lumyx.standins.answers import Answer, Call
from lumyx.standins.behaviours import Behaviour
from lumyx.standins.exchanges import Event, Exchange

DEFAULT_MOST = 16


class CompletionsExchange(Exchange):
    """One call of Completions, whose choices are those of each prompt in turn."""

    garbage = chat_replies.GARBAGE

    def __init__(self, fields: dict[str, Any], behaviour: Behaviour) -> None:
        super().__init__(behaviour)
        self._include_usage = reading.include_usage(fields)
        self._echoes = fields.get("echo") is True
        self._count = reading.whole(fields, "n") or 1
        calls = [_read(fields, prompt) for prompt in prompts.read(fields, "prompt")]
        self._answers = [answers.compose(call, behaviour) for call in calls]
        self._prompts = [call.text if self._echoes else "" for call in calls]
        self._model = fields["model"]
        self.streamed = fields.get("stream") is True
        self.said = " ".join(call.text for call in calls)
        self.tokens = sum(len(answer.content) for answer in self._answers)
        everything = Answer([], [t for a in self._answers for t in a.content], [], "stop")
        total = msgspec.structs.replace(calls[0], prompt=sum(call.prompt for call in calls))
        self._usage = chat_replies.usage(total, behaviour, everything, self._count)
        self._head = {
            "id": f"cmpl-{secrets.token_urlsafe(21)}",
            "object": "text_completion",
            "created": int(time.time()),
            "model": self._model,
            "system_fingerprint": "fp_standin",
        }

    def _choices(self) -> Iterator[tuple[int, str, Answer]]:
        """Give each choice's index, the prompt it begins with, and its answer."""
        index = 0
        for prompt, answer in zip(self._prompts, self._answers, strict=True):
            for _ in range(self._count):
                yield index, prompt, answer
                index += 1

    def whole(self) -> dict[str, object]:
        """Return an unstreamed answer."""
        choices = [
            _choice(index, prompt + "".join(answer.content), chat_replies.FINISH[answer.ended])
            for index, prompt, answer in self._choices()
        ]
        body = self._head | {"choices": [] if self.behaviour.has("silent-end") else choices}
        return body if self._usage is None else body | {"usage": self._usage}

    def events(self) -> Iterator[Event]:
        """Give the events of a streamed answer."""
        wanted = self._include_usage and self._usage is not None
        combined = wanted and self.behaviour.has("usage-last")
        last = len(self._answers) * self._count - 1
        for index, prompt, answer in self._choices():
            if prompt:
                yield self._event([_choice(index, prompt)])
            for text in answer.content:
                yield self._event([_choice(index, text)], token=True)
            choice = _choice(index, "", chat_replies.FINISH[answer.ended])
            with_usage = self._usage if combined and index == last else None
            yield self._event([choice], with_usage, end=True, late=with_usage is not None)
        if wanted and not combined:
            yield self._event([], self._usage, end=True, late=True)
        yield Event(chat_replies.DONE, end=True)

    def _event(
        self,
        choices: list[dict[str, object]],
        used: dict[str, object] | None = None,
        *,
        token: bool = False,
        end: bool = False,
        late: bool = False,
    ) -> Event:
        body = self._head | {"choices": choices}
        if self._include_usage and self._usage is not None:
            body["usage"] = used
        return Event(msgspec.json.encode(body), token=token, end=end, late=late)


def _read(fields: dict[str, Any], prompt: prompts.Prompt) -> Call:
    return Call(
        model=fields["model"],
        params={name: value for name, value in fields.items() if name != "prompt"},
        prompt=len(prompt) if isinstance(prompt, list) else tokens.count(prompt),
        text=prompt if isinstance(prompt, str) else tokens.decode(prompt),
        most=reading.whole(fields, "max_tokens") or DEFAULT_MOST,
        stops=reading.stops(fields),
    )


def _choice(index: int, text: str, finish: str | None = None) -> dict[str, object]:
    return {"text": text, "index": index, "logprobs": None, "finish_reason": finish}
