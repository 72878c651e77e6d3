"""The endpoints that stream, for tests that ask all of them the same over a bare connection."""

import json
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.customers import Customer
from tests.processes import Server


@dataclass
class Streamed:
    """What came of a stream: its text, whether it ended as whole, and the error if one came."""

    text: str = ""
    whole: bool = False
    error: dict[str, Any] | None = None
    comments: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Endpoint:
    """An endpoint that streams."""

    path: str
    dialect: str

    def body(self, model: str, words: str, *, stream: bool = True) -> dict[str, Any]:
        """Return a request that says these words."""
        body: dict[str, Any] = {"model": model, "stream": stream}
        if self.path == "responses":
            return body | {"input": words}
        if self.path == "completions":
            return body | {"prompt": words, "max_tokens": 500}
        return body | {"max_tokens": 500, "messages": [{"role": "user", "content": words}]}

    def post(
        self,
        server: Server,
        customer: Customer,
        model: str,
        words: str,
        *,
        stream: bool = True,
        timeout: float = 30,
    ) -> requests.Response:
        """Call it; a streamed answer is not read yet."""
        return requests.post(
            f"{server.api}/{self.path}",
            json=self.body(model, words, stream=stream),
            headers=customer.headers,
            stream=stream,
            timeout=timeout,
        )

    def stream(self, server: Server, customer: Customer, model: str, words: str) -> Streamed:
        """Read a whole stream, and see that nothing follows its end."""
        found = Streamed()
        with self.post(server, customer, model, words) as answer:
            if answer.status_code != 200:
                # It broke before there was anything to pass on.
                found.error = answer.json()["error"]
                return found
            text = answer.content.decode()
        for line in text.split("\n"):
            if line.startswith((":", "event: ping")):
                found.comments.append(line)
            if line.startswith("data: "):
                assert not found.whole, "something came after the end"
                assert found.error is None or self.path == "responses"
                self._take(line[6:], found)
        return found

    def delta(self, payload: str) -> str:
        """Return the text that one event brings."""
        found = Streamed()
        self._take(payload, found)
        return found.text

    def _take(self, payload: str, found: Streamed) -> None:
        if payload == "[DONE]":
            found.whole = True
            return
        event = json.loads(payload)
        if self.path in ("chat/completions", "completions"):
            found.error = event.get("error") or found.error
            for choice in event.get("choices", ()):
                piece = choice["delta"] if "delta" in choice else {"content": choice["text"]}
                found.text += piece.get("content") or ""
        elif self.path == "messages":
            found.whole = event["type"] == "message_stop"
            found.error = event.get("error") or found.error
            found.text += event.get("delta", {}).get("text", "")
        else:
            found.whole = event["type"] == "response.completed"
            if event["type"] == "error":
                found.error = event
            if event["type"] == "response.output_text.delta":
                found.text += event["delta"]


CHAT = Endpoint("chat/completions", "openai")
MESSAGES = Endpoint("messages", "anthropic")
RESPONSES = Endpoint("responses", "openai")
COMPLETIONS = Endpoint("completions", "openai")
STREAMING = [CHAT, MESSAGES, RESPONSES, COMPLETIONS]
