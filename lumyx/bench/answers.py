"""What the mock provider answers: one fixed completion, one fixed stream of 100 chunks."""

import json

CHUNKS = 100

_HEAD = {
    "id": "chatcmpl-BenchBenchBenchBenchBenchBe",
    "created": 1_700_000_000,
    "model": "bench",
    "service_tier": "default",
    "system_fingerprint": "fp_bench",
}
_USAGE = {"prompt_tokens": 16, "completion_tokens": CHUNKS, "total_tokens": 16 + CHUNKS}


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _event(choices: list[object], usage: object = None) -> bytes:
    body = _HEAD | {"object": "chat.completion.chunk", "choices": choices, "usage": usage}
    return b"data: " + _compact(body) + b"\n\n"


def _choice(delta: object, finish: str | None = None) -> dict[str, object]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}


WHOLE = _compact(
    _HEAD
    | {
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "The same words each time."},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": _USAGE,
    }
)
BEGIN = _event([_choice({"role": "assistant", "content": ""})])
CHUNK = _event([_choice({"content": " word"})])
END = _event([_choice({}, "stop")]) + _event([], _USAGE) + b"data: [DONE]\n\n"
STREAM = BEGIN + CHUNK * CHUNKS + END


def _named(event: dict[str, object]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (str(event["type"]).encode(), _compact(event))


_MESSAGE: dict[str, object] = {
    "id": "msg_BenchBenchBenchBench",
    "type": "message",
    "role": "assistant",
    "model": "bench",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": {"input_tokens": 16, "output_tokens": 1},
}
ANTHROPIC_BEGIN = _named({"type": "message_start", "message": _MESSAGE}) + _named(
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
)
ANTHROPIC_CHUNK = _named(
    {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": " word"},
    }
)
ANTHROPIC_END = (
    _named({"type": "content_block_stop", "index": 0})
    + _named(
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": CHUNKS},
        }
    )
    + _named({"type": "message_stop"})
)
ANTHROPIC_STREAM = ANTHROPIC_BEGIN + ANTHROPIC_CHUNK * CHUNKS + ANTHROPIC_END

PACE_SECONDS = 0.02
"""Between two chunks of a paced stream: 50 chunks a second."""
HELD_SECONDS = 2.0
"""Between two chunks of a stream that is only to stay open."""
