"""Every code that an error of the API may carry, as the docs and the request log explain it.

A test holds it against the gateway's own code.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """One code: the statuses that it comes with, what it means and what to do, in Markdown.

    `logged` is what is to be known of it in the request log besides.
    """

    name: str
    statuses: tuple[int, ...]
    means: str
    do: str
    logged: str = ""


CODES = (
    Code(
        "invalid_json",
        (400,),
        "The body is not JSON, not UTF-8, or nested too deeply.",
        "Send one JSON object in UTF-8.",
    ),
    Code(
        "missing_field",
        (400,),
        "A field that the endpoint needs is not there.",
        "Add the field that the answer’s `param` names.",
    ),
    Code(
        "invalid_type",
        (400,),
        "A field has the wrong type.",
        "Correct the field that the answer’s `param` names.",
    ),
    Code(
        "not_supported",
        (400,),
        "The field has no counterpart at this model’s provider, or is not offered here.",
        "Leave out what the answer’s `param` names, or take another model.",
    ),
    Code(
        "model_not_supported",
        (400,),
        "The model exists, but cannot do what this endpoint is for.",
        "Look at `capabilities` in `GET /v1/models`.",
    ),
    Code(
        "max_cost_too_low",
        (400,),
        "Even the shortest answer could cost more than your `X-Max-Cost`.",
        "Raise it, or shorten the prompt.",
    ),
    Code(
        "missing_api_key",
        (401,),
        "No key came.",
        "Send it as `Authorization: Bearer lx-…` or `x-api-key`.",
    ),
    Code(
        "invalid_api_key",
        (401,),
        "The key is mistyped, unknown, expired or revoked.",
        "Copy it whole, or make a new one under [Keys](/keys).",
    ),
    Code(
        "insufficient_credits",
        (402,),
        "Your credits do not cover the call. In a stream: they are used up, so it was cut.",
        "[Add credits](/billing), or ask for fewer tokens.",
    ),
    Code(
        "spend_limit_reached",
        (402,),
        "The key’s own spend limit for the day, the month or in all does not cover the call.",
        "Raise the limit under [Keys](/keys), or wait for the next UTC day or month.",
    ),
    Code(
        "max_cost_reached",
        (402,),
        "The stream was cut at your `X-Max-Cost`. You pay only for what arrived.",
        "Raise it for a longer answer.",
    ),
    Code(
        "account_frozen",
        (403,),
        "The account may not be used for now.",
        "Sign in on the website: it says why, and what to do.",
    ),
    Code(
        "ip_not_allowed",
        (403,),
        "The key may not be used from this network address.",
        "Change its networks under [Keys](/keys).",
    ),
    Code(
        "scope_missing",
        (403,),
        "The key was not made for this: it lacks `inference` or `usage`.",
        "Change its scopes under [Keys](/keys).",
    ),
    Code(
        "model_not_allowed",
        (403,),
        "The key’s list of models lacks this one.",
        "Look at `allowed_models` in `GET /v1/key`.",
    ),
    Code(
        "model_not_found",
        (404,),
        "No model of this name is on offer.",
        "Take a name from `GET /v1/models`.",
        logged="The name itself is not kept.",
    ),
    Code(
        "request_not_found",
        (404,),
        "Your account’s log holds no call of this id, or holds it no longer.",
        "Check the id. Calls leave the log after the days that their key keeps them.",
    ),
    Code("not_found", (404,), "No endpoint answers here.", "The base is `…/api/v1`."),
    Code(
        "method_not_allowed",
        (405,),
        "The endpoint takes another method.",
        "Use the one that the header `Allow` names.",
    ),
    Code(
        "request_timeout",
        (408,),
        "The body did not arrive in time.",
        "Send it again over a better connection.",
    ),
    Code(
        "idempotency_in_flight",
        (409,),
        "The first call with this `Idempotency-Key` is still under way.",
        "Wait for it.",
    ),
    Code(
        "idempotency_key_used",
        (409,),
        "The call with this `Idempotency-Key` was answered and charged; the message names it.",
        "Use a new key for a new call.",
    ),
    Code(
        "request_too_large",
        (413,),
        "The body is over the limit.",
        "Send less, or smaller images.",
    ),
    Code(
        "idempotency_key_mismatch",
        (422,),
        "This `Idempotency-Key` came before with another body or at another endpoint.",
        "Use a new key.",
    ),
    Code(
        "rate_limit_exceeded",
        (429,),
        "The key’s requests a minute or a UTC day are used up.",
        "Wait for `Retry-After` seconds.",
    ),
    Code(
        "token_limit_exceeded",
        (429,),
        "The key’s tokens a minute do not suffice.",
        "Wait for `Retry-After` seconds. Without that header the call alone is over the limit.",
    ),
    Code(
        "concurrency_limit_exceeded",
        (429,),
        "As many calls of the key are under way as it may have.",
        "Try again when one has ended.",
    ),
    Code("internal_error", (500,), "We failed. Nothing was charged.", "Try again."),
    Code(
        "provider_error",
        (400, 429, 502, 503, 504),
        "The model’s provider refused the call (400), is busy (429), failed (502), is away (503)"
        " or took too long (504). No other provider of the model answered either.",
        "At 400 check the parameters; otherwise try again.",
    ),
    Code(
        "provider_unreachable",
        (502,),
        "No connection to the model’s provider came about, or it broke before an answer.",
        "Try again.",
    ),
    Code(
        "provider_stream_error",
        (502,),
        "The provider broke off in the middle of a stream. You pay only for what arrived.",
        "Try again.",
    ),
    Code(
        "maintenance",
        (503,),
        "We work on the service, and no call is taken.",
        "Try again after the time in `Retry-After`; [the status page](/status) says more.",
    ),
    Code(
        "service_unavailable",
        (503,),
        "A part of ours does not answer for a moment.",
        "Try again after `Retry-After` seconds.",
    ),
    Code(
        "providers_busy",
        (503,),
        "Every provider of the model has as many calls as it may have.",
        "Try again after `Retry-After` seconds.",
    ),
    Code(
        "provider_timeout",
        (504,),
        "The provider did not answer, or fell silent.",
        "Try again, or stream, so that the first token comes sooner.",
    ),
)
BY_NAME = {code.name: code for code in CODES}
