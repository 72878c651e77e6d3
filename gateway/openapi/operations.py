"""What each endpoint takes and gives, by the view that serves it."""

from typing import Any

from gateway.models import ChargeBasis
from gateway.openapi.schemas import Json, flag, ref, text, whole
from gateway.usage import LARGEST_PAGE

STATUSES = {
    400: "The request is wrong; the error names the field.",
    401: "No valid key came.",
    402: "The credits, the key's spend limit or X-Max-Cost do not cover the call.",
    403: "The key may not do this, or not from this address.",
    404: "No such model, request or path.",
    405: "The endpoint takes another method.",
    408: "The body did not arrive in time.",
    409: "A call with this Idempotency-Key is under way, or was charged.",
    413: "The body is too large.",
    422: "The Idempotency-Key came before with another body.",
    429: "A limit of the key, or the provider's, is used up.",
    500: "We failed; nothing was charged.",
    502: "The provider failed; nothing was charged.",
    503: "Briefly unavailable; nothing was charged.",
    504: "The provider did not answer in time.",
}
READ = (400, 401, 403, 405, 408, 413, 500, 503)
CALL = tuple(STATUSES)
OVERLOADED = {503: 529}
"""Statuses that Anthropic's API numbers in its own way."""

WINDOWS = {"Minute": "a minute", "Day": "a UTC day"}
HEADERS: Json = {
    "x-request-id": {"schema": text(), "description": "The id of the call."},
    **{
        f"X-RateLimit-{what}-{window}": {"schema": whole(), "description": said.format(span)}
        for what, said in (
            ("Limit", "How many requests {} the key may make."),
            ("Remaining", "How many of its requests {} are left."),
            ("Reset", "When its requests {} are counted anew, in Unix seconds."),
        )
        for window, span in WINDOWS.items()
    },
}
CHARGE: Json = {
    "X-Lumyx-Charge": {"schema": text(), "description": "What the call cost, in credits."},
    "X-Lumyx-Balance": {"schema": text(), "description": "What is left, in credits."},
}


def header(name: str, description: str, schema: Json) -> Json:
    """Return a header that a client may send."""
    return {"name": name, "in": "header", "description": description, "schema": schema}


def query(name: str, description: str, schema: Json) -> Json:
    """Return a parameter of the query string."""
    return {"name": name, "in": "query", "description": description, "schema": schema}


def within(name: str, description: str) -> Json:
    """Return a part of the path."""
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": text(),
    }


TERMS = [
    header(
        "Idempotency-Key",
        "Up to 255 ASCII characters. A call with the same key and body is not charged twice.",
        text(maxLength=255, pattern="^[!-~]+$"),
    ),
    header(
        "X-Max-Cost",
        "The most that the call may cost, in credits: refused where it cannot fit, a stream "
        "is cut at it.",
        text(pattern=r"^(?:[1-9]\d{0,4}(?:\.\d{1,6})?|0\.\d{0,5}[1-9])$"),
    ),
]
FILTERS = [
    query("from", "From this time on: Unix seconds or ISO 8601.", text(format="date-time")),
    query("to", "Before this time.", text(format="date-time")),
    query("limit", "Rows of a page.", whole(minimum=1, maximum=LARGEST_PAGE)),
    query("cursor", "`next_cursor` of the page before.", text(pattern="^[A-Za-z0-9_-]{32}$")),
    query("model", "Only this model.", text(maxLength=80)),
    query("key", "Only the key of this id.", text(format="uuid")),
    query("endpoint", "Only this endpoint.", text(maxLength=80)),
    query("charge_basis", "Only this basis.", text(enum=ChargeBasis.values)),
    query("status", "Only this status.", whole(minimum=100, maximum=599)),
    query("streamed", "Only streamed calls, or only others.", flag()),
]


def _answers(name: str, statuses: tuple[int, ...], *, error: str, streams: bool) -> Json:
    content: Json = {"application/json": {"schema": ref(name)}}
    if streams:
        content["text/event-stream"] = {}
    charged = CHARGE if statuses == CALL else {}
    found: Json = {
        "200": {"description": "The answer.", "content": content, "headers": HEADERS | charged}
    }
    for status in statuses:
        shown = OVERLOADED.get(status, status) if error == "AnthropicError" else status
        found[str(shown)] = {
            "description": STATUSES[status],
            "content": {"application/json": {"schema": ref(error)}},
        }
    return found


def _call(
    tag: str, summary: str, takes: str, gives: str, *, error: str = "Error", streams: bool = True
) -> Json:
    return {
        "tags": [tag],
        "summary": summary,
        "parameters": TERMS,
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": ref(takes)}},
        },
        "responses": _answers(gives, CALL, error=error, streams=streams),
    }


def _read(tag: str, summary: str, gives: str, parameters: list[Any], *more: int) -> Json:
    return {
        "tags": [tag],
        "summary": summary,
        "parameters": parameters,
        "responses": _answers(gives, tuple(sorted({*READ, *more})), error="Error", streams=False),
    }


OPERATIONS: dict[str, Json] = {
    "ChatCompletions": _call(
        "OpenAI", "Chat Completions, streamed or not.", "ChatRequest", "ChatCompletion"
    ),
    "Responses": _call(
        "OpenAI",
        "Responses, streamed or not; nothing is stored, so `previous_response_id` is refused.",
        "ResponsesRequest",
        "Response",
    ),
    "Embeddings": _call(
        "OpenAI", "Embeddings of texts.", "EmbeddingsRequest", "EmbeddingList", streams=False
    ),
    "Completions": _call(
        "OpenAI", "Legacy completions, streamed or not.", "CompletionsRequest", "Completion"
    ),
    "Messages": _call(
        "Anthropic",
        "Messages, streamed or not.",
        "MessagesRequest",
        "Message",
        error="AnthropicError",
    ),
    "CountTokens": _call(
        "Anthropic",
        "The tokens that a call of Messages would take in; free.",
        "CountTokensRequest",
        "TokenCount",
        error="AnthropicError",
        streams=False,
    ),
    "Models": _read("Models", "Every model that the key may call.", "ModelList", []),
    "Model": _read("Models", "One model.", "Model", [within("name", "The model's id.")], 404),
    "Credits": _read("Account", "The balance, and what is held for calls.", "Credits", []),
    "Key": _read("Account", "The calling key, its limits and its use.", "Key", []),
    "UsageList": _read(
        "Account", "The account's calls of the last 30 days, newest first.", "RequestList", FILTERS
    ),
    "OneRequest": _read("Account", "One call.", "Request", [within("public_id", "`req_…`")], 404),
}
