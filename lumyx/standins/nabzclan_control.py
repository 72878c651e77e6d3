"""What tests do to the imitated NabzClan besides using it."""

from typing import Any, TypeVar

import msgspec
from aiohttp import web

from lumyx.standins.nabzclan_calls import Calls
from lumyx.standins.nabzclan_faults import Fault, Faults
from lumyx.standins.nabzclan_grants import TOKEN_SECONDS, Family, Grants
from lumyx.standins.nabzclan_people import People, Person, PersonChange
from lumyx.standins.nabzclan_requests import SCOPES, OAuthError, read_scope

Read = TypeVar("Read", bound=msgspec.Struct)


class GrantOrder(msgspec.Struct, forbid_unknown_fields=True):
    """Tokens that a test needs at once; `expires_in` is in seconds."""

    person: int
    scope: str = " ".join(SCOPES)
    expires_in: int = TOKEN_SECONDS


class Control:
    """The handlers below /_control/, and the list of calls."""

    def __init__(self, people: People, grants: Grants, faults: Faults, calls: Calls) -> None:
        self._people = people
        self._grants = grants
        self._faults = faults
        self._calls = calls

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the handlers."""
        return [
            web.post("/_control/people", self.add_person),
            web.post(r"/_control/people/{id:\d{1,9}}", self.change_person),
            web.post("/_control/faults", self.set_fault),
            web.post("/_control/grant", self.grant),
            web.post("/_control/reset", self.reset),
            web.get("/_calls", self.list_calls),
        ]

    async def add_person(self, request: web.Request) -> web.Response:
        """Make a person."""
        person = self._people.add(await _read(request, PersonChange))
        return _json(person, 201)

    async def change_person(self, request: web.Request) -> web.Response:
        """Change some of a person."""
        person = self._person(int(request.match_info["id"]))
        (await _read(request, PersonChange)).apply(person)
        return _json(person)

    async def set_fault(self, request: web.Request) -> web.Response:
        """Turn a fault on or off."""
        self._faults.set(await _read(request, Fault))
        return web.Response(status=204)

    async def grant(self, request: web.Request) -> web.Response:
        """Give tokens without a browser."""
        order = await _read(request, GrantOrder)
        try:
            family = Family(self._person(order.person).id, read_scope(order.scope))
        except OAuthError as error:
            raise _bad(error.description) from None
        return _json(self._grants.issue(family, seconds=order.expires_in))

    async def reset(self, request: web.Request) -> web.Response:
        """Begin anew: the default people, no faults, no tokens, no calls."""
        for part in (self._people, self._grants, self._faults, self._calls):
            part.reset()
        return web.Response(status=204)

    async def list_calls(self, request: web.Request) -> web.Response:
        """List the last calls."""
        since = request.query.get("since", "0")
        return _json(self._calls.since(int(since) if since.isdecimal() and len(since) < 10 else 0))

    def _person(self, number: int) -> Person:
        person = self._people.get(number)
        if person is None:
            raise web.HTTPNotFound(text="There is no such person.\n")
        return person


async def _read(request: web.Request, kind: type[Read]) -> Read:
    try:
        return msgspec.json.decode(await request.read() or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _bad(str(error)) from None


def _bad(reason: str) -> web.HTTPBadRequest:
    return web.HTTPBadRequest(text=f"{reason}\n")


def _json(shown: Any, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(shown), status=status, content_type="application/json"
    )
