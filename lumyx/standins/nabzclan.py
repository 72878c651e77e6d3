"""An imitation of NabzClan on loopback: an OAuth 2 server as strict as a real one.

    python -m lumyx.standins.nabzclan --port 8002

It follows RFC 6749 (codes, refresh tokens that rotate), RFC 7636 (S256 only), RFC 7009 and
RFC 6750; /oauth/authorize lets one choose who signs in. STANDIN_NABZCLAN_CLIENT_ID,
STANDIN_NABZCLAN_CLIENT_SECRET and STANDIN_NABZCLAN_REDIRECTS (exact URIs with commas between)
describe its one client. Everything is in memory; nothing is logged.

For tests; bodies are JSON:
  POST /_control/people        make a person; answers {"id": …}
  POST /_control/people/<id>   change `vip`, `vip_expires_at`, `name`, `email`, `avatar`, …
  POST /_control/grant         {"person": id, "scope": "…"} answers tokens, without a browser
  POST /_control/faults        {"endpoint", "fault", "times", "person"}: see `nabzclan_faults`
  POST /_control/reset         begin anew
  GET /_calls?since=N          of the last 500 calls those after number N, without secrets
  GET /avatars/hostile/<name>  pictures that are not what they seem: see `nabzclan_avatars`
"""

import argparse
import os
from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from lumyx.standins import nabzclan_avatars, nabzclan_pages
from lumyx.standins.nabzclan_calls import Calls, note_status
from lumyx.standins.nabzclan_control import Control
from lumyx.standins.nabzclan_faults import Endpoint, Faults, fail
from lumyx.standins.nabzclan_grants import Grants
from lumyx.standins.nabzclan_people import People
from lumyx.standins.nabzclan_requests import (
    FORM,
    BadAddress,
    Client,
    OAuthError,
    Parameters,
    authenticate,
    check_address,
    check_authorize,
    read_form,
    redirection,
)
from lumyx.standins.provider import loopback

CODE_SECONDS = 60
REALM = 'realm="NabzClan"'
FAULTY: Mapping[str, Endpoint] = {
    "/oauth/authorize": "authorize",
    "/oauth/token": "token",
    "/oauth/revoke": "revoke",
}


class NabzClanStandIn:
    """The handlers of the stand-in."""

    def __init__(self, client: Client, *, root: str, code_seconds: float = CODE_SECONDS) -> None:
        self._client = client
        self._people = People(root)
        self._grants = Grants(code_seconds=code_seconds)
        self._faults = Faults()
        self._calls = Calls()

    def application(self) -> web.Application:
        """Return the web application."""
        app = web.Application(middlewares=[self._watch])
        app.router.add_get("/healthz", self.health)
        app.router.add_get("/oauth/authorize", self.ask)
        app.router.add_post("/oauth/authorize", self.decide)
        app.router.add_post("/oauth/token", self.token)
        app.router.add_post("/oauth/revoke", self.revoke)
        app.router.add_get("/api/user", self.user)
        app.router.add_get(r"/avatars/{id:\d{1,9}}.png", nabzclan_avatars.show)
        app.router.add_get("/avatars/hostile/{name}", nabzclan_avatars.show_hostile)
        app.add_routes(Control(self._people, self._grants, self._faults, self._calls).routes())
        app.on_response_prepare.append(note_status)
        return app

    @web.middleware
    async def _watch(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Remember the call, and fail it where a test asked for that."""
        if not request.path.startswith(("/_", "/healthz")):
            await self._calls.begin(request)
        endpoint = FAULTY.get(request.path)
        kind = self._faults.take(endpoint) if endpoint else None
        if endpoint and kind:
            return await fail(request, endpoint, kind)
        return await handler(request)

    async def health(self, request: web.Request) -> web.Response:
        """Say that the stand-in is up."""
        return web.Response(text="ok\n")

    async def ask(self, request: web.Request) -> web.Response:
        """Show the consent page."""
        parameters = Parameters(request.query.items())
        try:
            uri = check_address(parameters, self._client)
            asked = check_authorize(parameters)
        except BadAddress as bad:
            return nabzclan_pages.refusal(str(bad))
        except OAuthError as error:
            return _send_back(uri, parameters, _as_fields(error), status=302)
        return nabzclan_pages.consent(asked, parameters.values, self._people.all())

    async def decide(self, request: web.Request) -> web.Response:
        """Send the person back with a code, or with their refusal."""
        parameters = Parameters(await read_form(request))
        try:
            uri = check_address(parameters, self._client)
            asked = check_authorize(parameters)
        except BadAddress as bad:
            return nabzclan_pages.refusal(str(bad))
        except OAuthError as error:
            return _send_back(uri, parameters, _as_fields(error), status=303)
        if parameters.get("refuse"):
            refused = OAuthError("access_denied", "The person refused.")
            return _send_back(uri, parameters, _as_fields(refused), status=303)
        person = self._people.chosen(parameters.get("person"))
        if person is None:
            return nabzclan_pages.refusal("Nobody was chosen.")
        code = self._grants.consent(asked, person.id)
        return _send_back(uri, parameters, {"code": code}, status=303)

    async def token(self, request: web.Request) -> web.Response:
        """Exchange a code or a refresh token."""
        try:
            form = await self._read_as_client(request)
            match form.need("grant_type"):
                case "authorization_code":
                    issued = self._grants.exchange(
                        form.need("code"),
                        client_id=self._client.id,
                        redirect_uri=form.need("redirect_uri"),
                        verifier=form.need("code_verifier"),
                    )
                case "refresh_token":
                    issued = self._grants.refresh(form.need("refresh_token"), form.get("scope"))
                case _:
                    raise OAuthError("unsupported_grant_type", "This grant type is not served.")
        except OAuthError as error:
            return _refuse(error)
        return _json(issued)

    async def revoke(self, request: web.Request) -> web.Response:
        """End a token; one that is not known has ended already."""
        try:
            form = await self._read_as_client(request)
            self._grants.revoke(form.need("token"))
        except OAuthError as error:
            return _refuse(error)
        return web.Response(headers={"Cache-Control": "no-store"})

    async def _read_as_client(self, request: web.Request) -> Parameters:
        form = Parameters(await read_form(request))
        if request.content_type != FORM or request.query:
            raise OAuthError("invalid_request", "Send the parameters as a form, in the body.")
        form.refuse_repeated()
        authenticate(request, form, self._client)
        return form

    async def user(self, request: web.Request) -> web.Response:
        """Show the person that a token is for."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        access = self._grants.find(token.strip()) if scheme.lower() == "bearer" else None
        kind = self._faults.take("user", access.family.person if access else None)
        if kind and kind != "no-id":
            return await fail(request, "user", kind)
        person = self._people.get(access.family.person) if access else None
        if access is None or person is None:
            challenge = f'Bearer {REALM}, error="invalid_token"'
            return _json({"message": "Unauthenticated."}, 401, {"WWW-Authenticate": challenge})
        shown = person.shown(access.scope)
        if kind == "no-id":
            del shown["id"], shown["nabzclan_user_id"]
        return _json(shown)


def _send_back(
    uri: str, parameters: Parameters, answer: Mapping[str, str], *, status: int
) -> web.Response:
    """Redirect to the client with an answer and its state."""
    # A state that came twice is nobody's.
    state = "" if "state" in parameters.repeated else parameters.get("state")
    headers = {
        "Location": redirection(uri, {**answer, "state": state}),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
    }
    return web.Response(status=status, headers=headers)


def _as_fields(error: OAuthError) -> dict[str, str]:
    return {"error": error.error, "error_description": error.description}


def _refuse(error: OAuthError) -> web.Response:
    headers = {"WWW-Authenticate": f"Basic {REALM}"} if error.status == 401 else {}
    return _json(_as_fields(error), error.status, headers)


def _json(shown: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(shown),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store", "Pragma": "no-cache", **(headers or {})},
    )


def client_from(environment: Mapping[str, str]) -> Client:
    """Return the client that the environment describes."""
    listed = environment.get("STANDIN_NABZCLAN_REDIRECTS", "").split(",")
    return Client(
        id=environment.get("STANDIN_NABZCLAN_CLIENT_ID") or "lumyx",
        secret=environment.get("STANDIN_NABZCLAN_CLIENT_SECRET") or "nabzclan-stand-in",
        redirects=tuple(uri.strip() for uri in listed if uri.strip()),
    )


def main(arguments: list[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m lumyx.standins.nabzclan")
    parser.add_argument("--host", type=loopback, default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--code-seconds", type=float, default=CODE_SECONDS)
    options = parser.parse_args(arguments)
    host = f"[{options.host}]" if ":" in options.host else options.host
    standin = NabzClanStandIn(
        client_from(os.environ),
        root=f"http://{host}:{options.port}",
        code_seconds=options.code_seconds,
    )
    quiet: Any = None
    web.run_app(
        standin.application(),
        host=options.host,
        port=options.port,
        access_log=None,
        print=quiet,
        handler_cancellation=True,
        shutdown_timeout=0.5,
    )


if __name__ == "__main__":
    main()
