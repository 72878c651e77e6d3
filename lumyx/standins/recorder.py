"""What the AI-provider stand-in remembers of its calls, for tests; in memory alone."""

import contextlib
from collections import Counter, deque
from typing import Any

import msgspec
from aiohttp import web

MOST_CALLS = 200


class SeenCall(msgspec.Struct):
    """One call; no status means that nothing was answered, or not yet."""

    n: int
    path: str
    model: str | None = None
    status: int | None = None


class Recorder:
    """The last call, a list of the last calls, and counters of all."""

    def __init__(self) -> None:
        self.calls = 0
        self.open_calls = 0
        self.open_streams = 0
        self.cancelled = 0
        self._seen: deque[SeenCall] = deque(maxlen=MOST_CALLS)
        self._by_model: Counter[str] = Counter()
        self._request: dict[str, Any] = {"path": "", "query": "", "headers": [], "body": ""}

    def begin(self, request: web.Request) -> SeenCall:
        """Count a call that has begun."""
        self.calls += 1
        self.open_calls += 1
        seen = SeenCall(self.calls, request.path)
        self._seen.append(seen)
        return seen

    def keep(self, request: web.Request, body: bytes) -> None:
        """Remember a request as the last one."""
        self._request = {
            "path": request.path,
            "query": request.query_string,
            "headers": [(str(name), value) for name, value in request.headers.items()],
            "body": body.decode("utf-8", "replace"),
        }

    def count_for(self, model: str) -> int:
        """Count a call for a model name, and return how many there were."""
        self._by_model[model] += 1
        return self._by_model[model]

    def reset(self) -> None:
        """Forget how many calls each model name had."""
        self._by_model.clear()

    def last(self) -> dict[str, Any]:
        """Return the last call and the counters."""
        headers = self._request["headers"]
        shown = self._request | {
            "headers": {name.lower(): value for name, value in headers},
            "header_names": [name for name, _ in headers],
            "calls": self.calls,
            "open_calls": self.open_calls,
            "open_streams": self.open_streams,
            "cancelled": self.cancelled,
        }
        with contextlib.suppress(msgspec.DecodeError):
            shown["body"] = msgspec.json.decode(shown["body"])
        return shown

    def since(self, number: int) -> list[SeenCall]:
        """Return the last calls after the one with this number."""
        return [seen for seen in self._seen if seen.n > number]
