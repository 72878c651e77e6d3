"""What the endpoints take.

Requests describe what we read; providers take many more fields, and they pass through.
"""

from gateway.openapi.schemas import (
    FREE,
    Json,
    flag,
    free,
    listed,
    number,
    record,
    some,
    text,
    whole,
)
from gateway.pricing import MOST_TOKENS
from gateway.wire.chat.request import EFFORTS

MODEL = text("The model's id, as `GET /models` lists it.", minLength=1, example="lumyx-plus_v1")
STREAM = flag("Answer as server-sent events.")
MOST_OUTPUT = whole("The most tokens of the answer.", minimum=1, maximum=MOST_TOKENS)

CONTENT = {"oneOf": [text(), listed(FREE)]}
SYSTEM = CONTENT | {"description": "What goes before the conversation."}
TEMPERATURE = "How varied the answer is; lower is more exact."
TOP_P = "Only the likeliest tokens that make up this share."
PARALLEL = flag("False: one call of a tool at a time.")
PART = record(
    {
        "type": text("`text`, `image_url`, `file` or `refusal`."),
        "text": text("The words, in a part of the type `text`."),
    },
    ["type"],
)

STOP = {
    "oneOf": [text(), listed(text(), maxItems=4)],
    "description": "A text, or up to 4, at which the answer ends.",
}
TOOLS = listed(FREE, description="The functions that the model may call.")
CHOICE = {
    "oneOf": [text(), FREE],
    "description": "`auto`, `required`, `none`, or a function.",
}
REASONING = record(
    {
        "effort": text("How hard to think.", enum=list(EFFORTS)),
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
                        "role": text(
                            "Who says it.",
                            enum=["system", "developer", "user", "assistant", "tool"],
                        ),
                        "content": {"oneOf": [text(), listed(PART)]},
                    },
                    ["role", "content"],
                ),
                minItems=1,
            ),
            "stream": STREAM,
            "stream_options": some(
                {"include_usage": flag("End the stream with a chunk of the usage.")}
            ),
            "max_completion_tokens": MOST_OUTPUT,
            "temperature": number(TEMPERATURE, minimum=0, maximum=2),
            "top_p": number(TOP_P, minimum=0, maximum=1),
            "n": whole("How many answers.", minimum=1, maximum=128),
            "stop": STOP,
            "tools": TOOLS,
            "tool_choice": CHOICE,
            "parallel_tool_calls": PARALLEL,
            "response_format": free("`json_schema` with a schema, or `json_object`."),
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
                    {"role": text("Who says it.", enum=["user", "assistant"]), "content": CONTENT},
                    ["role", "content"],
                ),
                minItems=1,
            ),
            "system": SYSTEM,
            "stream": STREAM,
            "stop_sequences": listed(text(), description="Texts at which the answer ends."),
            "temperature": number(TEMPERATURE, minimum=0, maximum=1),
            "top_p": number(TOP_P, minimum=0, maximum=1),
            "top_k": whole("Only so many of the likeliest tokens.", minimum=0),
            "tools": TOOLS,
            "tool_choice": free("`auto`, `any`, `none`, or a tool."),
            "thinking": free("`enabled` with `budget_tokens`, `adaptive` or `disabled`."),
            "output_config": free("`format` with a JSON Schema, and `effort`."),
        },
        ["model", "max_tokens", "messages"],
    ),
    "CountTokensRequest": record(
        {
            "model": MODEL,
            "messages": listed(FREE, minItems=1),
            "system": SYSTEM,
        },
        ["model", "messages"],
    ),
    "ResponsesRequest": record(
        {
            "model": MODEL,
            "input": CONTENT | {"description": "A text, or the items of a conversation."},
            "instructions": text("What goes before the conversation."),
            "stream": STREAM,
            "max_output_tokens": MOST_OUTPUT,
            "temperature": number(TEMPERATURE, minimum=0, maximum=2),
            "top_p": number(TOP_P, minimum=0, maximum=1),
            "tools": TOOLS,
            "tool_choice": CHOICE,
            "parallel_tool_calls": PARALLEL,
            "text": free("`format` with a JSON Schema, or `json_object`."),
            "reasoning": free("`effort` or `max_tokens`; `summary` shows what was thought."),
            "include": listed(
                text(), description="`reasoning.encrypted_content`, to send it back later."
            ),
            "metadata": free("Comes back with the answer; nothing else is done with it."),
            "store": flag("Ignored: nothing is stored."),
        },
        ["model", "input"],
    ),
    "EmbeddingsRequest": record(
        {
            "model": MODEL,
            "input": {
                "description": "One text, or many.",
                "oneOf": [
                    text(minLength=1),
                    listed(text(minLength=1), minItems=1, maxItems=2048),
                ],
            },
            "encoding_format": text("How vectors are written.", enum=["float", "base64"]),
            "dimensions": whole("How long vectors are, where the model can choose.", minimum=1),
        },
        ["model", "input"],
    ),
    "CompletionsRequest": record(
        {
            "model": MODEL,
            "prompt": text("What the text begins with."),
            "stream": STREAM,
            "max_tokens": MOST_OUTPUT,
            "temperature": number(TEMPERATURE, minimum=0, maximum=2),
            "stop": STOP,
        },
        ["model", "prompt"],
    ),
}
