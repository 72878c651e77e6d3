"""Each request to the website has an id, as calls of the API have: for its log lines, and shown."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from gateway import ids


def numbered(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Middleware: give a request an id of ours; one that comes with it could hold anything."""

    def middleware(request: HttpRequest) -> HttpResponse:
        number = ids.public(ids.new())
        ids.under_way.set(number)
        response = get_response(request)
        response["X-Request-ID"] = number
        return response

    return middleware
