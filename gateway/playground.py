"""Calls from the playground: the API's own, made by whoever is signed in instead of with a key.

A prompt takes the same way as in any other call, past Django's handler, and is kept nowhere.
"""

from collections.abc import AsyncIterator, Callable
from functools import cache, reduce

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import InterfaceError, OperationalError, connections
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string
from rest_framework.authentication import CSRFCheck
from rest_framework.request import Request

from accounts.models import User
from billing.amounts import in_credits
from billing.ledger import LedgerUnavailable
from gateway import errors, keys, runtime
from gateway.call_views import ChatCompletions
from gateway.errors import ApiError
from gateway.http import EventStream, Response
from gateway.key_ring import Caller
from gateway.stream import AnswerStream
from gateway.wire.chat.usage import usage_object
from gateway.wire.reading import encode

PATH = "/playground/chat/completions"
CHARGE_EVENT = b"event: charge\ndata: "


class PlaygroundCall(ChatCompletions):
    """`POST /playground/chat/completions`: Chat Completions for a signed-in browser."""

    async def find_caller(self, request: Request) -> Caller:
        """Return who is signed in, by their playground's key; keys that came count for nothing."""
        digest = await sync_to_async(_admit, thread_sensitive=False)(request._request)
        caller = await runtime.current().keys.in_playground(digest)
        if caller is None:
            raise switched_off()
        return caller

    async def post(self, request: Request) -> Response | EventStream:
        """Run one call; a stream says at its end what it cost."""
        answer = await super().post(request)
        if isinstance(answer, EventStream) and isinstance(answer.source, AnswerStream):
            return EventStream(ChargedStream(answer.source))
        return answer


class ChargedStream:
    """A streamed answer, and after its own end an event with its charge and its tokens.

    It comes after `[DONE]`, and also after the error of an answer that broke.
    """

    def __init__(self, source: AnswerStream) -> None:
        self.keep_alive = source.keep_alive
        self._source = source

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._source:
            yield part
        try:
            receipt = await self._source.receipt()
        except LedgerUnavailable:
            return
        tokens, reported = self._source.used()
        told = {
            "charge": in_credits(receipt.charge),
            "balance": in_credits(receipt.balance),
            "usage": usage_object(tokens),
            "estimated": not reported,
        }
        yield CHARGE_EVENT + encode(told) + b"\n\n"

    def close(self) -> None:
        """Leave the provider and charge what was used, if that is not done yet."""
        self._source.close()


class Admitted(HttpResponse):
    """What the middleware lets through: somebody who may call, by their key's digest."""

    def __init__(self, digest: bytes) -> None:
        super().__init__(status=204)
        self.digest = digest


def _admit(request: HttpRequest) -> bytes:
    """Return the digest of the playground's key of whoever is signed in; raise the API's errors.

    This is what the website asks of a form that is sent, with the same middleware. It runs in a
    thread of its own, whose connection is closed again.
    """
    try:
        response = _gates()(request)
    except (OperationalError, InterfaceError):
        raise errors.unavailable() from None
    finally:
        connections.close_all()
    if not isinstance(response, Admitted):
        raise answer_first()
    return response.digest


@cache
def _gates() -> Callable[[HttpRequest], HttpResponse]:
    middleware = [import_string(path) for path in settings.PLAYGROUND_MIDDLEWARE]
    return reduce(lambda inner, outer: outer(inner), reversed(middleware), _let_in)


def _let_in(request: HttpRequest) -> HttpResponse:
    if getattr(request.session, "away", False):
        raise errors.unavailable()
    user = request.user
    if not isinstance(user, User):
        raise signed_out()
    check = CSRFCheck(_let_in)
    check.process_request(request)
    if check.process_view(request, _let_in, (), {}):
        raise forged()
    return Admitted(bytes(keys.of_playground(user).digest))


def signed_out() -> ApiError:
    """Nobody is signed in; an API key is no session."""
    return ApiError(
        401,
        "You are signed out. Sign in to go on. API keys work at /api/v1, not here.",
        code="signed_out",
    )


def forged() -> ApiError:
    """The call does not come from the page that this session was given."""
    return ApiError(
        403,
        "This page is out of date. Reload it.",
        kind="permission_error",
        code="csrf_failed",
    )


def answer_first() -> ApiError:
    """The website has a question to the person that comes before everything else."""
    return ApiError(
        403,
        "There is something to answer first. Reload this page.",
        kind="permission_error",
        code="answer_first",
    )


def switched_off() -> ApiError:
    """The person's playground was revoked, or their account may not be used."""
    return ApiError(
        403,
        "The playground is switched off for your account. Write to us, and we look into it.",
        kind="permission_error",
        code="playground_off",
    )
