"""The schemas of the public API, as OpenAPI 3.0 components.

Requests describe what we read; providers take many more fields, and they pass through.
"""

from typing import Any

from gateway.models import ChargeBasis
from gateway.models.keys import DAY_LIMIT_MOST, LOG_DAYS_MOST, MINUTE_LIMIT_MOST
from gateway.pricing import MOST_TOKENS
from gateway.wire.chat.request import EFFORTS

Json = dict[str, Any]


def text(description: str = "", **more: Any) -> Json:
    """Return the schema of a text."""
    return {"type": "string", **({"description": description} if description else {}), **more}


def whole(description: str = "", **more: Any) -> Json:
    """Return the schema of a whole number."""
    return {"type": "integer", **({"description": description} if description else {}), **more}


def number(description: str = "", **more: Any) -> Json:
    """Return the schema of a number."""
    return {"type": "number", **({"description": description} if description else {}), **more}


def flag(description: str = "") -> Json:
    """Return the schema of a truth value."""
    return {"type": "boolean", **({"description": description} if description else {})}


def listed(items: Json, **more: Any) -> Json:
    """Return the schema of an array."""
    return {"type": "array", "items": items, **more}


def ref(name: str) -> Json:
    """Return a reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def maybe(schema: Json) -> Json:
    """Return a schema that null satisfies as well."""
    return (
        {"allOf": [schema], "nullable": True} if "$ref" in schema else schema | {"nullable": True}
    )


def record(fields: Json, required: list[str] | None = None) -> Json:
    """Return the schema of an object, of whose fields all or those named are required."""
    needed = list(fields) if required is None else required
    return {
        "type": "object",
        "properties": fields,
        # OpenAPI 3.0 allows no empty list here.
        **({"required": needed} if needed else {}),
        "additionalProperties": True,
    }


FREE = {"type": "object", "additionalProperties": True}
MODEL = text("The model's id, as `GET /models` lists it.", minLength=1, example="lumyx-plus_v1")
STREAM = flag("Answer as server-sent events.")
MOST_OUTPUT = whole("The most tokens of the answer.", minimum=1, maximum=MOST_TOKENS)
CREDITS = text("Credits, exactly, as a decimal number.", example="9.999688")
MICRO = whole("Micro-credits; 1 credit is 1,000,000.")

CONTENT = {"oneOf": [text(), listed(FREE)]}
PART = record({"type": text(), "text": text()}, ["type"])

REASONING = record(
    {
        "effort": text(enum=list(EFFORTS)),
        "max_tokens": whole("A budget in tokens, in place of an effort.", minimum=1),
        "exclude": flag("Think, but do not show it."),
        "enabled": flag("False switches thinking off."),
    },
    [],
)

REQUESTS: Json = {
    "ChatRequest": record(
        {
            "model": MODEL,
            "messages": listed(
                record(
                    {
                        "role": text(enum=["system", "developer", "user", "assistant", "tool"]),
                        "content": {"oneOf": [text(), listed(PART)]},
                    },
                    ["role", "content"],
                ),
                minItems=1,
            ),
            "stream": STREAM,
            "stream_options": record({"include_usage": flag()}, []),
            "max_completion_tokens": MOST_OUTPUT,
            "temperature": number(minimum=0, maximum=2),
            "top_p": number(minimum=0, maximum=1),
            "n": whole(minimum=1, maximum=128),
            "stop": {"oneOf": [text(), listed(text(), maxItems=4)]},
            "tools": listed(FREE),
            "tool_choice": {"oneOf": [text(), FREE]},
            "parallel_tool_calls": flag(),
            "response_format": FREE,
            "reasoning": REASONING,
            "reasoning_effort": text("The older form of `reasoning`.", enum=list(EFFORTS)),
        },
        ["model", "messages"],
    ),
    "MessagesRequest": record(
        {
            "model": MODEL,
            "max_tokens": MOST_OUTPUT,
            "messages": listed(
                record(
                    {"role": text(enum=["user", "assistant"]), "content": CONTENT},
                    ["role", "content"],
                ),
                minItems=1,
            ),
            "system": CONTENT,
            "stream": STREAM,
            "stop_sequences": listed(text()),
            "temperature": number(minimum=0, maximum=1),
            "top_p": number(minimum=0, maximum=1),
            "top_k": whole(minimum=0),
            "tools": listed(FREE),
            "tool_choice": FREE,
            "thinking": FREE,
            "output_config": FREE,
        },
        ["model", "max_tokens", "messages"],
    ),
    "CountTokensRequest": record(
        {"model": MODEL, "messages": listed(FREE, minItems=1), "system": CONTENT},
        ["model", "messages"],
    ),
    "ResponsesRequest": record(
        {
            "model": MODEL,
            "input": CONTENT,
            "instructions": text(),
            "stream": STREAM,
            "max_output_tokens": MOST_OUTPUT,
            "temperature": number(minimum=0, maximum=2),
            "top_p": number(minimum=0, maximum=1),
            "tools": listed(FREE),
            "tool_choice": {"oneOf": [text(), FREE]},
            "parallel_tool_calls": flag(),
            "text": FREE,
            "reasoning": FREE,
            "include": listed(text()),
            "metadata": FREE,
            "store": flag("Ignored: nothing is stored."),
        },
        ["model", "input"],
    ),
    "EmbeddingsRequest": record(
        {
            "model": MODEL,
            "input": {
                "oneOf": [
                    text(minLength=1),
                    listed(text(minLength=1), minItems=1, maxItems=2048),
                ]
            },
            "encoding_format": text(enum=["float", "base64"]),
            "dimensions": whole(minimum=1),
        },
        ["model", "input"],
    ),
    "CompletionsRequest": record(
        {
            "model": MODEL,
            "prompt": text(),
            "stream": STREAM,
            "max_tokens": MOST_OUTPUT,
            "temperature": number(minimum=0, maximum=2),
            "stop": {"oneOf": [text(), listed(text(), maxItems=4)]},
        },
        ["model", "prompt"],
    ),
}

USAGE = record(
    {"prompt_tokens": whole(), "completion_tokens": whole(), "total_tokens": whole()}, []
)
BUCKETS: Json = {
    "input": CREDITS,
    "cache_read": CREDITS,
    "cache_write": CREDITS,
    "output": CREDITS,
}
PRICES = record({"unit": text(), **BUCKETS})
PRICES_OVER_TIME = record(
    {
        "unit": text(),
        **BUCKETS,
        "next": maybe(
            record({"starts_at": text("When they change.", format="date-time"), **BUCKETS})
        ),
    }
)
WINDOW = record({"limit": whole(), "used": whole(), "reset": whole("Unix seconds.")})

ANSWERS: Json = {
    "ChatCompletion": record(
        {
            "id": text(),
            "object": text(enum=["chat.completion"]),
            "created": whole(),
            "model": text(),
            "choices": listed(FREE),
            "usage": maybe(USAGE),
        },
        ["id", "object", "choices", "model"],
    ),
    "Message": record(
        {
            "id": text(),
            "type": text(enum=["message"]),
            "role": text(enum=["assistant"]),
            "model": text(),
            "content": listed(FREE),
            "stop_reason": maybe(text()),
            "stop_sequence": maybe(text()),
            "usage": FREE,
        }
    ),
    "TokenCount": record({"input_tokens": whole(minimum=0)}),
    "Response": record(
        {
            "id": text(),
            "object": text(enum=["response"]),
            "created_at": number(),
            "status": text(),
            "model": text(),
            "output": listed(FREE),
            "usage": FREE,
        }
    ),
    "EmbeddingList": record(
        {"object": text(enum=["list"]), "data": listed(FREE), "model": text(), "usage": FREE},
        ["object", "data", "model"],
    ),
    "Completion": record(
        {"id": text(), "object": text(), "model": text(), "choices": listed(FREE)},
        ["id", "object", "choices"],
    ),
    "Model": record(
        {
            "id": text(),
            "object": text(enum=["model"]),
            "created": whole("Unix seconds."),
            "owned_by": text(),
            "name": text(),
            "context_window": whole("Tokens."),
            "max_output_tokens": whole("Tokens."),
            "capabilities": listed(text()),
            "pricing": PRICES_OVER_TIME,
        }
    ),
    "ModelList": record({"object": text(enum=["list"]), "data": listed(ref("Model"))}),
    "Credits": record(
        {
            "object": text(enum=["credits"]),
            "balance": CREDITS,
            "held": CREDITS,
            "available": CREDITS,
            "balance_micro": MICRO,
            "held_micro": MICRO,
            "available_micro": MICRO,
        }
    ),
    "Key": record(
        {
            "object": text(enum=["key"]),
            "id": text(),
            "name": text(),
            "created": whole("Unix seconds."),
            "log_days": whole(
                "How long its calls stay in the request log; with 0 they are not logged.",
                maximum=LOG_DAYS_MOST,
            ),
            "limits": record(
                {
                    "minute": WINDOW | {"description": f"1 to {MINUTE_LIMIT_MOST:,}."},
                    "day": WINDOW | {"description": f"1 to {DAY_LIMIT_MOST:,}; days are UTC."},
                }
            ),
        }
    ),
    "Request": record(
        {
            "id": text("The id that the answer carried in `x-request-id`."),
            "object": text(enum=["request"]),
            "created": whole("Unix seconds."),
            "started_at": text(format="date-time"),
            "key": text(),
            "endpoint": text(),
            "model": maybe(text()),
            "provider": maybe(text("Who answered.")),
            "streamed": flag(),
            "status": whole(),
            "error_code": maybe(text()),
            "tokens": record(
                {
                    "input": whole(),
                    "cache_read": whole(),
                    "cache_write": whole(),
                    "output": whole(),
                    "reasoning": whole("A part of the output."),
                    "total": whole(),
                }
            ),
            "prices": PRICES,
            "charge": CREDITS,
            "charge_micro": MICRO,
            "charge_basis": text("Why it cost that.", enum=ChargeBasis.values),
            "charge_reason": text(),
            "latency_ms": whole(),
            "first_token_ms": maybe(whole()),
            "attempts": listed(
                record({"provider": text(), "ms": whole(), "reason": text()}, ["provider", "ms"])
            ),
        }
    ),
    "RequestList": record(
        {
            "object": text(enum=["list"]),
            "data": listed(ref("Request")),
            "has_more": flag(),
            "next_cursor": maybe(text("Send it as `cursor` for the next page.")),
        }
    ),
}

ERRORS: Json = {
    "Error": record(
        {
            "error": record(
                {
                    "message": text(),
                    "type": text(),
                    "param": maybe(text()),
                    "code": maybe(text()),
                }
            )
        }
    ),
    "AnthropicError": record(
        {
            "type": text(enum=["error"]),
            "error": record({"type": text(), "message": text()}),
            "request_id": text(),
        }
    ),
}

SCHEMAS: Json = REQUESTS | ANSWERS | ERRORS
SECURITY: Json = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key, `lx-…`."},
    "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
}
COMPONENTS: Json = {"schemas": SCHEMAS, "securitySchemes": SECURITY}
