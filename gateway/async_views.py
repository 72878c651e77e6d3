"""Django REST framework's `APIView` with an asynchronous dispatch.

The framework has none of its own: a coroutine handler is a 500 there. This dispatch keeps
its order (initialise, authenticate, handle, map exceptions) without thread hops.
"""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import psycopg
from psycopg_pool import PoolTimeout
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from gateway import errors, runtime
from gateway.errors import ApiError
from gateway.http import EventStream, GatewayRequest, Response, error_response
from gateway.key_ring import Caller
from gateway.visit import Visit

BEARER = "bearer "
NO_NEGOTIATION = BaseContentNegotiation()
Handler = Callable[..., Awaitable[Response | EventStream]]


class AsyncAPIView(APIView):
    """A view of the API: handlers are coroutines, and every call brings a key."""

    authentication_classes = []
    permission_classes = []
    throttle_classes = []
    endpoint = ""
    scope: str | None = "inference"
    """What a key must have been made for; None lets every key in."""

    visit: Visit
    caller: Caller

    async def dispatch(  # type: ignore[override]
        self, request: Any, *args: Any, **kwargs: Any
    ) -> Response | EventStream:
        """Serve one request, and answer every failure in the API's own shape."""
        self.args, self.kwargs = args, kwargs
        assert isinstance(request, GatewayRequest)
        self.visit = visit = request.visit
        visit.endpoint = self.endpoint
        self.headers: dict[str, str] = {}
        try:
            self.request = wrapped = self.initialize_request(request, *args, **kwargs)
            self.caller = await self.authenticate(wrapped)
            handler = self._handler(wrapped)
            return await handler(wrapped, *args, **kwargs)
        except ApiError as error:
            return await self._refuse(error, visit)
        except (psycopg.OperationalError, PoolTimeout):
            return await self._refuse(errors.unavailable(), visit)

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        """Wrap Django's request; parsing, content negotiation and sessions have no part here."""
        return Request(request, negotiator=NO_NEGOTIATION)

    async def authenticate(self, request: Request) -> Caller:
        """Return who calls.

        Raises the API's 401 where no valid key came, and its 403 where the key is not for
        this address or this use.
        """
        caller = await self.find_caller(request)
        # Set before the key is refused, so that the refusal shows its limits too.
        self.visit.caller = caller
        if caller.frozen:
            raise errors.account_frozen()
        if not caller.comes_from(self.visit.ip):
            raise errors.ip_not_allowed()
        if self.scope is not None and not caller.may(self.scope):
            raise errors.scope_missing(self.scope)
        runtime.current().last_used.note(caller.key_id)
        return caller

    async def find_caller(self, request: Request) -> Caller:
        """Return whose key came; raise the API's 401 where none did that is in force."""
        meta = request.META
        header = meta.get("HTTP_AUTHORIZATION", "")
        if header[:7].lower() == BEARER:
            text = header[7:].strip()
        else:
            text = meta.get("HTTP_X_API_KEY", "").strip()
        if not text:
            raise errors.missing_key()
        caller = await runtime.current().keys.authenticate(text)
        if caller is None:
            runtime.current().refused_addresses.note(self.visit.ip)
            raise errors.invalid_key()
        return caller

    def _handler(self, request: Request) -> Handler:
        method = (request.method or "").lower()
        handler = getattr(self, method, None) if method in self.http_method_names else None
        if handler is None or method == "options":
            raise errors.wrong_method(", ".join(self._takes()))
        return cast(Handler, handler)

    def _takes(self) -> list[str]:
        return [name.upper() for name in ("get", "post") if hasattr(self, name)]

    async def _refuse(self, error: ApiError, visit: Visit) -> Response:
        if visit.caller is not None and visit.allowance is None:
            visit.allowance = await runtime.current().limits.peek(visit.caller)
        return error_response(error, visit)
