"""Errors in OpenAI's shape."""

from gateway.errors import ApiError
from gateway.wire.reading import encode


def error_body(error: ApiError) -> bytes:
    """Write an error in OpenAI's shape."""
    return encode(
        {
            "error": {
                "message": error.message,
                "type": error.kind,
                "param": error.param,
                "code": error.code,
            }
        }
    )


def error_event(error: ApiError) -> bytes:
    """Write an error that ends a stream, which then closes without `[DONE]`."""
    return b"data: " + error_body(error) + b"\n\n"
