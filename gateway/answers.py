"""The HTTP responses of the API, with the headers that every one of them carries."""

from typing import Any, TypeVar

import msgspec
from django.http import HttpResponse
from django.http.response import HttpResponseBase

from gateway.errors import ApiError
from gateway.stream import ChatStream
from gateway.visit import Visit
from gateway.wire import openai

Response = TypeVar("Response", bound=HttpResponseBase)

JSON = "application/json"
encode = msgspec.json.Encoder().encode


class EventStream(HttpResponseBase):
    """A response whose body is a stream of server-sent events."""

    def __init__(self, source: ChatStream) -> None:
        super().__init__(content_type="text/event-stream; charset=utf-8")
        self.source = source


def json_response(content: bytes, visit: Visit, *, status: int = 200) -> HttpResponse:
    """Return JSON that is already encoded."""
    return with_headers(HttpResponse(content, content_type=JSON, status=status), visit)


def object_response(content: Any, visit: Visit) -> HttpResponse:
    """Return an object as JSON."""
    return json_response(encode(content), visit)


def stream_response(stream: ChatStream, visit: Visit) -> EventStream:
    """Return a stream, which proxies must not buffer."""
    response = EventStream(stream)
    response.headers["X-Accel-Buffering"] = "no"
    return with_headers(response, visit)


def error_response(error: ApiError, visit: Visit) -> HttpResponse:
    """Return an error in the shape of the route's dialect."""
    response = json_response(openai.error_body(error), visit, status=error.status)
    for name, value in error.headers.items():
        response.headers[name] = value
    return response


def with_headers(response: Response, visit: Visit) -> Response:
    """Put the request id and the state of the key's limits on a response."""
    headers = response.headers
    headers["x-request-id"] = visit.public_id
    headers["Cache-Control"] = "no-store"
    if visit.allowance is not None:
        for name, value in visit.allowance.headers().items():
            headers[name] = value
    return response
