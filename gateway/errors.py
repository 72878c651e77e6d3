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


def unknown_request() -> ApiError:
    """No call of this id is in the account's log."""
    return ApiError(
        404,
        "No such request. Requests are kept for 30 days, or for fewer where their key says so, "
        "and are found by their own account.",
        code="request_not_found",
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


def under_maintenance(seconds: int) -> ApiError:
    """We work on the service, and no call is taken."""
    return ApiError(
        503,
        f"The service is under maintenance. You were not charged. Try again in {seconds:,} s.",
        kind="api_error",
        code="maintenance",
        headers={"Retry-After": str(seconds)},
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


def ceiling_reached(ceiling: str) -> ApiError:
    """The answer cost as much as was set aside for it: all there was, or X-Max-Cost."""
    if ceiling == "max_cost":
        return ApiError(
            402,
            "The answer was cut here, at its X-Max-Cost. You pay only for what arrived.",
            kind="insufficient_quota",
            code="max_cost_reached",
            param="X-Max-Cost",
        )
    return ApiError(
        402,
        "Your credits, or this key's spend limit, are used up, so the answer was cut here. "
        "You pay only for what arrived.",
        kind="insufficient_quota",
        code="insufficient_credits",
    )


def spend_limit_reached(window: str) -> ApiError:
    """The key may spend no more: today, this month, or at all."""
    span = {"day": "today (UTC)", "month": "this month (UTC)"}.get(window, "in all")
    return ApiError(
        402,
        f"This key's spend limit does not cover this call: it may spend no more {span}.",
        kind="insufficient_quota",
        code="spend_limit_reached",
    )


def max_cost_too_low() -> ApiError:
    """The call cannot cost as little as the client allows."""
    return bad_request(
        "The call would cost more than its X-Max-Cost even with the shortest answer.",
        param="X-Max-Cost",
        code="max_cost_too_low",
    )


def _conflict(status: int, message: str, code: str) -> ApiError:
    # A client that tried again at once would only meet the same answer.
    return ApiError(
        status,
        message,
        code=code,
        param="Idempotency-Key",
        headers={"x-should-retry": "false"},
    )


def idempotency_in_flight() -> ApiError:
    """The first call with this Idempotency-Key has not ended."""
    return _conflict(
        409, "A call with this Idempotency-Key is still under way.", "idempotency_in_flight"
    )


def idempotency_settled(request_id: str) -> ApiError:
    """The first call with this Idempotency-Key was charged; its answer was not kept."""
    return _conflict(
        409,
        f"The call with this Idempotency-Key was answered and charged as {request_id}. Answers "
        "are never stored, so it cannot be repeated; use a new key for a new call.",
        "idempotency_key_used",
    )


def idempotency_mismatch() -> ApiError:
    """The Idempotency-Key came before, with another body."""
    return _conflict(
        422, "This Idempotency-Key came before with another body.", "idempotency_key_mismatch"
    )


def wrong_kind_of_model(endpoint: str) -> ApiError:
    """The model cannot do what the endpoint is for."""
    return bad_request(
        f"This model cannot be called at /{endpoint}. GET /api/v1/models lists what each can do.",
        param="model",
        code="model_not_supported",
    )


def no_route(endpoint: str) -> ApiError:
    """No provider of the model serves this endpoint."""
    return wrong_kind_of_model(endpoint)


def providers_busy() -> ApiError:
    """Every provider of the model has as many calls as it may have."""
    return ApiError(
        503,
        "All providers of this model are busy. You were not charged. Try again in a moment.",
        kind="api_error",
        code="providers_busy",
        headers={"Retry-After": "1"},
    )


def client_left() -> ApiError:
    """The client went away before its call began; only the log sees this."""
    return ApiError(499, "The client went away.", code="client_left")


def ip_not_allowed() -> ApiError:
    """The key may not be used from this address; which ones it may is its owner's secret."""
    return ApiError(
        403,
        "This API key may not be used from your network address.",
        kind="permission_error",
        code="ip_not_allowed",
    )


def account_frozen() -> ApiError:
    """The key's account may not be used for now."""
    return ApiError(
        403,
        "This account is frozen. Sign in on the website to see what to do.",
        kind="permission_error",
        code="account_frozen",
    )


def scope_missing(scope: str) -> ApiError:
    """The key was not made for this."""
    return ApiError(
        403,
        f"This API key lacks the scope `{scope}`.",
        kind="permission_error",
        code="scope_missing",
    )


def model_not_allowed() -> ApiError:
    """The key's list of models lacks the one that was asked for."""
    return ApiError(
        403,
        "This API key may not call this model. GET /api/v1/key shows those that it may.",
        kind="permission_error",
        code="model_not_allowed",
        param="model",
    )


def too_many_at_once(limit: int) -> ApiError:
    """As many calls of the key are under way as it may have."""
    return ApiError(
        429,
        f"This key may have {limit:,} calls under way at once. Try again when one has ended.",
        kind="rate_limit_error",
        code="concurrency_limit_exceeded",
        headers={"Retry-After": "1"},
    )


def too_many_tokens(limit: int, tokens: int, seconds: int) -> ApiError:
    """The key's tokens a minute do not suffice; a call that never fits is not to be retried."""
    if tokens > limit:
        message = f"This call needs about {tokens:,} tokens, and this key may use {limit:,} a"
        return ApiError(
            429,
            f"{message} minute. Ask for fewer, or raise the key's limit.",
            kind="rate_limit_error",
            code="token_limit_exceeded",
            headers={"x-should-retry": "false"},
        )
    return ApiError(
        429,
        f"This key may use {limit:,} tokens a minute. Try again in {seconds:,} s.",
        kind="rate_limit_error",
        code="token_limit_exceeded",
        headers={"Retry-After": str(seconds)},
    )
