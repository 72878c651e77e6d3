"""The service with an endpoint and a page that fail, with all that was sent in the exception.

For uvicorn: `tests.lumyx.failing:application`.
"""

from typing import Any

from lumyx.asgi import application

# isort: split
# That has set Django up, without which these cannot be imported.

from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework.request import Request

from gateway import api_urls
from gateway.call_views import ChatCompletions
from lumyx import urls

__all__ = ["application"]


class Failing(ChatCompletions):
    """An endpoint that fails when it has read everything."""

    async def post(self, request: Request) -> Any:
        """Fail."""
        sent = request._request.body.decode()
        secret = f"{sent} {request.META}"
        raise ValueError(secret) from KeyError(sent)


def fail(request: HttpRequest, word: str) -> HttpResponse:
    """Fail."""
    secret = f"{word} {request.GET} {request.headers} {request.META['REMOTE_ADDR']}"
    raise ValueError(secret)


api_urls.urlpatterns.insert(0, path("v1/fails", Failing.as_view()))
urls.urlpatterns.insert(0, path("fails/<str:word>", fail))
