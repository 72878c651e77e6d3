"""Write one streamed answer as the typed events of the Responses API."""

from typing import Any

from gateway.errors import ApiError
from gateway.pricing import Tokens
from gateway.wire.call import About
from gateway.wire.events import Event
from gateway.wire.reading import encode
from gateway.wire.responses.answer import begun, ended, output_of
from gateway.wire.responses.output import Step

FAILURES = {402: "insufficient_quota", 429: "rate_limit_exceeded"}
"""What a failed Response says of its error, by our status; agents retry all but the first."""


class ResponsesWriter:
    """Writes one streamed answer; its memory grows with the text, which its end repeats."""

    def __init__(self, about: About) -> None:
        self._begun = begun(about)
        self._output = output_of(about)
        self._number = 0

    def write(self, events: list[Event]) -> bytes:
        """Return what these events are in the client's dialect."""
        if not events:
            return b""
        return self._start() + self._steps([s for e in events for s in self._output.take(e)])

    def end(self, tokens: Tokens) -> bytes:
        """Return the end of a whole answer, with all of it once more."""
        last = self._output.close()
        response = ended(self._begun, self._output, tokens)
        last.append((f"response.{response['status']}", {"response": response}))
        return self._start() + self._steps(last)

    def fail(self, error: ApiError) -> bytes:
        """Return the end of an answer that broke.

        The SDKs raise on any event with an `error`; the AI SDK reads either the object or the
        fields beside it, which are the published form; Codex reads only `response.failed`.
        """
        code = error.code or error.kind
        told = {"message": error.message, "param": error.param, "code": code}
        reason = {"code": FAILURES.get(error.status, "server_error"), "message": error.message}
        response = self._begun | {"status": "failed", "error": reason}
        return self._start() + self._steps(
            [
                ("error", {**told, "error": {"type": error.kind, **told}}),
                ("response.failed", {"response": response}),
            ]
        )

    def _start(self) -> bytes:
        if self._number:
            return b""
        response = {"response": self._begun}
        return self._steps([("response.created", response), ("response.in_progress", response)])

    def _steps(self, steps: list[Step]) -> bytes:
        return b"".join(self._event(kind, fields) for kind, fields in steps)

    def _event(self, kind: str, fields: dict[str, Any]) -> bytes:
        data = encode({"type": kind, "sequence_number": self._number, **fields})
        self._number += 1
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), data)
