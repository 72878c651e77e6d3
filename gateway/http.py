"""What the API's views take and give: Django's request, built lean, and light responses."""

from collections.abc import AsyncIterator
from functools import lru_cache
from io import BytesIO
from typing import Any, Protocol

import msgspec
from asgiref.typing import HTTPScope
from django.core.handlers.asgi import ASGIRequest

from gateway.errors import ApiError
from gateway.visit import Visit
from gateway.wire.registry import CHAT, MESSAGES

JSON = (b"content-type", b"application/json")
EVENTS = (b"content-type", b"text/event-stream; charset=utf-8")
NOT_STORED = (b"cache-control", b"no-store")
UNBUFFERED = (b"x-accel-buffering", b"no")
encode = msgspec.json.Encoder().encode

Headers = list[tuple[bytes, bytes]]


@lru_cache(maxsize=512)
def _meta_name(name: bytes) -> str | None:
    # An underscore could pass for a hyphen and so forge another header.
    if b"_" in name:
        return None
    text = name.decode("latin-1").upper().replace("-", "_")
    return text if text in {"CONTENT_LENGTH", "CONTENT_TYPE"} else f"HTTP_{text}"


class GatewayRequest(ASGIRequest):
    """Django's request with a body that was read before, and the visit that it belongs to.

    Django's own constructor sets up forms, files and names that no API call uses, and
    fails on a query string that is not UTF-8.
    """

    def __init__(self, scope: HTTPScope, body: bytes, visit: Visit) -> None:
        self.scope = scope
        self.visit = visit
        self.method = scope["method"].upper()
        self.path = self.path_info = scope["path"]
        self.script_name = ""
        self.resolver_match = None
        self.content_type = None
        self.content_params = None
        self._body = body
        self._stream = BytesIO(body)
        self._read_started = True
        self._post_parse_error = False
        meta: dict[str, Any] = {
            "REQUEST_METHOD": self.method,
            "QUERY_STRING": scope["query_string"].decode("latin-1"),
            "PATH_INFO": self.path_info,
            "REMOTE_ADDR": visit.ip,
        }
        for name, value in scope["headers"]:
            known = _meta_name(name)
            if known is not None:
                text = value.decode("latin-1")
                if known in meta:
                    mark = "; " if known == "HTTP_COOKIE" else ","
                    text = f"{meta[known]}{mark}{text}"
                meta[known] = text
        self.META = meta


class Response(msgspec.Struct):
    """A whole answer."""

    content: bytes
    status: int = 200
    headers: Headers = []


class Parts(Protocol):
    """The parts of a stream, as they come; `close` must be called however it ends."""

    keep_alive: bytes
    """What is sent while nothing comes."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Return the parts."""

    def close(self) -> None:
        """Leave the source and charge what was used, if that is not done yet."""


class EventStream(msgspec.Struct):
    """An answer that comes as a stream of server-sent events; proxies must not buffer it."""

    source: Parts


def object_response(content: Any) -> Response:
    """Return an object as JSON."""
    return Response(encode(content))


def error_response(error: ApiError, visit: Visit) -> Response:
    """Return an error in the shape of the route's dialect."""
    headers = [(n.lower().encode(), v.encode("latin-1")) for n, v in error.headers.items()]
    dialect = MESSAGES if visit.anthropic else CHAT
    content = dialect.error_body(error, visit.public_id)
    return Response(content, visit.numbered(error.status), headers)


def head(response: Response | EventStream, visit: Visit) -> Headers:
    """Return the headers of a response: its own, the request id and the key's limits."""
    request_id = visit.public_id.encode()
    headers: Headers = [(b"x-request-id", request_id), (b"request-id", request_id), NOT_STORED]
    if isinstance(response, EventStream):
        headers += (EVENTS, UNBUFFERED)
    else:
        headers += (JSON, (b"content-length", b"%d" % len(response.content)))
        headers += response.headers
    if visit.allowance is not None:
        headers += visit.allowance.headers()
    if visit.token_allowance is not None:
        headers += visit.token_allowance.headers()
    return headers
