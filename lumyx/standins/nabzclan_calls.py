"""What the imitated NabzClan remembers of its calls, for tests; in memory, without secrets."""

from collections import deque
from collections.abc import Iterable

import msgspec
from aiohttp import web

from lumyx.standins.nabzclan_requests import read_form

MOST_CALLS = 500
SECRET = frozenset(
    {
        "access_token",
        "client_secret",
        "code",
        "code_verifier",
        "refresh_token",
        "token",
    }
)


class SeenCall(msgspec.Struct):
    """One call; no status means no answer, and a secret field has no value."""

    n: int
    method: str
    path: str
    query: dict[str, str | None]
    form: dict[str, str | None]
    headers: list[str]
    status: int | None = None


SEEN = web.RequestKey("seen", SeenCall)


class Calls:
    """The last calls, without the tests' own."""

    def __init__(self) -> None:
        self._count = 0
        self._seen: deque[SeenCall] = deque(maxlen=MOST_CALLS)

    async def begin(self, request: web.Request) -> None:
        """Remember a call."""
        self._count += 1
        seen = SeenCall(
            n=self._count,
            method=request.method,
            path=request.path,
            query=_without_secrets(request.query.items()),
            form={},
            headers=[str(name) for name in request.headers],
        )
        self._seen.append(seen)
        request[SEEN] = seen
        seen.form = _without_secrets(await read_form(request))

    def since(self, number: int) -> list[SeenCall]:
        """Return the last calls after the one with this number."""
        return [seen for seen in self._seen if seen.n > number]

    def reset(self) -> None:
        """Forget the calls; numbers go on."""
        self._seen.clear()


async def note_status(request: web.Request, response: web.StreamResponse) -> None:
    """Keep the status of a call, unless its connection is closed and none goes out."""
    seen = request.get(SEEN)
    transport = request.transport
    if seen is not None and transport is not None and not transport.is_closing():
        seen.status = response.status


def _without_secrets(pairs: Iterable[tuple[str, str]]) -> dict[str, str | None]:
    return {name: None if name in SECRET else value for name, value in pairs}
