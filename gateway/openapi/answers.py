"""What the endpoints give."""

from gateway.models import ChargeBasis
from gateway.models.keys import DAY_LIMIT_MOST, LOG_DAYS_MOST, MINUTE_LIMIT_MOST
from gateway.openapi.schemas import (
    CREDITS,
    FREE,
    MICRO,
    Json,
    flag,
    free,
    listed,
    maybe,
    number,
    record,
    ref,
    some,
    text,
    whole,
)

USAGE = record(
    {
        "prompt_tokens": whole("Tokens taken in, cached ones included."),
        "completion_tokens": whole("Tokens put out, those of thinking included."),
        "total_tokens": whole(),
    },
    [],
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
SPEND = record(
    {
        "limit": maybe(text("Credits; null is no limit.")),
        "limit_micro": maybe(MICRO),
        "spent": CREDITS,
        "spent_micro": MICRO,
    }
)
MESSAGE = some(
    {
        "role": text(),
        "content": maybe(text("The answer; null where tools are called instead.")),
        "reasoning_content": text("What the model thought, where it shows it."),
        "tool_calls": listed(FREE, description="The functions that it calls."),
    }
)
CHOICE = some(
    {
        "index": whole(),
        "message": MESSAGE,
        "finish_reason": maybe(text("`stop`, `length`, `tool_calls` or `content_filter`.")),
    }
)
TEXT_CHOICE = some(
    {"index": whole(), "text": text(), "finish_reason": maybe(text("`stop` or `length`."))}
)
BLOCK = some(
    {
        "type": text("`text`, `thinking`, `redacted_thinking` or `tool_use`."),
        "text": text("The words, in a block of the type `text`."),
    }
)
ITEM = some(
    {
        "type": text("`message`, `function_call` or `reasoning`."),
        "content": listed(FREE, description="The words, in an item of the type `message`."),
    }
)
VECTOR = some(
    {
        "object": text(),
        "index": whole("Which text it is of."),
        "embedding": {
            "oneOf": [listed(number()), text()],
            "description": "The vector, as numbers or in base64.",
        },
    }
)

ANSWERS: Json = {
    "ChatCompletion": record(
        {
            "id": text(),
            "object": text(enum=["chat.completion"]),
            "created": whole(),
            "model": text(),
            "choices": listed(CHOICE),
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
            "content": listed(BLOCK),
            "stop_reason": maybe(
                text("`end_turn`, `max_tokens`, `stop_sequence`, `tool_use` or `refusal`.")
            ),
            "stop_sequence": maybe(text("The text that ended it, where one did.")),
            "usage": free("`input_tokens`, `output_tokens`, cache reads and cache writes."),
        }
    ),
    "TokenCount": record({"input_tokens": whole("What the call would take in.", minimum=0)}),
    "Response": record(
        {
            "id": text(),
            "object": text(enum=["response"]),
            "created_at": number(),
            "status": text("`completed`, `incomplete` or `failed`."),
            "model": text("The model as you named it."),
            "output": listed(ITEM),
            "usage": free("`input_tokens`, `output_tokens` and `total_tokens`, with details."),
        }
    ),
    "EmbeddingList": record(
        {"object": text(enum=["list"]), "data": listed(VECTOR), "model": text(), "usage": USAGE},
        ["object", "data", "model"],
    ),
    "Completion": record(
        {"id": text(), "object": text(), "model": text(), "choices": listed(TEXT_CHOICE)},
        ["id", "object", "choices"],
    ),
    "Model": record(
        {
            "id": text(),
            "object": text(enum=["model"]),
            "created": whole("Unix seconds."),
            "owned_by": text(),
            "name": text("What it is called on the website."),
            "context_window": whole("Tokens."),
            "max_output_tokens": whole("Tokens."),
            "capabilities": listed(
                text(), description="What it can do, such as `tools` or `vision`."
            ),
            "pricing": PRICES_OVER_TIME,
        }
    ),
    "ModelList": record({"object": text(enum=["list"]), "data": listed(ref("Model"))}),
    "Credits": record(
        {
            "object": text(enum=["credits"]),
            "balance": text("What you have, in credits.", example="9.999688"),
            "held": text("What is set aside for calls under way.", example="0"),
            "available": text("The balance less what is held.", example="9.999688"),
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
            "prefix": text("How the key begins."),
            "last4": text("How it ends."),
            "created": whole("Unix seconds."),
            "expires": maybe(whole("Unix seconds.")),
            "previous_text_until": maybe(
                whole("When the text before the last rotation stops, in Unix seconds.")
            ),
            "scopes": listed(text(), description="`inference`, `usage`."),
            "allowed_models": listed(text(), description="Empty: all models."),
            "allowed_networks": listed(text(), description="Empty: from anywhere."),
            "log_days": whole(
                "How long its calls stay in the request log; with 0 they are not logged.",
                maximum=LOG_DAYS_MOST,
            ),
            "limits": record(
                {
                    "minute": WINDOW | {"description": f"1 to {MINUTE_LIMIT_MOST:,}."},
                    "day": WINDOW | {"description": f"1 to {DAY_LIMIT_MOST:,}; days are UTC."},
                    "tokens": maybe(WINDOW),
                    "concurrency": maybe(record({"limit": whole("Calls at once.")})),
                }
            ),
            "spend": record({"day": SPEND, "month": SPEND, "total": SPEND}),
            "vip": record(
                {
                    "level": whole("Your VIP level; 0 is none."),
                    "price_percent": whole("What you pay of list prices, in per cent."),
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
            "key": text("The id of the key."),
            "endpoint": text("Such as `chat/completions`."),
            "model": maybe(text()),
            "provider": maybe(text("Who answered.")),
            "streamed": flag("Whether it was answered as a stream."),
            "status": whole("The HTTP status; 499 where you left before the end."),
            "error_code": maybe(text("One of the codes of errors.")),
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
            "charge_reason": text("The basis in words."),
            "latency_ms": whole("From its begin to its end."),
            "first_token_ms": maybe(whole("From a streamed call’s begin to its first token.")),
            "attempts": listed(
                record(
                    {
                        "provider": text(),
                        "ms": whole("How long it took."),
                        "reason": text("Why it failed, if it did."),
                    },
                    ["provider", "ms"],
                )
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
                    "message": text("What is wrong, for people."),
                    "type": text("The kind of error."),
                    "param": maybe(text("The field or header that is wrong.")),
                    "code": maybe(text("What is wrong, for programs.")),
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
