"""Errors in Anthropic's shape."""

from gateway.errors import ApiError
from gateway.wire.reading import encode

KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    408: "timeout_error",
    409: "invalid_request_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}


def error_body(error: ApiError, request_id: str) -> bytes:
    """Write an error in Anthropic's shape; `code` and `param` are our own additions."""
    told = {"type": KINDS.get(error.status, "api_error"), "message": error.message}
    if error.code is not None:
        told["code"] = error.code
    if error.param is not None:
        told["param"] = error.param
    return encode({"type": "error", "error": told, "request_id": request_id})


def error_event(error: ApiError, request_id: str) -> bytes:
    """Write an error that ends a stream."""
    return b"event: error\ndata: " + error_body(error, request_id) + b"\n\n"
