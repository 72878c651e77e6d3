"""The faults that tests ask of the imitated NabzClan."""

import asyncio
from typing import Literal

import msgspec
from aiohttp import web

from lumyx.standins.delivery import close, reset

Endpoint = Literal["user", "token", "authorize", "revoke"]
Kind = Literal[
    "500",
    "503",
    "429",
    "garbage",
    "html",
    "empty",
    "timeout",
    "reset",
    "wrong-types",
    "no-id",
]
SILENCE = 30
"""How many seconds a connection is held without an answer."""
WRONG_TYPES: dict[Endpoint, bytes] = {
    "user": b'{"id":{"a":[1]},"name":7,"nabzclan_user_id":[],"email":{},"email_verified":"no",'
    b'"avatar":true,"plan":"VIP","birth_year":"x","role":null}',
    "token": b'{"access_token":7,"token_type":["Bearer"],"expires_in":"soon",'
    b'"refresh_token":{},"scope":false}',
    "authorize": b'[1,null,{"state":[]}]',
    "revoke": b'[1,null,{"token":[]}]',
}


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """A fault of an endpoint; no `times` means for ever, `person` limits it to their tokens."""

    endpoint: Endpoint
    fault: Kind | None
    times: int | None = None
    person: int | None = None

    def __post_init__(self) -> None:
        if self.endpoint != "user" and (self.person is not None or self.fault == "no-id"):
            raise ValueError("only the endpoint user knows people")


class Faults:
    """The faults that are on."""

    def __init__(self) -> None:
        self._on: dict[tuple[Endpoint, int | None], Fault] = {}

    def reset(self) -> None:
        """Turn all faults off."""
        self._on.clear()

    def set(self, fault: Fault) -> None:
        """Turn a fault on in place of the last one, or off."""
        key = (fault.endpoint, fault.person)
        if fault.fault is None or fault.times == 0:
            self._on.pop(key, None)
        else:
            self._on[key] = fault

    def take(self, endpoint: Endpoint, person: int | None = None) -> Kind | None:
        """Return the fault for one call, and count it."""
        keys = [(endpoint, None)] if person is None else [(endpoint, person), (endpoint, None)]
        for key in keys:
            found = self._on.get(key)
            if found is None:
                continue
            if found.times is not None:
                found.times -= 1
                if found.times <= 0:
                    del self._on[key]
            return found.fault
        return None


async def fail(request: web.Request, endpoint: Endpoint, kind: Kind) -> web.Response:
    """Answer a call with a fault, or not at all; `no-id` is up to the user endpoint."""
    if kind == "timeout":
        await asyncio.sleep(SILENCE)
        close(request)
    elif kind == "reset":
        await reset(request)
    elif kind in ("500", "503", "429"):
        headers = {"Retry-After": "1"} if kind == "429" else {}
        body = msgspec.json.encode({"message": "Something went wrong."})
        return web.Response(
            body=body, status=int(kind), headers=headers, content_type="application/json"
        )
    elif kind == "html":
        text = "<!doctype html><title>Just a moment</title><h1>Checking your browser</h1>"
        return web.Response(text=text, content_type="text/html")
    elif kind == "garbage":
        return web.Response(body=b'{"id": \xff\xfe<', content_type="application/json")
    elif kind == "wrong-types":
        return web.Response(body=WRONG_TYPES[endpoint], content_type="application/json")
    return web.Response(content_type="application/json")
