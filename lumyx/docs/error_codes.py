"""The codes that an error of the API may carry, as tables of the docs."""

from gateway.error_codes import CODES
from gateway.wire.messages.errors import KINDS

ONLY_LOGGED = {"client_left": 499}
"""Codes that no client sees, since it has left: they stand in the request log alone."""
OF_THE_PLAYGROUND = ("signed_out", "csrf_failed", "answer_first", "playground_off")
"""Codes that only the playground's own page gets, which says what to do."""

WORDS = {
    400: "The request is wrong.",
    401: "No valid key came.",
    402: "The money does not suffice.",
    403: "The key may not do this.",
    404: "There is no such thing.",
    405: "Another method is needed.",
    408: "The body came too slowly.",
    409: "The Idempotency-Key was used.",
    413: "The body is too large.",
    422: "The Idempotency-Key fits another body.",
    429: "A limit is used up.",
    500: "We failed.",
    502: "The provider failed.",
    503: "Briefly unavailable.",
    504: "The provider took too long.",
}
OPENAI_KINDS = {
    402: "insufficient_quota",
    403: "permission_error",
    429: "rate_limit_error",
    500: "api_error",
    502: "api_error",
    503: "api_error",
    504: "api_error",
}


def table() -> str:
    """Return every code as a Markdown table."""
    rows = [
        f"| `{code.name}` | {', '.join(map(str, code.statuses))} | {code.means} | {code.do} |"
        for code in CODES
    ]
    return "\n".join(["| Code | Status | Means | Do |", "|---|---|---|---|", *rows])


def statuses() -> str:
    """Return the statuses as a Markdown table, with the type that each dialect gives them."""
    rows = []
    for status, words in WORDS.items():
        openai = OPENAI_KINDS.get(status, "invalid_request_error")
        anthropic = KINDS.get(status, "api_error")
        shown = "503, Anthropic 529" if status == 503 else str(status)
        rows.append(f"| {shown} | {words} | `{openai}` | `{anthropic}` |")
    head = ["| Status | Means | OpenAI `type` | Anthropic `type` |", "|---|---|---|---|"]
    return "\n".join([*head, *rows])
