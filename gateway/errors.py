"""What the API says when it refuses or fails; each dialect writes it in its own shape."""

from collections.abc import Mapping


class ApiError(Exception):
    """A clear answer to a call that did not succeed.

    `kind` and `code` follow OpenAI's error object; the message never quotes the body.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind
        self.code = code
        self.param = param
        self.headers = dict(headers or {})


def bad_request(message: str, *, param: str | None = None, code: str | None = None) -> ApiError:
    """The body is not what the endpoint takes."""
    return ApiError(400, message, param=param, code=code)


def missing_key() -> ApiError:
    """No key came with the call."""
    return ApiError(
        401,
        "No API key was sent. Send it as `Authorization: Bearer lx-…` or in `x-api-key`.",
        code="missing_api_key",
    )


def invalid_key() -> ApiError:
    """One answer for unknown, mistyped and revoked keys alike."""
    return ApiError(
        401,
        "This API key is not valid. Check that it was copied whole and has not been revoked.",
        code="invalid_api_key",
    )


def insufficient_credits() -> ApiError:
    """The account cannot pay for the call, or for the rest of it."""
    return ApiError(
        402,
        "Your credits do not cover this call. Add credits, or ask for fewer tokens.",
        kind="insufficient_quota",
        code="insufficient_credits",
    )


def unknown_model(name: str) -> ApiError:
    """The model does not exist here, is switched off, or has no price."""
    return ApiError(
        404,
        f"The model `{name[:80]}` does not exist. GET /api/v1/models lists those that do.",
        code="model_not_found",
        param="model",
    )


def unknown_path() -> ApiError:
    """No endpoint answers here."""
    return ApiError(404, "No such endpoint. The API's base is /api/v1.", code="not_found")


def wrong_method(allowed: str) -> ApiError:
    """The endpoint answers to other methods."""
    return ApiError(
        405,
        f"This endpoint takes {allowed}.",
        code="method_not_allowed",
        headers={"Allow": allowed},
    )


def body_too_large(most: int) -> ApiError:
    """The body is over the limit; the connection closes, since the rest was not read."""
    return ApiError(
        413,
        f"The request body is over the limit of {most:,} bytes.",
        code="request_too_large",
        headers={"Connection": "close"},
    )


def body_too_slow() -> ApiError:
    """The body did not arrive in time."""
    return ApiError(
        408,
        "The request body did not arrive in time.",
        code="request_timeout",
        headers={"Connection": "close"},
    )


def too_many_requests(window: str, limit: int, seconds: int) -> ApiError:
    """A limit of the key is used up; a client should not wait out a whole day."""
    headers = {"Retry-After": str(seconds)}
    if window == "day":
        headers["x-should-retry"] = "false"
    return ApiError(
        429,
        f"This key may make {limit:,} requests a {window}. Try again in {seconds:,} s.",
        kind="rate_limit_error",
        code="rate_limit_exceeded",
        headers=headers,
    )


def internal() -> ApiError:
    """We failed; nothing was charged."""
    return ApiError(
        500,
        "Something failed on our side. You were not charged. Try again.",
        kind="api_error",
        code="internal_error",
    )


def unavailable() -> ApiError:
    """A part that we need does not answer."""
    return ApiError(
        503,
        "The service is briefly unavailable. You were not charged. Try again in a moment.",
        kind="api_error",
        code="service_unavailable",
        headers={"Retry-After": "2"},
    )


def upstream_failed(status: int, *, code: str = "provider_error") -> ApiError:
    """The provider failed; what it said is never passed on, since it may quote the prompt."""
    messages = {
        400: "The model's provider refused this request. Check its parameters.",
        408: "The model's provider took too long.",
        429: "The model's provider is busy. Try again in a moment.",
        502: "The model's provider failed. Try again.",
        503: "The model's provider is unavailable. Try again in a moment.",
        504: "The model's provider did not answer in time. Try again.",
    }
    kind = {400: "invalid_request_error", 429: "rate_limit_error"}.get(status, "api_error")
    headers = {"Retry-After": "5"} if status in {429, 503} else None
    return ApiError(status, messages[status], kind=kind, code=code, headers=headers)


def stream_broken() -> ApiError:
    """The provider's stream ended before the answer did."""
    return ApiError(
        502,
        "The model's provider broke off before the end. You pay only for what arrived.",
        kind="api_error",
        code="provider_stream_error",
    )


def ceiling_reached() -> ApiError:
    """The answer cost as much as was set aside for it."""
    return ApiError(
        402,
        "Your credits are used up, so the answer was cut here. You pay only for what arrived.",
        kind="insufficient_quota",
        code="insufficient_credits",
    )


def client_left() -> ApiError:
    """The client went away before its call began; only the log sees this."""
    return ApiError(499, "The client went away.", code="client_left")
