"""The endpoint that serves the description of the API, to everybody."""

from functools import cache
from typing import Any

from rest_framework.request import Request

from gateway.async_views import AsyncAPIView
from gateway.http import Response
from gateway.wire.reading import encode


@cache
def _written() -> bytes:
    # Imported late: drf-spectacular reads the URLs, which lead back here.
    from gateway.openapi.schema import document

    return encode(document())


class Document(AsyncAPIView):
    """`GET openapi.json`: the description of the public API; needs no key."""

    endpoint = "openapi.json"

    async def authenticate(self, request: Request) -> Any:
        """Let everybody in."""
        return None

    async def get(self, request: Request) -> Response:
        """Return the document."""
        return Response(_written())
