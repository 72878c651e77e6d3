"""Let calls of the imitated Stripe fail as a test asked, and remember which were made."""

import asyncio
import itertools
from typing import Any, Literal

import msgspec
from aiohttp import web

Kind = Literal["500", "503", "429", "reset", "hang", "garbage"]
HANG_SECONDS = 60
KEPT = 500


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """Which calls fail, how, and how often; `after` lets the work be done before."""

    path: str = "/v1/"
    fault: Kind | None = None
    times: int = 1_000_000
    after: bool = False
    method: str = ""


class Faults:
    """The faults that are on; the newest that fits counts."""

    def __init__(self) -> None:
        self._on: list[Fault] = []

    def set(self, fault: Fault) -> None:
        """Turn a fault on, or those of a path off."""
        if fault.fault is None:
            self._on = [one for one in self._on if not one.path.startswith(fault.path)]
        else:
            self._on.append(fault)

    def take(self, request: web.Request) -> Fault | None:
        """Return the fault of a call."""
        for one in reversed(self._on):
            fits = request.path.startswith(one.path) and one.method in ("", request.method)
            if fits and one.times > 0:
                one.times -= 1
                return one
        return None


async def fail(request: web.Request, kind: Kind) -> web.Response:
    """Answer as a fault says."""
    if kind == "reset":
        assert request.transport is not None
        request.transport.abort()
        return web.Response(status=500)
    if kind == "hang":
        await asyncio.sleep(HANG_SECONDS)
    if kind == "garbage":
        return web.Response(text="<html>not JSON", content_type="text/html")
    status = int(kind) if kind != "hang" else 503
    type = "rate_limit_error" if status == 429 else "api_error"
    body = {"error": {"type": type, "message": "A fault that was asked for."}}
    # Stripe says so where its own library must not wait and try again.
    headers = {"Stripe-Should-Retry": "false"}
    return web.json_response(body, status=status, headers=headers)


class Calls:
    """The last calls, without secrets."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._calls: list[dict[str, Any]] = []

    def note(self, request: web.Request, form: dict[str, Any]) -> None:
        """Remember a call."""
        self._calls.append(
            {
                "number": next(self._numbers),
                "method": request.method,
                "path": request.path,
                "key": request.headers.get("Idempotency-Key"),
                "form": form,
            }
        )
        del self._calls[:-KEPT]

    def since(self, number: int) -> list[dict[str, Any]]:
        """Return the calls after a number."""
        return [call for call in self._calls if call["number"] > number]
